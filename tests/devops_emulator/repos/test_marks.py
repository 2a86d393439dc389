from __future__ import annotations

import json
from typing import Any

import pytest


@pytest.fixture
def home(rest: Any) -> str:
    repository = "Shop%20Floor/_apis/git/repositories/web"
    body = {"sourceRefName": "refs/heads/feature", "targetRefName": "refs/heads/main", "title": "T"}
    made = rest("POST", f"{repository}/pullrequests", json=body, status=201)
    return f"{repository}/pullRequests/{made['pullRequestId']}"


def test_labels(rest: Any, home: str) -> None:
    made = rest("POST", f"{home}/labels", json={"name": "ai"})
    assert rest("POST", f"{home}/labels", json={"name": "AI"})["id"] == made["id"]
    assert rest("GET", f"{home}/labels/ai")["id"] == made["id"]
    rest("DELETE", f"{home}/labels/{made['id']}")
    assert rest("GET", f"{home}/labels")["count"] == 0
    rest("DELETE", f"{home}/labels/ai", status=404)
    rest("POST", f"{home}/labels", json={}, status=400)


def test_reviewers(rest: Any, home: str) -> None:
    me = rest.emulator.environment["web"]["BUILD_REQUESTEDFORID"]
    found = rest("GET", "_apis/identities", params={"searchFilter": "General", "filterValue": "Jane Doe"})
    jane = found["value"][0]["id"]
    assert rest("PUT", f"{home}/reviewers/{jane}", json={"vote": 0, "isRequired": True})["isRequired"] is True
    assert rest("PUT", f"{home}/reviewers/{me}", json={"vote": 10})["vote"] == 10
    rest("PUT", f"{home}/reviewers/{jane}", json={"vote": 10}, status=400)
    rest("PUT", f"{home}/reviewers/{me}", json={"vote": 7}, status=400)
    rest("PUT", f"{home}/reviewers/00000000-0000-0000-0000-000000000000", json={}, status=404)
    assert rest("POST", f"{home}/reviewers", json=[{"id": jane}])["count"] == 1
    assert rest("GET", f"{home}/reviewers")["count"] == 2
    assert rest("GET", f"{home}/reviewers/{jane}")["displayName"] == "Jane Doe"
    rest("DELETE", f"{home}/reviewers/{jane}")
    rest("GET", f"{home}/reviewers/{jane}", status=404)


def test_statuses(rest: Any, home: str) -> None:
    body = {
        "state": "succeeded",
        "description": "d",
        "targetUrl": "https://example.com",
        "context": {"name": "checks", "genre": "redimento"},
    }
    made = rest("POST", f"{home}/statuses", json={**body, "iterationId": 1})
    assert made["context"] == {"name": "checks", "genre": "redimento"}
    assert rest("GET", f"{home}/statuses")["count"] == 1
    assert rest("GET", f"{home}/statuses/{made['id']}")["state"] == "succeeded"
    rest("POST", f"{home}/statuses", json={"state": "succeeded"}, status=400)
    rest("POST", f"{home}/statuses", json={**body, "state": "fine"}, status=400)
    rest("POST", f"{home}/statuses", json={**body, "iterationId": 9}, status=400)


def test_properties(rest: Any, home: str) -> None:
    patch = {"Content-Type": "application/json-patch+json"}
    steps = [
        {"op": "add", "path": "/redimento.run", "value": "r1"},
        {"op": "add", "path": "/redimento.count", "value": 3},
    ]
    rest("PATCH", f"{home}/properties", data=json.dumps(steps), headers=patch)
    kept = rest("GET", f"{home}/properties")["value"]
    assert kept["redimento.run"] == {"$type": "System.String", "$value": "r1"}
    assert kept["redimento.count"]["$value"] == 3
    removal = json.dumps([{"op": "remove", "path": "/redimento.run"}])
    assert "redimento.run" not in rest("PATCH", f"{home}/properties", data=removal, headers=patch)["value"]
    rest("PATCH", f"{home}/properties", json=[], status=415)


def test_threads_and_their_comments(rest: Any, home: str) -> None:
    body = {
        "comments": [{"parentCommentId": 0, "content": "Why?", "commentType": "text"}],
        "status": "active",
        "threadContext": {
            "filePath": "/cart.py",
            "rightFileStart": {"line": 1, "offset": 1},
            "rightFileEnd": {"line": 1, "offset": 5},
        },
        "properties": {"redimento": "yes"},
    }
    thread = rest("POST", f"{home}/threads", json=body)
    path = f"{home}/threads/{thread['id']}"
    reply = rest("POST", f"{path}/comments", json={"content": "Because", "parentCommentId": 1})
    assert reply["parentCommentId"] == 1
    assert rest("PATCH", f"{path}/comments/2", json={"content": "So"})["content"] == "So"
    assert rest("PATCH", path, json={"status": "fixed"})["status"] == "fixed"
    rest("DELETE", f"{path}/comments/2")
    shown = rest("GET", path)
    assert shown["comments"][1]["isDeleted"] is True
    assert shown["properties"]["redimento"]["$value"] == "yes"
    assert rest("GET", f"{home}/threads")["count"] == 1
    assert rest("GET", f"{path}/comments")["count"] == 2
    assert rest("GET", f"{path}/comments/1")["content"] == "Why?"
    refused: list[Any] = [
        {"comments": []},
        {**body, "status": "done"},
        {**body, "threadContext": {"filePath": "cart.py"}},
        {**body, "remark": "x"},
        {"comments": [{"content": "x", "text": "x"}]},
    ]
    for wrong in refused:
        rest("POST", f"{home}/threads", json=wrong, status=400)
    rest("POST", f"{path}/comments", json={"content": "x", "parentCommentId": 9}, status=400)
    rest("GET", f"{home}/threads/99", status=404)


def test_places_of_threads_are_moved_to_the_iteration_that_is_asked_for(rest: Any, home: str) -> None:
    repository = home.partition("/pullRequests")[0]

    def push(text: str) -> None:
        (tip,) = rest("GET", f"{repository}/refs", params={"filter": "heads/feature"})["value"]
        kind = "edit" if "zero" in text else "add"
        content = {"content": text, "contentType": "rawtext"}
        commit = {"comment": "x", "changes": [{"changeType": kind, "item": {"path": "/n.txt"}, "newContent": content}]}
        update = {"name": "refs/heads/feature", "oldObjectId": tip["objectId"]}
        rest("POST", f"{repository}/pushes", json={"refUpdates": [update], "commits": [commit]}, status=201)

    push("one\ntwo\n")
    place = {"filePath": "/n.txt", "rightFileStart": {"line": 2, "offset": 1}, "rightFileEnd": {"line": 2, "offset": 2}}
    rest("POST", f"{home}/threads", json={"comments": [{"content": "x"}], "threadContext": place})
    push("zero\none\ntwo\n")
    newest = rest("GET", f"{home}/iterations")["count"]
    (as_made,) = rest("GET", f"{home}/threads")["value"]
    assert as_made["threadContext"] == place
    tracked = {"$iteration": str(newest), "$baseIteration": str(newest)}
    (moved,) = rest("GET", f"{home}/threads", params=tracked)["value"]
    assert moved["threadContext"]["rightFileStart"]["line"] == 3
    criteria = moved["pullRequestThreadContext"]["trackingCriteria"]
    assert criteria["origRightFileStart"]["line"] == 2
    assert criteria["secondComparingIteration"] == newest


def test_pushes_are_found_by_who_pushed(rest: Any, home: str) -> None:
    repository = home.partition("/pullRequests")[0]
    me = rest.emulator.environment["web"]["BUILD_REQUESTEDFORID"]
    (tip,) = rest("GET", f"{repository}/refs", params={"filter": "heads/feature"})["value"]
    update = {"name": "refs/heads/more", "oldObjectId": "0" * 40, "newObjectId": tip["objectId"]}
    rest("POST", f"{repository}/refs", json=[update])
    pushed = rest("GET", f"{repository}/pushes", params={"searchCriteria.pusherId": me})["value"]
    assert {push["pushedBy"]["id"] for push in pushed} <= {me}
    nobody = {"searchCriteria.pusherId": "00000000-0000-0000-0000-000000000000"}
    assert rest("GET", f"{repository}/pushes", params=nobody)["count"] == 0
