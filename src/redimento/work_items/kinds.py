"""Map work item types to the kind of change they ask for."""

from __future__ import annotations

from redimento.text.wording import Sentence
from redimento.work_items.item import Kind

# The types of the Basic, Agile, Scrum and CMMI processes
# (learn.microsoft.com/azure/devops/boards/work-items/guidance/choose-process). A team's own types count as stories.
_KINDS: dict[str, Kind] = {"bug": "bug", "defect": "bug", "task": "task"}
_TOO_LARGE = frozenset({"epic", "feature", "initiative", "theme"})
_NO_CHANGE = frozenset(
    {
        "test case", "test plan", "test suite", "shared steps", "shared parameter",
        "risk", "review", "impediment", "feedback request", "feedback response", "code review request", "code review response",
    }
)  # fmt: skip


def kind_of(type_name: str) -> Kind:
    """Return the kind of an item of this type: "story", "bug" or "task"; unknown types are stories."""
    return _KINDS.get(_folded(type_name), "story")


def unsuited(type_name: str) -> str:
    """Return why items of this type never start a run, "" if they may: their size, or because they are no change of code."""
    name = _folded(type_name)
    if name in _TOO_LARGE:
        return Sentence("too_large", type=name.title())
    if name in _NO_CHANGE:
        return Sentence("no_code_change", type=name.title())
    return ""


def _folded(type_name: str) -> str:
    return " ".join(type_name.split()).lower()
