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


def test_a_new_tag_needs_a_right_and_a_known_one_does_not(serve: Any, tmp_path: Path) -> None:
    item = {"id": 7, "type": "Task", "fields": {"System.Title": "x", "System.Tags": "known"}}
    with serve(tmp_path, {"project": "P", "work_items": [item], "deny": ["CreateTagDefinition"]}) as rest:
        steps = [{"op": "add", "path": "/fields/System.Tags", "value": "known; new"}]
        refused = rest("PATCH", "_apis/wit/workitems/7", data=json.dumps(steps), headers=PATCH, status=403)
        assert refused["message"].startswith("TF401289")
        rest("PATCH", "_apis/wit/workitems/7", data=TITLE, headers=PATCH)


def test_builds_are_hidden_without_the_right_to_view_them(serve: Any, seed: Any, tmp_path: Path) -> None:
    with serve(tmp_path, {**seed, "deny": ["ViewBuilds"]}) as rest:
        refused = rest("GET", "Shop%20Floor/_apis/build/builds/1", status=403)
        assert "needs View builds permissions" in refused["message"]
        assert rest("GET", "Shop%20Floor/_apis/build/builds")["value"] == []


def test_a_required_field_keeps_an_item_from_being_saved(serve: Any, tmp_path: Path) -> None:
    item = {"id": 7, "type": "Task", "fields": {"System.Title": "x"}}
    with serve(tmp_path, {"project": "P", "work_items": [item], "required": {"Task": ["Custom.Team"]}}) as rest:
        refused = rest("PATCH", "_apis/wit/workitems/7", data=TITLE, headers=PATCH, status=400)
        assert refused["message"] == "TF401320: Rule Error for field Team. Error code: Required, InvalidEmpty."
        steps = [*json.loads(TITLE), {"op": "add", "path": "/fields/Custom.Team", "value": "web"}]
        rest("PATCH", "_apis/wit/workitems/7", data=json.dumps(steps), headers=PATCH)


def test_a_state_can_require_a_field(serve: Any, tmp_path: Path) -> None:
    item = {"id": 7, "type": "Task", "fields": {"System.Title": "x"}}
    rule = {"Task": {"Closed": ["Custom.Team"]}}
    with serve(tmp_path, {"project": "P", "work_items": [item], "required_by_state": rule}) as rest:

        def move(state: str, status: int) -> Any:
            steps = [{"op": "add", "path": "/fields/System.State", "value": state}]
            return rest("PATCH", "_apis/wit/workitems/7", data=json.dumps(steps), headers=PATCH, status=status)

        move("Active", 200)
        assert move("Closed", 400)["message"].startswith("TF401320: Rule Error for field Team.")
