"""One table of rights: the documents name exactly these, they suffice, and a run without one of them says which."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from devops_emulator.organisation import GIT_RIGHTS, PROJECT_RIGHTS
from redimento.azure.boards import AzureBoard
from redimento.delivery.rights import RIGHTS, Right
from redimento.events import Warned
from tests.adoption.front import Own, fronted
from tests.run.conftest import GOOD_FIX, Site

NEEDED = tuple(right for right in RIGHTS if right.needed_for)
# Boards' rights have names of their own in the emulator's seeds.
DENIAL = {"WORK_ITEM_READ": "WorkItemRead", "WORK_ITEM_WRITE": "WorkItemWrite"}
PLAIN: dict[str, Any] = {"checks": {"commands": []}}


def denial(right: Right) -> str:
    return DENIAL.get(right.bit, right.bit)


def test_the_documented_rights_suffice(organise: Callable[..., Site]) -> None:
    others = {*GIT_RIGHTS, *PROJECT_RIGHTS} - {denial(right) for right in NEEDED}
    site = organise(seed={"deny": sorted(others)})
    ended = site.run([GOOD_FIX], PLAIN)

    assert ended.kind == "draft", ended.finished.outcome
    (warning,) = [event.text for event in ended.events if isinstance(event, Warned)]
    assert "'Create tag definition', needed for the labels" in warning  # the only thing that is left out


# Without Read the agent cannot even check the repository out.
@pytest.mark.parametrize(
    "right", [one for one in NEEDED if one.name not in ("Read", "View builds")], ids=lambda one: one.name
)
def test_a_run_without_a_right_names_it_its_page_and_the_account(organise: Callable[..., Site], right: Right) -> None:
    site = organise(seed={"deny": [denial(right)]})
    ended = site.run([GOOD_FIX], PLAIN)
    outcome = ended.finished.outcome

    assert (outcome.kind, outcome.exit_code) == ("failed", 3)
    assert ended.finished.spent.calls == 0  # found out before the model is asked
    said = f"{outcome.sentence} {outcome.remedy}"
    assert f"'{right.name}'" in said
    assert right.page in said
    assert "Build Service (emulated)" in said


@pytest.mark.parametrize("told", ["refused", "nothing"])
def test_a_server_that_does_not_tell_rights_is_no_reason_to_stop(organise: Callable[..., Site], told: str) -> None:
    site = organise()
    answer = Own(403 if told == "refused" else 200, json.dumps({"message": "no", "typeKey": "AccessDeniedException"}))
    with fronted(site.emulator.url) as front:
        front.own = {"permissionevaluationbatch": answer}
        site.variables["SYSTEM_COLLECTIONURI"] = front.url
        assert site.run([GOOD_FIX], PLAIN).kind == "draft"


def test_a_dry_run_needs_no_right_to_push(organise: Callable[..., Site]) -> None:
    ended = organise(seed={"deny": ["CreateBranch"]}).run([GOOD_FIX], PLAIN, dry_run=True)
    assert ended.kind == "draft"


def test_a_full_disk_ends_a_run_before_it_spends(
    organise: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: SimpleNamespace(free=5_000_000))
    ended = organise().run([GOOD_FIX], PLAIN)

    assert (ended.kind, ended.finished.spent.calls) == ("failed", 0)
    assert "4 MB left" in ended.finished.outcome.sentence


def test_a_claim_that_cannot_be_judged_names_the_right_to_view_builds(organise: Callable[..., Site]) -> None:
    site = organise(seed={"deny": ["ViewBuilds"]})
    board = AzureBoard(site.client(), "Shop", print)
    board.claim(board.load(7), site.environment["BUILD_BUILDID"])
    site.variables["BUILD_BUILDID"] = "2"
    ended = site.run([], PLAIN)

    assert ended.finished.outcome.sentence == "Another run is working on this item."
    (warning,) = [event.text for event in ended.events if isinstance(event, Warned)]
    assert "lacks the right 'View builds'" in warning


def test_a_disabled_repository_is_named_before_anything_is_paid(site: Site) -> None:
    repository = site.environment["BUILD_REPOSITORY_ID"]
    path = f"_apis/git/repositories/{repository}"
    site.mallory.write("PATCH", path, project="Shop", body={"isDisabled": True})
    ended = site.run([GOOD_FIX], PLAIN)

    assert (ended.kind, ended.finished.spent.calls) == ("failed", 0)
    assert "is disabled" in ended.finished.outcome.sentence
    assert "Enable it in Project settings > Repositories" in ended.finished.outcome.remedy


def test_a_required_field_is_named(organise: Callable[..., Site]) -> None:
    site = organise(seed={"required": {"User Story": ["Custom.Team"]}})
    outcome = site.run([GOOD_FIX], PLAIN).finished.outcome

    assert outcome.kind == "failed"
    assert "A rule of the process for the field 'Team' (Required, InvalidEmpty)" in outcome.sentence
