from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from redimento.settings import WorkItemSettings
from redimento.work_items.admission import closed, refusal
from redimento.work_items.item import Field, StateCategory, WorkItem

ITEM = WorkItem(
    id=7, revision=1, type="User Story", kind="story", title="Round totals", state="Ready",
    project="Shop", area="Shop\\Web\\Cart", tags=("ai", "cart"), description="Totals are rounded.",
)  # fmt: skip


def not_asked() -> StateCategory:
    raise AssertionError("a request that no setting needs")


@pytest.mark.parametrize(
    "settings",
    [
        WorkItemSettings(),
        WorkItemSettings(types=(), states=("ready",), tags=("other", "AI")),
        WorkItemSettings(areas=("shop\\web",)),
        WorkItemSettings(areas=("Shop/Web/Cart",)),
    ],
)
def test_a_matching_item_is_admitted(settings: WorkItemSettings) -> None:
    assert refusal(ITEM, settings, "shop", not_asked) is None


def test_an_item_that_is_on_no_board_has_no_state_that_could_be_wrong() -> None:
    assert (
        refusal(replace(ITEM, state=""), WorkItemSettings(states=("Ready", "category:InProgress")), "shop", not_asked)
        is None
    )


@pytest.mark.parametrize(
    ("changes", "settings", "words"),
    [
        ({"project": "Other"}, WorkItemSettings(), 'belongs to the project "Other"'),
        ({"type": "Anforderung"}, WorkItemSettings(), "work_items.types"),
        ({"type": "Risk"}, WorkItemSettings(types=("Risk",)), "does not describe a code change"),
        ({"type": "Feature"}, WorkItemSettings(types=()), "too large"),
        ({"state": "New"}, WorkItemSettings(states=("Ready", "Go")), 'not one of "Ready", "Go"'),
        ({"tags": ()}, WorkItemSettings(tags=("ai",)), "work_items.tags"),
        ({"area": "Shop\\Website"}, WorkItemSettings(areas=("Shop\\Web",)), "work_items.areas"),
        ({"area": "Shop"}, WorkItemSettings(areas=("Shop\\Web",)), "work_items.areas"),
        ({"description": " \n"}, WorkItemSettings(), "no description"),
    ],
)
def test_each_rule_gives_its_reason(changes: dict[str, Any], settings: WorkItemSettings, words: str) -> None:
    reason = refusal(replace(ITEM, **changes), settings, "Shop", not_asked)
    assert reason is not None
    assert words in reason
    assert reason.startswith("Work item 7 does not start a run: ")
    assert reason.endswith(".")


@pytest.mark.parametrize(
    ("category", "states", "admitted"),
    [
        ("Proposed", ("category:Proposed",), True),
        ("Proposed", ("Go", "CATEGORY: proposed"), True),
        ("InProgress", ("category:In Progress",), True),
        ("InProgress", ("category:Proposed", "Go"), False),
        ("", ("category:Proposed",), False),
    ],
)
def test_states_are_admitted_by_category(category: StateCategory, states: tuple[str, ...], admitted: bool) -> None:  # noqa: FBT001 - a parameter of the test
    reason = refusal(ITEM, WorkItemSettings(states=states), "", lambda: category)
    assert (reason is None) == admitted


def test_a_change_request_of_cmmi_is_admitted() -> None:
    assert refusal(replace(ITEM, type="Change Request"), WorkItemSettings(), "", not_asked) is None


def test_a_field_that_the_settings_name_is_enough() -> None:
    told = replace(ITEM, description="", fields=(Field("Custom.Rules", "Round half up."),))
    assert refusal(told, WorkItemSettings(), "", not_asked) is None


@pytest.mark.parametrize(
    ("category", "reason"),
    [
        ("Completed", 'Work item 7 does not start a run: it is already done (state "Ready").'),
        ("Removed", 'Work item 7 does not start a run: it was removed (state "Ready").'),
        ("InProgress", ""),
        ("", ""),
    ],
)
def test_a_closed_item_starts_no_run(category: StateCategory, reason: str) -> None:
    assert closed(ITEM, category) == reason


def test_repro_steps_or_criteria_are_enough() -> None:
    bare = replace(ITEM, description="")
    assert refusal(replace(bare, repro_steps="1. open"), WorkItemSettings(), "", not_asked) is None
    assert refusal(replace(bare, acceptance_criteria=("x",)), WorkItemSettings(), "", not_asked) is None
