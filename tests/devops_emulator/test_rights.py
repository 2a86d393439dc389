from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

PATCH = {"Content-Type": "application/json-patch+json"}
TITLE = json.dumps([{"op": "add", "path": "/fields/System.Title", "value": "x"}])
HOOK = {
    "publisherId": "tfs",
    "eventType": "workitem.updated",
    "consumerId": "webHooks",
    "consumerActionId": "httpRequest",
    "consumerInputs": {"url": "https://example.com"},
}
REPOSITORY = "Shop%20Floor/_apis/git/repositories/web"
COMMENTS = "Shop%20Floor/_apis/wit/workItems/7/comments"


@pytest.mark.parametrize(
    ("right", "asked", "refusal"),
    [
        ("WorkItemRead", ("GET", "_apis/wit/workitems/7", None), (404, "TF401232")),
        ("WorkItemRead", ("GET", COMMENTS, None), (404, "TF401232")),
        ("WorkItemWrite", ("POST", COMMENTS, {"text": "x"}), (403, "TF237111")),
        ("GenericRead", ("GET", REPOSITORY, None), (404, "TF401019")),
        ("GenericRead", ("GET", f"{REPOSITORY}/refs", None), (404, "TF401019")),
        ("PullRequestContribute", ("POST", f"{REPOSITORY}/pullrequests", {}), (403, "'PullRequestContribute'")),
        (
            "UpdateBuildInformation",
            ("PUT", "Shop%20Floor/_apis/build/builds/1/tags/x", None),
            (403, "Update build information"),
        ),
    ],
)
def test_a_denied_right_is_enforced(
    serve: Any, seed: Any, tmp_path: Path, *, right: str, asked: tuple[str, str, Any], refusal: tuple[int, str]
) -> None:
    method, path, body = asked
    status, word = refusal
    item = {"id": 7, "type": "Task", "fields": {"System.Title": "x"}}
    with serve(tmp_path, {**seed, "work_items": [item], "deny": [right]}) as rest:
        preview = {"version": "7.1-preview.4"} if path == COMMENTS else {}
        assert word in rest(method, path, json=body, status=status, **preview)["message"]


def test_unreadable_items_are_not_found(serve: Any, tmp_path: Path) -> None:
    items = [{"id": 7, "type": "Task", "fields": {"System.Title": "x"}}]
    with serve(tmp_path, {"project": "P", "work_items": items, "deny": ["WorkItemRead"]}) as rest:
        query = {"query": "SELECT [System.Id] FROM WorkItems"}
        assert rest("POST", "P/_apis/wit/wiql", json=query)["workItems"] == []


def test_denied_items_and_hooks_cannot_be_written(serve: Any, tmp_path: Path) -> None:
    with serve(tmp_path, {"project": "P", "deny": ["WorkItemWrite", "EditSubscriptions"]}) as rest:
        rest("POST", "P/_apis/wit/workitems/$Task", data=TITLE, headers=PATCH, status=403)
        octets = {"Content-Type": "application/octet-stream"}
        rest("POST", "P/_apis/wit/attachments", data=b"x", headers=octets, status=403)
        hook = {**HOOK, "publisherInputs": {"projectId": rest.emulator.projects["P"]["id"]}}
        assert "EditSubscriptions" in rest("POST", "_apis/hooks/subscriptions", json=hook, status=403)["message"]
