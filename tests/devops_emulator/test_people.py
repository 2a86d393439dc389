from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path
from typing import Any

REPOSITORY = "Shop%20Floor/_apis/git/repositories/web"
COMMENTS = "Shop%20Floor/_apis/wit/workItems/7/comments"
PREVIEW = "7.1-preview.4"
JANE = "Jane Doe"


def as_jane(rest: Any) -> Any:
    return replace(rest, emulator=replace(rest.emulator, token=rest.emulator.tokens["jane@example.com"]))


def test_the_job_has_an_identity(rest: Any) -> None:
    me = rest("GET", "_apis/connectionData", version="7.1-preview")["authenticatedUser"]
    assert me["providerDisplayName"] == "Project Collection Build Service (emulated)"
    assert me["id"] == rest.emulator.environment["web"]["BUILD_REQUESTEDFORID"]


def test_people_are_found_by_mail_name_and_id(rest: Any) -> None:
    def ids(**params: str) -> list[str]:
        return [one["id"] for one in rest("GET", "_apis/identities", params=params)["value"]]

    by_mail = ids(searchFilter="General", filterValue="JANE@example.com")
    assert len(by_mail) == 1
    assert ids(searchFilter="DisplayName", filterValue="Jane Doe") == by_mail
    assert ids(identityIds=by_mail[0]) == by_mail
    assert ids(searchFilter="MailAddress", filterValue="nobody@example.com") == []
    rest("GET", "_apis/identities", status=400)


def test_whoever_sends_a_request_is_its_author(rest: Any) -> None:
    jane = as_jane(rest)
    me = jane("GET", "_apis/connectionData", version="7.1-preview")["authenticatedUser"]
    assert me["providerDisplayName"] == JANE

    jane.patch_item(7, {"op": "add", "path": "/fields/System.Title", "value": "Hers"})
    assert rest("GET", "_apis/wit/workitems/7")["fields"]["System.ChangedBy"]["id"] == me["id"]
    assert rest("GET", "_apis/wit/workItems/7/updates")["value"][-1]["revisedBy"]["id"] == me["id"]
    said = jane("POST", COMMENTS, json={"text": "Hers"}, version=PREVIEW)
    assert said["createdBy"]["id"] == me["id"]
    rest("PATCH", f"{COMMENTS}/{said['id']}", json={"text": "Edited"}, version=PREVIEW)
    edited = rest("GET", f"{COMMENTS}/{said['id']}", version=PREVIEW)
    assert (edited["createdBy"]["id"], edited["modifiedBy"]["id"] == me["id"]) == (me["id"], False)

    refs = {one["name"]: one["objectId"] for one in rest("GET", f"{REPOSITORY}/refs")["value"]}
    created = {"name": "refs/heads/hers", "oldObjectId": "0" * 40, "newObjectId": refs["refs/heads/feature"]}
    jane("POST", f"{REPOSITORY}/refs", json=[created])
    moved = {**created, "oldObjectId": created["newObjectId"], "newObjectId": refs["refs/heads/main"]}
    rest("POST", f"{REPOSITORY}/refs", json=[moved])
    (shown,) = rest("GET", f"{REPOSITORY}/refs", params={"filter": "heads/hers"})["value"]
    assert shown["creator"]["id"] == me["id"]
    asked = {"searchCriteria.refName": "refs/heads/hers", "searchCriteria.includeRefUpdates": "true"}
    pushes = rest("GET", f"{REPOSITORY}/pushes", params=asked)["value"]
    assert [push["pushedBy"]["id"] == me["id"] for push in pushes] == [False, True]
    assert pushes[1]["refUpdates"][0]["newObjectId"] == created["newObjectId"]
    del asked["searchCriteria.includeRefUpdates"]
    assert "refUpdates" not in rest("GET", f"{REPOSITORY}/pushes", params=asked)["value"][0]

    pull = {"sourceRefName": "refs/heads/feature", "targetRefName": "refs/heads/main", "title": "Hers"}
    assert jane("POST", f"{REPOSITORY}/pullrequests", json=pull, status=201)["createdBy"]["id"] == me["id"]


def test_a_push_by_git_is_of_the_owner_of_the_token(
    rest: Any, git: Callable[..., str], git_environment: dict[str, str], checkout: Path
) -> None:
    token = rest.emulator.tokens["jane@example.com"]
    hers = {**git_environment, "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {token}"}
    git("push", "--quiet", "origin", "HEAD:refs/heads/hers", cwd=checkout, environment=hers)
    assert rest("GET", f"{REPOSITORY}/pushes")["value"][0]["pushedBy"]["displayName"] == JANE


def test_only_the_job_is_denied_rights(
    serve: Callable[[Path, Any], AbstractContextManager[Any]], seed: dict[str, Any], tmp_path: Path
) -> None:
    with serve(tmp_path, {**seed, "deny": ["WorkItemWrite"]}) as rest:
        rest("POST", COMMENTS, json={"text": "x"}, status=403, version=PREVIEW)
        as_jane(rest)("POST", COMMENTS, json={"text": "x"}, version=PREVIEW)
