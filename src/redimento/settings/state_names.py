"""How a setting names states of work items: by name, or by the category that every process sorts its states into."""

from __future__ import annotations

# In the order of a workflow (learn.microsoft.com, "Workflow states & state categories").
CATEGORIES = ("Proposed", "InProgress", "Resolved", "Completed", "Removed")
_SIGN = "category:"


def category_named(setting: str) -> str | None:
    """Return the category that `category:InProgress` names, "" if there is none of that name, None for a state's name."""
    text = setting.strip().casefold()
    if not text.startswith(_SIGN):
        return None
    name = "".join(text.removeprefix(_SIGN).split())
    return next((known for known in CATEGORIES if known.casefold() == name), "")
