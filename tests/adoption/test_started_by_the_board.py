"""From `install` to a pull request: a person moves a card, and nobody touches anything else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.adoption.agent import FILE, execute, queued
from tests.adoption.conftest import Desk
from tests.run.conftest import GOOD_FIX, SETTINGS

PATCH = {"Content-Type": "application/json-patch+json"}
CALC = "Shop/_apis/git/repositories/calc"


def settings(tmp: Path) -> str:
    recording = tmp / "answers.jsonl"
    recording.write_text(json.dumps({"text": GOOD_FIX}) + "\n")
    model = {"sdk": "recorded", "recording": str(recording)}
    return yaml.safe_dump({**SETTINGS, "work_items": {"states": ["Active"]}, "model": model})


def reviewed_and_completed(desk: Desk, text: str) -> None:
    """A person edits the proposed settings in the pull request of `install`, and completes it."""
    (branch,) = desk.rows(f"{CALC}/refs", filter="heads/redimento/install")
    change = {
        "changeType": "edit",
        "item": {"path": "/.redimento.yml"},
        "newContent": {"content": text, "contentType": "rawText"},
    }
    update = {"name": branch["name"], "oldObjectId": branch["objectId"]}
    body = {"refUpdates": [update], "commits": [{"comment": "Our checks", "changes": [change]}]}
    desk.rest("POST", f"{CALC}/pushes", json=body)
    (pull,) = desk.rows(f"{CALC}/pullrequests", **{"searchCriteria.status": "active"})
    pull = desk.rest("GET", f"{CALC}/pullrequests/{pull['pullRequestId']}")
    completed = {"status": "completed", "lastMergeSourceCommit": pull["lastMergeSourceCommit"]}
    answer = desk.rest("PATCH", f"{CALC}/pullrequests/{pull['pullRequestId']}", json=completed)
    assert answer["status"] == "completed"


def move(desk: Desk, state: str) -> None:
    steps: list[dict[str, Any]] = [{"op": "add", "path": "/fields/System.State", "value": state}]
    desk.rest("PATCH", "_apis/wit/workitems/7", data=json.dumps(steps), headers=PATCH)


@pytest.mark.parametrize("limited", [False, True], ids=["collection scope", "project scope"])
def test_after_install_a_moved_card_becomes_a_pull_request(
    desk_with: Callable[..., Desk], tmp_path: Path, *, limited: bool
) -> None:
    desk = desk_with(settings={"enforceJobAuthScope": limited, "enforceReferencedRepoScopedToken": True})
    assert desk.install("--yes", "--no-replies").code == 0
    reviewed_and_completed(desk, settings(tmp_path))
    assert queued(desk, seconds=0) == []

    move(desk, "Active")

    (build,) = queued(desk)
    assert build["reason"] == "resourceTrigger"
    assert build["definition"]["name"] == "redimento-calc"
    executed = execute(desk, build, tmp_path)
    assert executed.result == "Succeeded", executed.log
    (pull,) = desk.rows(f"{CALC}/pullrequests", **{"searchCriteria.status": "active"})
    assert pull["sourceRefName"] == "refs/heads/redimento/7-add-adds"
    assert pull["isDraft"] is False


def test_the_run_that_our_own_comment_starts_is_skipped_and_starts_no_other(desk: Desk, tmp_path: Path) -> None:
    assert desk.install("--yes").code == 0
    reviewed_and_completed(desk, settings(tmp_path))
    move(desk, "Active")
    (build,) = queued(desk)
    assert execute(desk, build, tmp_path).result == "Succeeded"

    (second,) = queued(desk)

    skipped = execute(desk, second, tmp_path)
    assert (skipped.result, skipped.variables["redimento.outcome"]) == ("Succeeded", "skipped")
    assert queued(desk, seconds=1) == []


def test_a_card_outside_of_the_filters_starts_nothing(desk_with: Callable[..., Desk], tmp_path: Path) -> None:
    desk = desk_with()
    assert desk.install("--yes", "--no-replies", "--area", "Stock").code == 0
    reviewed_and_completed(desk, settings(tmp_path))

    move(desk, "Active")

    assert queued(desk, seconds=0.5) == []


def test_without_its_rights_the_build_account_fails_and_after_install_is_repaired(desk: Desk, tmp_path: Path) -> None:
    assert desk.install("--yes", "--no-replies").code == 0
    reviewed_and_completed(desk, settings(tmp_path))
    entries = desk.rows("_apis/accesscontrollists/2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87")
    (entry,) = entries[0]["acesDictionary"].values()
    lost = {"descriptor": entry["descriptor"], "token": entries[0]["token"]}
    git = "2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87"
    desk.rest("DELETE", f"_apis/permissions/{git}/16384", params=lost)
    move(desk, "Active")
    (build,) = queued(desk)
    assert "Contribute to pull requests" in " ".join(execute(desk, build, tmp_path).issues)

    said = desk.install("--yes", "--no-replies")

    assert "created  rights on the repository calc" in said.out
    assert "'Contribute to pull requests'" in said.out
    move(desk, "New")
    move(desk, "Active")
    *_, build = queued(desk, count=2)
    assert execute(desk, build, tmp_path).result == "Succeeded"


def test_the_pipeline_file_that_install_proposes_is_the_one_of_the_manual(desk: Desk) -> None:
    assert desk.install("--yes").code == 0
    query = {"path": f"/{FILE}", "versionDescriptor.version": "redimento/install"}
    query |= {"includeContent": "true", "$format": "json"}
    proposed = desk.rest("GET", f"{CALC}/items", params=query)["content"]
    manual = (Path(__file__).parents[2] / "action" / "azure-pipelines.yml").read_text("utf-8")
    named = {"PROJECT/redimento": "Shop/redimento", "CONNECTION": "redimento-calc"}
    for name, value in {**named, "IMAGE": "registry.example.com/redimento:1"}.items():
        manual = manual.replace(name, value)
    assert yaml.safe_load(proposed) == yaml.safe_load(manual)
