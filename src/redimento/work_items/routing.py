"""Decide by rules where a work item belongs: in which checkout and folder, and on which branch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from redimento.settings import Condition, RepositoryRule, TargetRule
from redimento.text.wording import Sentence
from redimento.work_items.admission import among, is_under
from redimento.work_items.item import WorkItem

_MOST_ASKED = 20


def rule_for(item: WorkItem, rules: Sequence[RepositoryRule]) -> RepositoryRule | None:
    """Return the first rule that fits the item, None if none does. `item.fields` has the fields that the rules name.

    Names and values are compared case-insensitively, as Azure Boards does.
    """
    return next((rule for rule in rules if _fits(item, rule.when)), None)


def target_for(item: WorkItem, target: str | Sequence[TargetRule]) -> str:
    """Return the short name of the target branch in the settings, or of the first rule that fits; "" if none does."""
    if not isinstance(target, str):
        target = next((rule.branch for rule in target if _fits(item, rule.when)), "")
    return target.removeprefix("refs/heads/")


def fields_of(conditions: Iterable[Condition]) -> tuple[str, ...]:
    """Return the reference names of the fields that the conditions look at."""
    return tuple(dict.fromkeys(name for condition in conditions for name in condition.field))


def questions(rules: Sequence[RepositoryRule]) -> tuple[str, ...]:
    """Return what to ask on an item that no rule fits: one question for each place, as far as there is room."""
    asked = dict.fromkeys(
        Sentence("belongs_to", place="/".join(filter(None, (rule.path, rule.folder))), needs=[*_needs(rule.when)])
        for rule in rules
    )
    more = len(asked) - _MOST_ASKED
    return (*list(asked)[:_MOST_ASKED], *([Sentence("or_elsewhere", places=more)] if more > 0 else []))


def _fits(item: WorkItem, when: Condition) -> bool:
    values = {field.name.casefold(): field.text for field in item.fields}
    return (
        (not when.area or is_under(item.area, when.area))
        and (not when.iteration or is_under(item.iteration, when.iteration))
        and (not when.type or among(when.type, (item.type,)))
        and (not when.tag or among(when.tag, item.tags))
        and all(among(value, (values.get(name.casefold(), ""),)) for name, value in when.field.items())
    )


def _needs(when: Condition) -> Iterator[Sentence]:
    wanted = {
        "this_area": when.area, "this_iteration": when.iteration, "this_type": when.type, "this_tag": when.tag,
    }  # fmt: skip
    yield from (Sentence(what, name=name) for what, name in wanted.items() if name)
    yield from (Sentence("this_in_a_field", text=value, name=name) for name, value in when.field.items())
