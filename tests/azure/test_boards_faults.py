"""Cases that the emulator does not cover: older servers, lost answers, missing rights."""

from __future__ import annotations

import pytest

from redimento.azure.boards import AzureBoard
from redimento.azure.client import AzureClient
from redimento.errors import AzureError, ConflictError
from redimento.work_items.item import WorkItem
from tests.azure.hostile import HostileServer, Pauses, Serve, Step, fault, json_answer, nothing

ME = json_answer({"authenticatedUser": {"id": "0000-me"}})
EMPTY = json_answer({"comments": [], "totalCount": 0})
ITEM = WorkItem(id=7, revision=3, type="Bug", kind="bug", title="Total", claims=("11",))
VOID = json_answer({"id": 11, "status": "completed"})


def link(build: str) -> dict[str, object]:
    attributes = {"name": "Build", "comment": "Redimento is working on this item"}
    return {"rel": "ArtifactLink", "url": f"vstfs:///Build/Build/{build}", "attributes": attributes}


def linked(revision: int, *builds: str) -> Step:
    return json_answer({"id": 7, "rev": revision, "relations": [link(build) for build in builds]})


def written(*builds: str, author: str = "0000-me") -> Step:
    """Answer with a history in which somebody linked these builds."""
    rows = [{"id": 4, "revisedBy": {"id": author}, "relations": {"added": [link(build) for build in builds]}}]
    return json_answer({"count": 1, "value": rows})


def board_on(server: HostileServer) -> tuple[AzureBoard, list[str]]:
    said: list[str] = []
    client = AzureClient(server.url, "token-0123456789", sleep=Pauses(), project="Shop")
    return AzureBoard(client, "Shop", said.append), said


def comments_of(*texts: str, author: str = "0000-me") -> Step:
    rows = [
        {"id": number, "text": text, "format": "markdown", "createdBy": {"id": author}}
        for number, text in enumerate(texts, start=40)
    ]
    return json_answer({"comments": rows, "totalCount": len(rows)})


def test_a_server_that_ignores_the_format_gets_the_comment_as_html(serve: Serve) -> None:
    server = serve(EMPTY, json_answer({"id": 5, "text": "**Done**"}), json_answer({"id": 5, "format": "html"}))
    board, _ = board_on(server)
    address = board.comment(7, "redimento-run", "**Done** & <b>raw</b>\n\n| a | b |\n|---|---|\n| 1 | 2 |")
    assert address == f"{server.url}Shop/_workitems/edit/7#5"
    again = server.seen[-1]
    assert (again.method, again.target) == ("PATCH", "/tfs/Main/Shop/_apis/wit/workItems/7/comments/5?format=html")
    text = again.json["text"]
    assert "<strong>Done</strong> &amp; &lt;b&gt;raw&lt;/b&gt;" in text
    assert "<td>1</td>" in text
    assert "redimento-run" in text


def test_a_server_that_refuses_the_format_gets_the_comment_as_html(serve: Serve) -> None:
    server = serve(EMPTY, fault(400, "VssPropertyValidationException", "format"), json_answer({"id": 5}))
    board, _ = board_on(server)
    board.comment(7, "redimento-run", "**Done**")
    assert server.seen[-1].target.endswith("/comments?format=html")
    assert server.seen[-1].json["text"].startswith("<p><strong>Done</strong></p>")


def test_a_comment_whose_answer_was_lost_is_not_written_twice(serve: Serve) -> None:
    server = serve(EMPTY, nothing(), comments_of("Done\n\nredimento-run\n"), ME)
    board, _ = board_on(server)
    assert board.comment(7, "redimento-run", "Done").endswith("#40")
    assert [seen.method for seen in server.seen] == ["GET", "POST", "GET", "GET"]


def test_the_comment_of_a_person_who_quotes_the_marker_is_left_alone(serve: Serve) -> None:
    server = serve(comments_of("redimento-run", author="ann"), ME, json_answer({"id": 41, "format": "markdown"}))
    board, _ = board_on(server)
    board.comment(7, "redimento-run", "Done")
    assert server.seen[-1].method == "POST"


def test_the_comment_for_a_repository_with_a_longer_name_is_left_alone(serve: Serve) -> None:
    others = comments_of(
        "**Redimento, web-api**", "**Redimento, web.old**", "<div><b>Redimento, R&amp;D</b><br>Done.</div>"
    )
    server = serve(others, json_answer({"id": 43, "format": "markdown"}), others, ME, json_answer({"id": 42}))
    board, _ = board_on(server)
    board.comment(7, "Redimento, web", "**Redimento, web** done")
    board.comment(7, "Redimento, R&D", "**Redimento, R&D** done")
    assert server.seen[1].method == "POST"
    assert server.seen[4].target.endswith("/comments/42?format=markdown")


@pytest.mark.parametrize("refused", [fault(403, "AccessDeniedException", "no"), json_answer({}), json_answer([])])
def test_without_our_account_no_comment_is_ours_and_none_is_written(serve: Serve, refused: Step) -> None:
    server = serve(comments_of("redimento-run"), refused)
    board, _ = board_on(server)
    with pytest.raises(AzureError):
        board.comment(7, "redimento-run", "Done")
    assert {seen.method for seen in server.seen} == {"GET"}


@pytest.mark.parametrize("author", [None, {}, {"id": ""}, {"id": None}, "0000-me"])
def test_a_comment_of_an_unknown_author_is_not_ours(serve: Serve, author: object) -> None:
    row = {"id": 40, "text": "redimento-run", "format": "markdown", "createdBy": author}
    server = serve(json_answer({"comments": [row]}), json_answer({"id": 41, "format": "markdown"}))
    board, _ = board_on(server)
    board.comment(7, "redimento-run", "Done")
    assert server.seen[-1].method == "POST"


def test_a_comment_of_ours_that_only_quotes_the_marker_is_left_alone(serve: Serve) -> None:
    server = serve(comments_of("see redimento-run"), json_answer({"id": 41, "format": "markdown"}))
    board, _ = board_on(server)
    board.comment(7, "redimento-run", "Done")
    assert server.seen[-1].method == "POST"


def test_a_claim_of_an_unreadable_run_counts_and_is_reported(serve: Serve) -> None:
    server = serve(linked(3, "11"), written("11"), ME, fault(403, "AccessDeniedException", "You need ViewBuilds."))
    board, said = board_on(server)
    assert board.claim(ITEM, "12") is None
    assert "claimed by run 11" in said[0]
    assert "remove the link to that build" in said[0]


def test_a_claim_of_an_unknown_author_does_not_count(serve: Serve) -> None:
    server = serve(linked(3, "11"), written("11", author=""), json_answer({"id": 7, "rev": 4}))
    board, _ = board_on(server)
    assert board.claim(ITEM, "12")
    assert [step["op"] for step in server.seen[-1].json] == ["test", "add"]


def test_a_claim_whose_answer_was_lost_is_recognised_as_ours(serve: Serve) -> None:
    server = serve(linked(3, "11"), written("11"), ME, VOID, nothing(), linked(4, "12"))
    board, _ = board_on(server)
    assert board.claim(ITEM, "12")
    assert [seen.method for seen in server.seen] == ["GET", "GET", "GET", "GET", "PATCH", "GET"]


def test_an_edit_in_between_does_not_lose_the_claim(serve: Serve) -> None:
    mismatch = fault(412, "WorkItemRevisionMismatchException", "TF26071: changed.")
    again = (linked(4, "10", "11"), written("11"))
    now = {"id": 7, "rev": 5, "fields": {"System.WorkItemType": "Bug", "System.Title": "Sum", "System.CommentCount": 0}}
    answers = (json_answer({"id": 7, "rev": 5}), json_answer(now))
    server = serve(linked(3, "11"), written("11"), ME, VOID, mismatch, *again, *answers)
    board, _ = board_on(server)
    claimed = board.claim(ITEM, "12")
    assert claimed is not None
    assert claimed.title == "Sum"  # somebody else changed it meanwhile
    assert server.seen[-2].json == [
        {"op": "test", "path": "/rev", "value": 4},
        {"op": "add", "path": "/relations/-", "value": link("12")},
    ]


@pytest.mark.parametrize(
    "states",
    [
        fault(403, "AccessDeniedException", "no"),
        *map(json_answer, ({"value": 5}, {"value": [5]}, {"value": [{}]}, [], None)),
    ],
)
def test_unreadable_states_are_reported_and_leave_the_category_unknown(serve: Serve, states: Step) -> None:
    item = {
        "id": 7,
        "rev": 1,
        "fields": {"System.WorkItemType": "Bug", "System.TeamProject": "Shop", "System.State": "Ready"},
    }
    server = serve(json_answer(item), EMPTY, states)
    board, said = board_on(server)
    assert board.category(board.load(7)) == ""
    assert "category" in said[0]


@pytest.mark.parametrize("value", [{}, [], None, {"fields": []}])
def test_an_answer_without_a_work_item_is_an_error(serve: Serve, value: object) -> None:
    board, _ = board_on(serve(json_answer(value)))
    with pytest.raises(AzureError, match="another shape"):
        board.load(7)


def test_an_item_that_keeps_changing_is_given_up(serve: Serve) -> None:
    mismatch = fault(412, "WorkItemRevisionMismatchException", "TF26071: changed.")
    board, _ = board_on(serve(*[linked(4, "12"), mismatch] * 8))
    with pytest.raises(ConflictError, match="the link to build 12 is still on it"):
        board.release(7, "12")
