"""Decide which work items may start a run."""

from __future__ import annotations

from collections.abc import Callable

from redimento.settings import WorkItemSettings
from redimento.settings.state_names import category_named
from redimento.text.wording import Sentence
from redimento.work_items.item import StateCategory, WorkItem
from redimento.work_items.kinds import unsuited

_CLOSED: dict[StateCategory, str] = {"Completed": "already_done", "Removed": "was_removed"}


def refusal(
    item: WorkItem, settings: WorkItemSettings, project: str, category: Callable[[], StateCategory]
) -> str | None:
    """Return why `item` may not start a run in `project` as a sentence, None if it may.

    Whether its state is an open one is for `closed`. `project` is the team project the pipeline runs in; "" admits any.
    `category` returns that of the item's state, and is asked only where the settings name one. Names are compared
    case-insensitively, as Azure Boards does.
    """
    reason = _reason(item, settings, project, category)
    return Sentence("does_not_start", id=item.id, reason=reason) if reason else None


def closed(item: WorkItem, category: StateCategory) -> str:
    """Return why an item in a state of this category starts no run as a sentence, "" if it may."""
    if category not in _CLOSED:
        return ""
    return Sentence("does_not_start", id=item.id, reason=Sentence(_CLOSED[category], state=item.state))


def _reason(item: WorkItem, settings: WorkItemSettings, project: str, category: Callable[[], StateCategory]) -> str:
    if project and item.project and not among(item.project, (project,)):
        return Sentence("of_another_project", its=item.project, ours=project)
    if reason := unsuited(item.type):
        return reason
    if settings.types and not among(item.type, settings.types):
        return Sentence("not_one_of_the_types", name=item.type, names=settings.types)
    if settings.tags and not any(among(tag, settings.tags) for tag in item.tags):
        return Sentence("has_none_of_the_tags", names=settings.tags)
    if settings.areas and not any(is_under(item.area, area) for area in settings.areas):
        return Sentence("not_under_the_areas", name=item.area, names=settings.areas)
    # An item from a file has no state unless it says so: it is on no board.
    if settings.states and item.state and not in_state(item, settings.states, category):
        return Sentence("not_one_of_the_states", name=item.state, names=settings.states)
    texts = (item.description, item.repro_steps, *item.acceptance_criteria, *(field.text for field in item.fields))
    if not any(text.strip() for text in texts):
        return Sentence("describes_nothing")
    return ""


def in_state(item: WorkItem, states: tuple[str, ...], category: Callable[[], StateCategory]) -> bool:
    """Return whether the item is in one of these states, which may be named by their category."""
    categories = {named for state in states if (named := category_named(state))}
    return among(item.state, states) or (bool(categories) and category() in categories)


def among(name: str, names: tuple[str, ...]) -> bool:
    return name.strip().casefold() in {other.strip().casefold() for other in names}


def is_under(area: str, root: str) -> bool:
    """Return whether an area or iteration path is `root` or below it."""
    inner, outer = (_path(area), _path(root))
    return inner[: len(outer)] == outer


def _path(area: str) -> list[str]:
    return [part.strip().casefold() for part in area.replace("/", "\\").split("\\") if part.strip()]
