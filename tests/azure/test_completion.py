"""Auto-complete, the status and the comment of a pull request, on an organisation and on a hostile server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from devops_emulator.server import running
from redimento.azure.client import AzureClient
from redimento.azure.completion import allowed, chosen
from redimento.azure.history import queued
from redimento.azure.repos import AzurePullRequests
from redimento.delivery.pull_request import CheckStatus, PullRequest
from redimento.errors import AzureError, NotThereError, PermissionMissingError, UsageError
from redimento.settings import AutoComplete, Reviewer
from redimento.work_items.mark import Mark
from tests.azure.clients import client_for
from tests.azure.conftest import SEED, Connected, connect
from tests.azure.hostile import Pauses, Serve, json_answer, nothing
from tests.azure.test_repos import BARE, path_of, rows

MERGE = "fa4e907d-c16b-4a4c-9dfa-4916e5d171ab"
APPROVALS = "FA4E907D-C16B-4A4C-9DFA-4906E5D171DD"
REVIEWERS = "fd2167ab-b0be-447a-8ec8-39368250530e"
REVIEWED = {"type": "Minimum number of reviewers", "branch": "main", "settings": {"minimumApproverCount": 2}}


def policy(kind: str, settings: Any = None, **more: Any) -> dict[str, Any]:
    return {"type": {"id": kind}, "isEnabled": True, "isBlocking": True, "settings": settings or {}, **more}


APPROVED = policy(APPROVALS, {"minimumApproverCount": 1})


def on(serve: Serve, *policies: Any) -> tuple[str, ...]:
    server = serve(json_answer({"value": list(policies)}))
    return allowed(client_for(server), "Shop", "repository", "main")


@pytest.mark.parametrize(
    ("policies", "strategies"),
    [
        ([], ("noFastForward", "squash", "rebaseMerge", "rebase")),
        ([policy(MERGE, {"allowSquash": True, "allowRebase": True})], ("squash", "rebase")),
        (
            [policy(MERGE, {"allowSquash": True, "allowRebase": True}), policy(MERGE, {"allowRebase": True})],
            ("rebase",),
        ),
        ([policy(MERGE, {"useSquashMerge": True})], ("squash",)),
        ([policy(MERGE, {"useSquashMerge": False})], ("noFastForward",)),
        ([policy(MERGE, {"useSquashMerge": False, "allowSquash": True})], ("squash",)),
        (
            [policy(MERGE, {"allowRebase": True}, isBlocking=False)],
            ("noFastForward", "squash", "rebaseMerge", "rebase"),
        ),
        ([policy(MERGE, {"allowRebase": False})], ()),
    ],
)
def test_every_policy_limits_the_merges(serve: Serve, policies: list[Any], strategies: tuple[str, ...]) -> None:
    assert on(serve, APPROVED, *policies) == strategies


@pytest.mark.parametrize(
    "policies",
    [
        [],
        [policy(MERGE, {"allowSquash": True})],
        [policy(APPROVALS, {"minimumApproverCount": 0})],
        [policy(APPROVALS, {"minimumApproverCount": 1}, isBlocking=False)],
        [policy(APPROVALS, {"minimumApproverCount": 1}, isEnabled=False)],
        [policy(APPROVALS, {"minimumApproverCount": 1}, isDeleted=True)],
        [policy(REVIEWERS, {"requiredReviewerIds": ["1"], "filenamePatterns": ["/docs/*"]})],
    ],
)
def test_without_a_person_who_has_to_approve_nothing_is_completed(serve: Serve, policies: list[Any]) -> None:
    with pytest.raises(UsageError, match="No required policy of main"):
        on(serve, *policies)


def test_required_reviewers_are_people_as_well(serve: Serve) -> None:
    assert on(serve, policy(REVIEWERS, {"requiredReviewerIds": ["1"]}))


def test_a_merge_is_the_wanted_one_or_the_first_that_is_allowed() -> None:
    assert chosen(("squash", "rebase"), "auto") == "squash"
    assert chosen(("squash", "rebase"), "rebase") == "rebase"
    with pytest.raises(UsageError, match="'noFastForward'; they allow: squash, rebase"):
        chosen(("squash", "rebase"), "noFastForward")
    with pytest.raises(UsageError, match="together allow no kind of merge"):
        chosen((), "auto")


@pytest.fixture
def reviewed(tmp_path: Path, source: Path) -> Any:
    repository = {"name": "web", "from": str(source), "policies": [REVIEWED]}
    with running(tmp_path / "organisation", seed={**SEED, "repositories": [repository]}) as served:
        yield connect(served)


READY = replace(BARE, draft=False)


def test_auto_complete_is_set_once_and_cancelled(reviewed: Connected) -> None:
    port = reviewed.pull_requests
    opened = port.open(READY)
    assert not opened.auto_complete
    port.complete_by_policy(opened, AutoComplete(merge="squash", delete_branch=False))
    now = reviewed.client.get(path_of(reviewed, opened.id), project=reviewed.job.project_id)
    assert now["completionOptions"] == {"mergeStrategy": "squash", "deleteSourceBranch": False}
    assert port.current(opened).auto_complete
    port.keep_open(opened)
    assert not port.current(opened).auto_complete


def test_a_missing_right_to_auto_complete_is_named(tmp_path: Path, source: Path) -> None:
    repository = {"name": "web", "from": str(source), "policies": [REVIEWED], "deny": ["GenericContribute"]}
    with running(tmp_path / "organisation", seed={**SEED, "repositories": [repository]}) as served:
        port = connect(served).pull_requests
        with pytest.raises(PermissionMissingError, match="'Contribute', needed for auto-complete of pull request"):
            port.complete_by_policy(port.open(READY), AutoComplete())


OPEN = PullRequest(3, "u", "redimento/7-round", "main", "Round", "", draft=False, status="active")
STATUS = CheckStatus("succeeded", "x" * 300, "", "c" * 40)
OTHERS = json_answer({"value": [{"id": 1, "sourceRefCommit": {"commitId": "a" * 40}}]})
OURS = json_answer({"value": [{"id": number, "sourceRefCommit": {"commitId": "c" * 40}} for number in (2, 4, 3)]})


def port_on(server: Any) -> AzurePullRequests:
    client = AzureClient(server.url, "token-0123456789", sleep=Pauses())
    client.account = "0000-me"
    return AzurePullRequests(client, "Shop", "project-id", "web", "repository-id")


def test_a_status_waits_until_the_service_has_seen_the_push(serve: Serve) -> None:
    server = serve(OTHERS, OTHERS, OURS, json_answer({}))
    port_on(server).post(OPEN, STATUS)
    assert [seen.method for seen in server.seen] == ["GET", "GET", "GET", "POST"]
    assert server.seen[3].json == {
        "state": "succeeded",
        "description": "x" * 200,
        "context": {"genre": "redimento", "name": "checks"},
        "iterationId": 4,
    }


def test_a_status_is_not_posted_on_other_commits(serve: Serve) -> None:
    server = serve(*[OTHERS] * 5)
    with pytest.raises(AzureError, match="does not show the commit cccccccccccc"):
        port_on(server).post(OPEN, STATUS)
    assert {seen.method for seen in server.seen} == {"GET"}


def test_one_comment_has_the_text_and_is_not_brought_back(azure: Connected) -> None:
    port, opened = azure.pull_requests, azure.pull_requests.open(BARE)

    def said() -> list[tuple[str, str | None]]:
        return [(row["status"], row["comments"][0].get("content")) for row in rows(azure, opened.id, "/threads")]

    port.remark(opened, "One.")
    port.remark(opened, "Two.", update=False)
    assert said() == [("closed", "One.")]
    port.remark(opened, "Two.")
    assert said() == [("closed", "Two.")]
    (thread,) = rows(azure, opened.id, "/threads")
    path = path_of(azure, opened.id, f"/threads/{thread['id']}/comments/1")
    azure.client.write("DELETE", path, project=azure.job.project_id, body=None)
    port.remark(opened, "Three.")
    assert said() == [("closed", None)]


def test_a_comment_of_somebody_else_is_never_taken_for_ours(azure: Connected) -> None:
    port, opened = azure.pull_requests, azure.pull_requests.open(BARE)
    ann = AzureClient(azure.emulator.url, azure.emulator.tokens["ann@contoso.com"], sleep=Pauses())
    body = {"comments": [{"content": "Mine."}], "properties": {"Redimento.WholeText": "1"}, "status": "active"}
    ann.write("POST", path_of(azure, opened.id, "/threads"), project=azure.job.project_id, body=body)
    port.remark(opened, "One.")
    assert [row["comments"][0]["content"] for row in rows(azure, opened.id, "/threads")] == ["Mine.", "One."]


def test_a_comment_whose_answer_was_lost_is_not_written_twice(serve: Serve) -> None:
    ours = {
        "id": 1,
        "properties": {"Redimento.WholeText": 1},
        "comments": [{"author": {"id": "0000-ME"}, "content": "One."}],
    }
    server = serve(json_answer({"value": []}), nothing(), json_answer({"value": [ours]}))
    port_on(server).remark(OPEN, "One.")
    assert [seen.method for seen in server.seen] == ["GET", "POST", "GET"]


def test_the_server_says_whose_a_pull_request_is(azure: Connected) -> None:
    port, opened = azure.pull_requests, azure.pull_requests.open(BARE)
    found = port.numbered(opened.id)
    assert (found.id, found.source_branch, found.ours) == (opened.id, "redimento/7-round", True)
    with pytest.raises(NotThereError, match="Pull request 99 does not exist"):
        port.numbered(99)
    ann = AzureClient(azure.emulator.url, azure.emulator.tokens["ann@contoso.com"], sleep=Pauses())
    assert not replace(port, client=ann).numbered(opened.id).ours


def people(serve: Serve, *found: dict[str, Any]) -> AzurePullRequests:
    return port_on(serve(json_answer({"value": []}), json_answer({"value": list(found)})))


def person(number: str, name: str, mail: str, **more: Any) -> dict[str, Any]:
    properties = {"Account": {"$value": mail}, "Mail": {"$value": mail}}
    return {"id": number, "providerDisplayName": name, "isActive": True, "properties": properties, **more}


def test_people_of_one_name_are_told_apart_by_what_would_work(serve: Serve) -> None:
    port = people(serve, person("1", "Ann", "ann@contoso.com"), person("2", "Ann", "ann@fabrikam.com"))
    found, (said,) = port.identities((Reviewer("Ann"),))
    assert found == ()
    assert said == (
        "Reviewer 'Ann' was not added: 2 accounts have that name. "
        "Use 'ann@contoso.com' or 'ann@fabrikam.com' in pull_request.reviewers, or an id."
    )


def test_a_name_that_only_begins_like_another_is_a_question(serve: Serve) -> None:
    found, (said,) = people(serve, person("1", "Ann Archer", "ann@contoso.com")).identities((Reviewer("Ann"),))
    assert found == ()
    assert said == "Reviewer 'Ann' was not added: nobody has that name. Did you mean 'ann@contoso.com'?"


def test_a_group_of_the_project_needs_no_project_in_its_name(serve: Serve) -> None:
    own, other = (
        {"id": number, "providerDisplayName": f"[{project}]\\Team", "isContainer": True, "isActive": True}
        for number, project in (("A1", "Shop"), ("B2", "Other"))
    )
    port = people(serve, other, own)
    assert port.identities((Reviewer("team", required=True),)) == ((Reviewer("a1", required=True),), ())
    _, (said,) = people(serve, other).identities((Reviewer("Team"),))
    assert r"Did you mean '[Other]\Team'?" in said


def test_who_is_named_twice_is_required_if_one_of_them_says_so(azure: Connected) -> None:
    twice = (Reviewer("ann@contoso.com", required=True), Reviewer("Ann Archer"))
    (one,), warnings = azure.pull_requests.identities(twice)
    assert (one.required, warnings) == (True, ())


def test_who_asked_is_who_moved_the_item_or_created_it(azure: Connected) -> None:
    board = azure.board
    item = board.load(7)
    creator = board.requester(item, "")
    ann = AzureClient(azure.emulator.url, azure.emulator.tokens["ann@contoso.com"], sleep=Pauses())
    step = {"op": "add", "path": "/fields/System.State", "value": "Resolved"}
    ann.write("PATCH", "_apis/wit/workitems/7", body=[step], content_type="application/json-patch+json")
    assert board.requester(item, "") == "Ann Archer <ann@contoso.com>"
    board.mark(board.load(7), Mark("Active"))  # our own move asks for nothing
    assert board.requester(item, "") == "Ann Archer <ann@contoso.com>"
    assert creator != "Ann Archer <ann@contoso.com>"


@pytest.mark.parametrize(
    ("name", "mail", "shown"),
    [
        ("Ann", "ann@contoso.com", "Ann <ann@contoso.com>"),
        ("Ann <eve@evil.invalid>\nSigned-off-by: Eve", "ann@contoso.com", "Ann eve@evil.invalid Signed-off-by: Eve <ann@contoso.com>"),
        ("", "ann@contoso.com", "ann <ann@contoso.com>"),
        ("Build", "Build\\0123", ""),
        ("Ann", "ann@contoso.com>\nx: <y@z", ""),
        ("n" * 300, "ann@contoso.com", f"{'n' * 100} <ann@contoso.com>"),
    ],
)  # fmt: skip
def test_a_name_fits_into_one_trailer(serve: Serve, name: str, mail: str, shown: str) -> None:
    server = serve(json_answer({"id": 9, "requestedFor": {"displayName": name, "uniqueName": mail}}))
    assert queued(client_for(server), "Shop", "9") == shown
