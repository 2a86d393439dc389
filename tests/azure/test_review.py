"""The threads of a pull request as the emulated service shows them."""

from __future__ import annotations

from typing import Any

import pytest

from redimento.azure.client import AzureClient
from redimento.azure.repos import AzurePullRequests
from redimento.azure.review import AzureReview
from redimento.delivery.pull_request import PullRequestText
from redimento.delivery.review import Place
from redimento.errors import NotThereError
from tests.azure.clients import PROJECT_ID, TOKEN
from tests.azure.conftest import Connected
from tests.azure.hostile import Serve, json_answer

HOME = "_apis/git/repositories/web"


@pytest.fixture
def opened(azure: Connected) -> AzureReview:
    push(azure, "one\ntwo\nthree\n", "0" * 40)
    wanted = PullRequestText("redimento/7-x", "main", "T", "D", draft=False, work_item_id=7)
    made = azure.pull_requests.open(wanted)
    return AzureReview(azure.client, azure.pull_requests, made.id)


def push(site: Connected, text: str, old: str) -> str:
    client = site.client
    (main,) = client.get(f"{HOME}/refs", project="My Shop", query={"filter": "heads/main"})["value"]
    change = {
        "changeType": "add" if not old.strip("0") else "edit",
        "item": {"path": "/new.txt"},
        "newContent": {"content": text, "contentType": "rawText"},
    }
    commit = {"comment": "x", "changes": [change], "parents": [] if old.strip("0") else [main["objectId"]]}
    body = {"refUpdates": [{"name": "refs/heads/redimento/7-x", "oldObjectId": old}], "commits": [commit]}
    made = client.write("POST", f"{HOME}/pushes", project="My Shop", body=body)
    return str(made["refUpdates"][0]["newObjectId"])


def ask(site: Connected, of: AzureReview, body: dict[str, Any]) -> int:
    path = f"{HOME}/pullRequests/{of.number}/threads"
    return int(site.client.write("POST", path, project="My Shop", body=body)["id"])


def on(line: int, side: str = "right") -> dict[str, Any]:
    position = {"line": line, "offset": 1}
    return {"filePath": "/new.txt", f"{side}FileStart": position, f"{side}FileEnd": position}


def test_system_comments_and_deleted_ones_are_no_talk(azure: Connected, opened: AzureReview) -> None:
    number = ask(azure, opened, {"comments": [{"content": "joined", "commentType": "system"}]})
    path = f"{HOME}/pullRequests/{opened.number}/threads/{number}/comments"
    for text in ("gone", "kept"):
        azure.client.write("POST", path, project="My Shop", body={"content": text, "parentCommentId": 1})
    azure.client.write("DELETE", f"{path}/2", project="My Shop", body=None)
    (thread,) = opened.threads()
    assert [(one.id, one.text, one.ours) for one in thread.comments] == [(3, "kept", True)]
    assert thread.place is None


@pytest.mark.parametrize(
    ("status", "resolved"),
    [("active", False), ("pending", False), ("fixed", True), ("wontFix", True), ("closed", True), ("byDesign", True)],
)
def test_a_thread_knows_whether_it_is_resolved(
    azure: Connected,
    opened: AzureReview,
    status: str,
    resolved: bool,  # noqa: FBT001 - a column of the table
) -> None:
    ask(azure, opened, {"comments": [{"content": "x"}], "status": status})
    assert [one.resolved for one in opened.threads()] == [resolved]


def test_places_follow_the_code(azure: Connected, opened: AzureReview) -> None:
    for context in (on(3), on(2, "left"), {"filePath": "/new.txt"}):
        ask(azure, opened, {"comments": [{"content": "x"}], "threadContext": context})
    (first,) = azure.client.get(f"{HOME}/refs", project="My Shop", query={"filter": "heads/redimento/7-x"})["value"]
    push(azure, "zero\none\ntwo\nthree\n", first["objectId"])
    places = [thread.place for thread in opened.threads()]
    assert places == [Place("new.txt", 4, 4), Place("new.txt", 2, 2, removed=True), Place("new.txt")]


def test_an_answer_is_written_once_and_a_thread_resolved(azure: Connected, opened: AzureReview) -> None:
    number = ask(azure, opened, {"comments": [{"content": "x"}], "status": "active"})
    opened.reply(number, "Done.\n")
    opened.resolve(number)
    thread = opened.thread(number)
    assert [one.text for one in thread.comments] == ["x", "Done.\n"]
    assert thread.resolved


def test_only_who_has_pushed_contributes(azure: Connected, opened: AzureReview) -> None:
    query = {"searchFilter": "General", "filterValue": "ann@contoso.com"}
    (ann,) = azure.client.get("_apis/identities", query=query)["value"]
    assert opened.contributes(azure.client.account)
    assert not opened.contributes(ann["id"])
    assert not opened.contributes("")


def test_a_pull_request_that_is_not_there_is_said(azure: Connected) -> None:
    with pytest.raises(NotThereError):
        AzureReview(azure.client, azure.pull_requests, 99).pull_request()


def test_who_opened_the_pull_request_is_said_by_the_server(azure: Connected, opened: AzureReview) -> None:
    assert opened.pull_request().ours
    ann = AzureClient(azure.emulator.url, azure.emulator.tokens["ann@contoso.com"], project="My Shop")
    job = azure.job
    theirs = AzurePullRequests(ann, job.project, job.project_id, job.repository_name, job.repository_id)
    assert not AzureReview(ann, theirs, opened.number).pull_request().ours


def test_a_server_that_ignores_the_filter_vouches_for_nobody(serve: Serve) -> None:
    server = serve(json_answer({"value": [{"pushId": 1, "pushedBy": {"id": "somebody"}}]}))
    client = AzureClient(server.url, TOKEN)
    of = AzureReview(client, AzurePullRequests(client, "My Shop", PROJECT_ID, "web", "web"), 1)
    assert not of.contributes("eve")
