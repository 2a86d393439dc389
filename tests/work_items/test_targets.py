"""The target branch of an item: the first rule that fits."""

from __future__ import annotations

from typing import Any

import pytest

from redimento.settings import Condition, TargetRule
from redimento.work_items.item import WorkItem
from redimento.work_items.routing import target_for

ITEM = WorkItem(7, 1, "Bug", "bug", "Round", area="Shop\\Web\\Cart", iteration="Shop\\Sprint 1", tags=("Hotfix", "x"))


def when(branch: str, **conditions: Any) -> TargetRule:
    return TargetRule(branch, Condition(**conditions))


@pytest.mark.parametrize(
    ("rules", "target"),
    [
        ("", ""),
        ("refs/heads/next", "next"),
        ((), ""),
        ((when("a", area="shop/web"),), "a"),
        ((when("a", area="Shop\\We"), when("b", iteration="Shop\\Sprint 1")), "b"),
        ((when("a", type="bug", tag="HOTFIX"), when("b")), "a"),
        ((when("a", type="bug", tag="hot"), when("refs/heads/b")), "b"),
        ((when("a", tag="y"),), ""),
    ],
)
def test_the_first_rule_that_fits_names_the_branch(rules: str | tuple[TargetRule, ...], target: str) -> None:
    assert target_for(ITEM, rules) == target
