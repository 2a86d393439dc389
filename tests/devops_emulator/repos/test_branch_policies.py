"""What keeps a pull request from being completed, and who completes it once nothing does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

HOME = "Shop%20Floor/_apis/git/repositories/web"
PULLS = f"{HOME}/pullrequests"
POLICIES = "Shop%20Floor/_apis/git/policy/configurations"
SQUASH = {"type": "Require a merge strategy", "branch": "main", "settings": {"allowSquash": True}}
REVIEWED = {"type": "Minimum number of reviewers", "branch": "main", "settings": {"minimumApproverCount": 1}}
JANE = {"type": "Required reviewers", "branch": "main", "settings": {"requiredReviewers": ["jane@example.com"]}}
RESOLVED = {"type": "Comment requirements", "branch": "main"}
CHECKED = {
    "type": "Status",
    "branch": "main",
    "settings": {"statusName": "checks", "statusGenre": "redimento", "invalidateOnSourceUpdate": True},
}

Serve = Callable[..., Any]


@pytest.fixture
def organised(serve: Any, seed: Any, tmp_path: Path) -> Iterator[Serve]:
    """Serve an organisation whose repository has these policies, as the job sees it."""
    with ExitStack() as stack:

        def start(*policies: Any, **more: Any) -> Any:
            repository = {**seed["repositories"][0], "policies": list(policies)}
            return stack.enter_context(serve(tmp_path / "organisation", {**seed, "repositories": [repository], **more}))

        yield start


def as_jane(rest: Any) -> Any:
    return replace(rest, emulator=replace(rest.emulator, token=rest.emulator.tokens["jane@example.com"]))


def opened(rest: Any) -> str:
    body = {"sourceRefName": "refs/heads/feature", "targetRefName": "refs/heads/main", "title": "T"}
    return f"{PULLS}/{rest('POST', PULLS, json=body, status=201)['pullRequestId']}"


def identity(rest: Any) -> dict[str, str]:
    return {"id": rest("GET", "_apis/connectionData", version="7.1-preview")["authenticatedUser"]["id"]}


def complete_automatically(rest: Any, path: str, **options: Any) -> Any:
    options = {"mergeStrategy": "squash", **options}
    return rest("PATCH", path, json={"autoCompleteSetBy": identity(rest), "completionOptions": options})


def approve(rest: Any, path: str) -> None:
    jane = as_jane(rest)
    jane("PUT", f"{path}/reviewers/{identity(jane)['id']}", json={"vote": 10})


def test_policies_are_listed_by_repository_branch_and_type(organised: Serve) -> None:
    rest = organised(SQUASH, REVIEWED)
    repository = rest.emulator.projects["Shop Floor"]["repositories"]["web"]

    def names(**params: str) -> list[str]:
        asked = {"repositoryId": repository, "refName": "refs/heads/main", **params}
        return [one["type"]["displayName"] for one in rest("GET", POLICIES, params=asked)["value"]]

    assert names() == ["Require a merge strategy", "Minimum number of reviewers"]
    assert names(policyType="fa4e907d-c16b-4a4c-9dfa-4906e5d171dd") == ["Minimum number of reviewers"]
    assert names(refName="refs/heads/feature") == []


def test_whoever_may_not_read_the_repository_may_not_read_its_policies(organised: Serve) -> None:
    rest = organised(SQUASH, deny=["GenericRead"])
    assert "'GenericRead'" in rest("GET", POLICIES, status=403)["message"]


def test_auto_complete_waits_for_required_policies(organised: Serve) -> None:
    rest = organised(SQUASH, REVIEWED, JANE)
    path = opened(rest)
    assert complete_automatically(rest, path)["status"] == "active"
    assert rest("GET", path)["status"] == "active"
    approve(rest, path)
    done = rest("GET", path)
    assert (done["status"], done["closedBy"]["id"]) == ("completed", identity(rest)["id"])


def test_without_a_required_policy_auto_complete_merges_at_once(organised: Serve) -> None:
    rest = organised({**REVIEWED, "blocking": False}, {**JANE, "enabled": False})
    path = opened(rest)
    complete_automatically(rest, path)
    assert rest("GET", path)["status"] == "completed"


def test_a_strategy_that_is_not_allowed_keeps_it_open(organised: Serve) -> None:
    rest = organised(SQUASH)
    path = opened(rest)
    complete_automatically(rest, path, mergeStrategy="rebase")
    pull = rest("GET", path)
    assert pull["status"] == "active"
    body = {"status": "completed", "lastMergeSourceCommit": pull["lastMergeSourceCommit"]}
    assert "Require a merge strategy" in rest("PATCH", path, json=body, status=403)["message"]


def test_auto_complete_can_be_cancelled(organised: Serve) -> None:
    rest = organised(REVIEWED)
    path = opened(rest)
    complete_automatically(rest, path)
    nobody = {"id": "00000000-0000-0000-0000-000000000000"}
    assert "autoCompleteSetBy" not in rest("PATCH", path, json={"autoCompleteSetBy": nobody})
    approve(rest, path)
    assert rest("GET", path)["status"] == "active"


def test_auto_complete_is_for_oneself_and_needs_the_right_to_contribute(organised: Serve) -> None:
    rest = organised(REVIEWED, deny=["GenericContribute"])
    path, jane = opened(rest), as_jane(rest)
    refused = rest("PATCH", path, json={"autoCompleteSetBy": identity(rest)}, status=403)
    assert "'GenericContribute'" in refused["message"]
    assert "oneself" in jane("PATCH", path, json={"autoCompleteSetBy": identity(rest)}, status=400)["message"]
    options = {"autoCompleteSetBy": identity(jane), "completionOptions": {"mergeWith": "squash"}}
    assert "mergeWith" in jane("PATCH", path, json=options, status=400)["message"]


def test_a_status_counts_for_its_iteration(organised: Serve, git: Any, tmp_path: Path) -> None:
    rest = organised(CHECKED)
    path = opened(rest)
    status = {"state": "succeeded", "context": {"name": "checks", "genre": "redimento"}, "iterationId": 1}
    rest("POST", f"{path}/statuses", json={**status, "result": "fine"}, status=400)
    rest("POST", f"{path}/statuses", json={**status, "state": "failed"})
    refs = {one["name"]: one["objectId"] for one in rest("GET", f"{HOME}/refs")["value"]}
    complete_automatically(rest, path)
    assert rest("GET", path)["status"] == "active"

    push = {
        "refUpdates": [{"name": "refs/heads/feature", "oldObjectId": refs["refs/heads/feature"]}],
        "commits": [
            {
                "comment": "More",
                "changes": [
                    {
                        "changeType": "add",
                        "item": {"path": "/more.py"},
                        "newContent": {"content": "y = 2\n", "contentType": "rawtext"},
                    }
                ],
            }
        ],
    }
    rest("POST", f"{HOME}/pushes", json=push, status=201)
    rest("POST", f"{path}/statuses", json=status)
    assert rest("GET", path)["status"] == "active"
    rest("POST", f"{path}/statuses", json={**status, "iterationId": 2})
    assert rest("GET", path)["status"] == "completed"


def test_an_open_thread_keeps_it_open(organised: Serve) -> None:
    rest = organised(RESOLVED)
    path = opened(rest)
    said = rest("POST", f"{path}/threads", json={"comments": [{"content": "Why?"}], "status": "active"})
    rest("POST", f"{path}/threads", json={"comments": [{"content": "By the way"}], "status": "closed"})
    complete_automatically(rest, path)
    assert rest("GET", path)["status"] == "active"
    rest("PATCH", f"{path}/threads/{said['id']}", json={"status": "fixed"})
    assert rest("GET", path)["status"] == "completed"


def test_groups_are_identities(organised: Serve) -> None:
    rest = organised(groups=["Shop Team", "Shoppers"])

    def found(text: str) -> list[str]:
        params = {"searchFilter": "General", "filterValue": text}
        return [one["providerDisplayName"] for one in rest("GET", "_apis/identities", params=params)["value"]]

    assert found("[Shop Floor]\\Shop Team") == ["[Shop Floor]\\Shop Team"]
    assert found("shop team") == ["[Shop Floor]\\Shop Team"]
    assert found("[Shop Floor]") == ["[Shop Floor]\\Shop Team", "[Shop Floor]\\Shoppers"]
    assert found("Jane") == ["Jane Doe"]
