"""Map work item types to the kind of change they ask for."""

from __future__ import annotations

from redimento.errors import UsageError
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
    """Return the kind of an item of this type: "story", "bug" or "task"; unknown types are stories.

    Raises UsageError for types that a single pull request cannot resolve.
    """
    name = " ".join(type_name.split()).lower()
    if name in _TOO_LARGE:
        raise UsageError(
            f"A work item of type {name.title()} is too large for one pull request.",
            "Split it into user stories or tasks and start with those.",
        )
    if name in _NO_CHANGE:
        raise UsageError(
            f"A work item of type {name.title()} does not describe a code change.",
            "Describe the change in a user story, bug or task and start with that.",
        )
    return _KINDS.get(name, "story")
