from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HOME = "Shop%20Floor/_apis/git/repositories/web"
PULLS = f"{HOME}/pullrequests"
BODY = {"sourceRefName": "refs/heads/feature", "targetRefName": "refs/heads/main", "title": "Sum the prices"}


def create(rest: Any, status: int = 201, **members: Any) -> Any:
    return rest("POST", PULLS, json={**BODY, **members}, status=status)


def tip(rest: Any, branch: str) -> str:
    return str(rest("GET", f"{HOME}/refs", params={"filter": f"heads/{branch}"})["value"][0]["objectId"])


def test_a_pull_request_is_created_with_everything_in_its_body(rest: Any) -> None:
    jane = rest("GET", "_apis/identities", params={"searchFilter": "General", "filterValue": "jane@example.com"})
    made = create(
        rest,
        description="Why",
        isDraft=True,
        labels=[{"name": "ai"}],
        reviewers=[{"id": jane["value"][0]["id"], "isRequired": True}],
        workItemRefs=[{"id": "7"}],
        autoCompleteSetBy={"id": jane["value"][0]["id"]},
    )
    assert made["mergeStatus"] == "queued"
    pull = rest("GET", f"{PULLS}/{made['pullRequestId']}")
    assert pull["mergeStatus"] == "succeeded"
    assert pull["isDraft"] is True
    assert pull["labels"][0]["name"] == "ai"
    assert pull["reviewers"][0]["isRequired"] is True
    assert "autoCompleteSetBy" not in pull
    assert rest("GET", f"_apis/git/pullrequests/{made['pullRequestId']}")["title"] == BODY["title"]


def test_a_work_item_and_its_pull_request_are_linked_both_ways(rest: Any) -> None:
    made = create(rest, workItemRefs=[{"id": "7"}])
    links = rest("GET", "_apis/wit/workitems/7", params={"$expand": "relations"})["relations"]
    assert links[-1]["attributes"]["name"] == "Pull Request"
    assert links[-1]["url"].casefold() == made["artifactId"].casefold()
    value = {"rel": "ArtifactLink", "url": made["artifactId"], "attributes": {"name": "Pull Request"}}
    rest.patch_item(3, {"op": "add", "path": "/relations/-", "value": value})
    linked = rest("GET", f"{HOME}/pullRequests/{made['pullRequestId']}/workitems")["value"]
    assert [one["id"] for one in linked] == ["7", "3"]


def test_a_second_pull_request_for_the_same_branches_is_refused(rest: Any) -> None:
    create(rest)
    assert create(rest, 409)["message"].startswith("TF401179")


@pytest.mark.parametrize(
    ("members", "word"),
    [
        ({"sourceRefName": "feature"}, "TF401398"),
        ({"sourceRefName": "refs/heads/none"}, "TF401398"),
        ({"targetRefName": "refs/heads/feature"}, "TF401400"),
        ({"title": ""}, "title"),
        ({"description": "😀" * 2_001}, "must not be longer than 4000 characters"),
        ({"labels": [{"name": " "}]}, "name"),
        ({"completionOptions": {"mergeCommitMessage": "x" * 4_000}}, "Completion options"),
        ({"completionOptions": {"mergeStrategy": "octopus"}}, "mergeStrategy"),
    ],
)
def test_an_invalid_pull_request_is_refused(rest: Any, members: Any, word: str) -> None:
    assert word in create(rest, 400, **members)["message"]
    assert rest("GET", PULLS)["count"] == 0


def test_a_missing_work_item_leaves_no_pull_request(rest: Any) -> None:
    create(rest, 404, workItemRefs=[{"id": "99"}])
    assert rest("GET", PULLS, params={"searchCriteria.status": "all"})["count"] == 0


def test_lists_truncate_the_description(rest: Any) -> None:
    made = create(rest, description="😀" * 2_000)
    listed = rest("GET", PULLS, params={"searchCriteria.sourceRefName": BODY["sourceRefName"]})["value"]
    assert len(listed[0]["description"]) == 400
    assert len(rest("GET", f"{PULLS}/{made['pullRequestId']}")["description"]) == 2_000
    assert rest("GET", PULLS, params={"searchCriteria.sourceRefName": "feature"})["count"] == 0
    assert rest("GET", PULLS, params={"searchCriteria.status": "completed"})["count"] == 0
    assert rest("GET", "Shop%20Floor/_apis/git/pullrequests", params={"searchCriteria.status": "all"})["count"] == 1


def test_only_some_members_can_be_changed(rest: Any) -> None:
    path = f"{PULLS}/{create(rest)['pullRequestId']}"
    changed = rest("PATCH", path, json={"title": "T", "description": "D", "isDraft": True})
    assert (changed["title"], changed["description"], changed["isDraft"]) == ("T", "D", True)
    refused: list[Any] = [{"sourceRefName": "refs/heads/main"}, {"labels": []}, {}, {"description": "x" * 4_001}]
    for wrong in refused:
        rest("PATCH", path, json=wrong, status=400)
    me = {"id": changed["createdBy"]["id"]}
    rest("PATCH", path, json={"autoCompleteSetBy": me}, status=400)
    rest("PATCH", path, json={"isDraft": False})
    assert rest("PATCH", path, json={"autoCompleteSetBy": me})["autoCompleteSetBy"]["id"] == me["id"]


@pytest.mark.parametrize(
    ("strategy", "parents", "count"),
    [("noFastForward", 2, 3), ("squash", 1, 2), ("rebase", 1, 2), ("rebaseMerge", 2, 3)],
)
def test_completing_merges(rest: Any, strategy: str, parents: int, count: int) -> None:
    path = f"{PULLS}/{create(rest, workItemRefs=[{'id': '7'}])['pullRequestId']}"
    options = {"mergeStrategy": strategy, "deleteSourceBranch": True, "transitionWorkItems": True}
    rest("PATCH", path, json={"status": "completed"}, status=400)
    stale = {"status": "completed", "lastMergeSourceCommit": {"commitId": "1" * 40}}
    rest("PATCH", path, json=stale, status=409)
    done = rest(
        "PATCH",
        path,
        json={
            "status": "completed",
            "lastMergeSourceCommit": {"commitId": tip(rest, "feature")},
            "completionOptions": options,
        },
    )
    assert done["status"] == "completed"
    assert tip(rest, "main") == done["lastMergeCommit"]["commitId"]
    assert len(rest("GET", f"{HOME}/commits/{tip(rest, 'main')}")["parents"]) == parents
    assert rest("GET", f"{HOME}/commits")["count"] == count
    assert rest("GET", f"{HOME}/refs", params={"filter": "heads/feature"})["count"] == 0
    assert rest("GET", f"{HOME}/items", params={"path": "/new.py", "includeContent": "true"})["content"] == "x = 1\n"
    assert rest("GET", "_apis/wit/workitems/7")["fields"]["System.State"] == "Closed"
    rest("PATCH", path, json={"title": "late"}, status=403)


def test_an_abandoned_pull_request_is_reactivated(rest: Any) -> None:
    path = f"{PULLS}/{create(rest)['pullRequestId']}"
    assert rest("PATCH", path, json={"status": "abandoned"})["closedDate"]
    create(rest)
    rest("PATCH", path, json={"title": "x"}, status=403)
    assert rest("PATCH", path, json={"status": "active"})["status"] == "active"


def commit(git: Callable[..., str], checkout: Path, name: str, content: str) -> None:
    (checkout / name).write_text(content, encoding="utf-8")
    git("add", ".", cwd=checkout)
    git("commit", "--quiet", "-m", f"Write {name}", cwd=checkout)


def test_a_push_is_a_new_iteration(rest: Any, git: Any, git_environment: Any, checkout: Path) -> None:
    path = f"{HOME}/pullRequests/{create(rest)['pullRequestId']}"
    git("switch", "--quiet", "feature", cwd=checkout)
    commit(git, checkout, "more.py", "y = 2\n")
    git("push", "--quiet", "origin", "feature", cwd=checkout, environment=git_environment)
    assert [one["reason"] for one in rest("GET", f"{path}/iterations")["value"]] == ["create", "push"]
    git("commit", "--quiet", "--amend", "-m", "Rewritten", cwd=checkout)
    git("push", "--quiet", "--force", "origin", "feature", cwd=checkout, environment=git_environment)
    assert rest("GET", f"{path}/iterations/3")["reason"] == "forcePush"
    rest("GET", f"{path}/iterations/4", status=404)
    changes = rest("GET", f"{path}/iterations/3/changes")["changeEntries"]
    assert {one["item"]["path"]: one["changeType"] for one in changes} == {
        "/cart.py": "edit",
        "/more.py": "add",
        "/new.py": "add",
    }
    since = rest("GET", f"{path}/iterations/3/changes", params={"$compareTo": "1"})["changeEntries"]
    assert [one["item"]["path"] for one in since] == ["/more.py"]
    assert rest("GET", f"{path}/commits")["count"] == 2


def test_conflicts_are_found_by_a_trial_merge(rest: Any, git: Any, git_environment: Any, checkout: Path) -> None:
    git("switch", "--quiet", "-c", "other", cwd=checkout)
    commit(git, checkout, "cart.py", "def total(prices):\n    return 42\n")
    git("push", "--quiet", "origin", "other", cwd=checkout, environment=git_environment)
    made = create(rest, targetRefName="refs/heads/other")
    path = f"{PULLS}/{made['pullRequestId']}"
    pull = rest("GET", path)
    assert pull["mergeStatus"] == "conflicts"
    assert "cart.py" in pull["mergeFailureMessage"]
    body = {"status": "completed", "lastMergeSourceCommit": {"commitId": tip(rest, "feature")}}
    assert rest("PATCH", path, json=body)["status"] == "active"
    assert rest("PATCH", path, json={"targetRefName": "refs/heads/main"})["mergeStatus"] == "succeeded"


def test_a_missing_right_is_named(serve: Any, seed: Any, tmp_path: Path) -> None:
    repository = {**seed["repositories"][0], "deny": ["PullRequestContribute"]}
    with serve(tmp_path / "organisation", {**seed, "deny": ["WorkItemWrite"], "repositories": [repository]}) as rest:
        refused = create(rest, 403)
        assert refused["typeKey"] == "GitNeedsPermissionException"
        assert "TF401027: You need the Git 'PullRequestContribute' permission" in refused["message"]
        assert "Build\\" in refused["message"]
        denied = rest.patch_item(7, {"op": "add", "path": "/fields/System.Title", "value": "x"}, status=403)
        assert denied["message"].startswith("TF237111")
        comments = "Shop%20Floor/_apis/wit/workItems/7/comments"
        rest("POST", comments, json={"text": "x"}, version="7.1-preview.4", status=403)
