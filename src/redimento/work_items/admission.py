"""Decide which work items may start a run."""

from __future__ import annotations

from redimento.settings import WorkItemSettings
from redimento.work_items.item import StateCategory, WorkItem
from redimento.work_items.kinds import unsuited

_CLOSED = {"Completed": "it is already done", "Removed": "it was removed"}


def refusal(item: WorkItem, settings: WorkItemSettings, project: str) -> str | None:
    """Return why `item` may not start a run in `project` as a sentence, None if it may.

    Whether its state is an open one is for `closed`. `project` is the team project the pipeline runs in; "" admits any. Names are compared case-insensitively, as
    Azure Boards does.
    """
    reason = _reason(item, settings, project)
    return f"Work item {item.id} does not start a run: {reason}." if reason else None


def closed(item: WorkItem, category: StateCategory) -> str:
    """Return why an item in a state of this category starts no run as a sentence, "" if it may."""
    if category not in _CLOSED:
        return ""
    return f'Work item {item.id} does not start a run: {_CLOSED[category]} (state "{item.state}").'


def _reason(item: WorkItem, settings: WorkItemSettings, project: str) -> str:
    if project and item.project and not _among(item.project, (project,)):
        return f'it belongs to the project "{item.project}", and this pipeline runs in "{project}"'
    if reason := unsuited(item.type):
        return reason
    if settings.types and not _among(item.type, settings.types):
        return f'its type "{item.type}" is not one of {_listed(settings.types)} (work_items.types)'
    if settings.states and not _among(item.state, settings.states):
        return f'its state "{item.state}" is not one of {_listed(settings.states)} (work_items.states)'
    if settings.tags and not any(_among(tag, settings.tags) for tag in item.tags):
        return f"it has none of the tags {_listed(settings.tags)} (work_items.tags)"
    if settings.areas and not any(_is_under(item.area, area) for area in settings.areas):
        return f'its area "{item.area}" is not under {_listed(settings.areas)} (work_items.areas)'
    texts = (item.description, item.repro_steps, *item.acceptance_criteria, *(field.text for field in item.fields))
    if not any(text.strip() for text in texts):
        return "it has no description, acceptance criteria or repro steps; describe what should change"
    return ""


def _among(name: str, names: tuple[str, ...]) -> bool:
    return name.strip().casefold() in {other.strip().casefold() for other in names}


def _is_under(area: str, root: str) -> bool:
    inner, outer = (_path(area), _path(root))
    return inner[: len(outer)] == outer


def _path(area: str) -> list[str]:
    return [part.strip().casefold() for part in area.replace("/", "\\").split("\\") if part.strip()]


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
