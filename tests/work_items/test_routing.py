from __future__ import annotations

from dataclasses import replace

import pytest

from redimento.settings import Condition, RepositoryRule
from redimento.work_items.item import Field, WorkItem
from redimento.work_items.routing import fields_of, questions, rule_for

ITEM = WorkItem(
    7, 1, "Bug", "bug", "x", area="Shop\\Web\\Cart", tags=("Urgent", "web"), fields=(Field("Custom.Part", "Front End"),)
)


@pytest.mark.parametrize(
    ("when", "fits"),
    [
        (Condition(), True),
        (Condition(area="shop\\web"), True),
        (Condition(area="Shop/Web/Cart"), True),
        (Condition(area="Shop\\Webstore"), False),
        (Condition(tag="WEB"), True),
        (Condition(tag="we"), False),
        (Condition(field={"custom.part": "front end"}), True),
        (Condition(field={"Custom.Part": "Front"}), False),
        (Condition(field={"Custom.Other": "x"}), False),
        (Condition(area="Shop", tag="web", field={"Custom.Part": "Front End"}), True),
        (Condition(area="Shop", tag="api", field={"Custom.Part": "Front End"}), False),
    ],
)
def test_all_that_a_rule_asks_for_must_hold(when: Condition, *, fits: bool) -> None:
    assert (rule_for(ITEM, [RepositoryRule(when)]) is not None) is fits


def test_the_first_rule_that_fits_counts() -> None:
    rules = [RepositoryRule(Condition(tag="api"), "api"), RepositoryRule(Condition(tag="web"), "web"), RepositoryRule()]

    assert rule_for(ITEM, rules) is rules[1]
    assert rule_for(replace(ITEM, tags=()), rules) is rules[2]
    assert rule_for(replace(ITEM, tags=()), rules[:2]) is None


def test_the_question_names_every_place_as_far_as_there_is_room() -> None:
    rules = [RepositoryRule(Condition("Shop\\Web", tag="web", field={"Custom.Part": "UI"}), "web", "src")]
    assert questions(rules) == (
        "Does it belong to web/src? Then it needs the area path Shop\\Web and the tag web and UI in Custom.Part.",
    )
    many = questions([RepositoryRule(Condition(tag=str(number)), f"r{number}") for number in range(50)])
    assert len(many) == 21
    assert many[-1] == "Or to another of the 30 places in .redimento.yml?"


def test_each_field_is_read_once() -> None:
    rules = [RepositoryRule(Condition(field={"A": "1", "B": "2"})), RepositoryRule(Condition(field={"B": "3"}))]
    assert fields_of(rule.when for rule in rules) == ("A", "B")
