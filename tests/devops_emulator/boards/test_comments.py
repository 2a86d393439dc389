from __future__ import annotations

from typing import Any

import pytest

HOME = "Shop%20Floor/_apis/wit/workItems/7/comments"
VERSION = {"version": "7.1-preview.4"}


def write(rest: Any, text: str, **params: str) -> Any:
    return rest("POST", HOME, json={"text": text}, params=params, **VERSION)


def test_all_pages_are_reached_by_the_continuation_token(rest: Any) -> None:
    for number in range(4):
        write(rest, f"Note {number}")
    texts: list[str] = []
    params = {"$top": "2", "order": "asc"}
    while True:
        page = rest("GET", HOME, params=params, **VERSION)
        assert page["totalCount"] == 5
        texts += [comment["text"] for comment in page["comments"]]
        if "continuationToken" not in page:
            break
        params["continuationToken"] = page["continuationToken"]
    assert texts == ["First", "Note 0", "Note 1", "Note 2", "Note 3"]
    assert rest("GET", HOME, **VERSION)["comments"][0]["text"] == "Note 3"


def test_the_format_is_a_query_parameter(rest: Any) -> None:
    assert write(rest, "**bold**")["format"] == "html"
    markdown = write(rest, "**bold** & <b>", format="markdown")
    assert markdown["format"] == "markdown"
    assert markdown["renderedText"] == "<p>**bold** &amp; &lt;b&gt;</p>"
    assert "renderedText" not in rest("GET", f"{HOME}/{markdown['id']}", **VERSION)
    expanded = rest("GET", f"{HOME}/{markdown['id']}", params={"$expand": "renderedText"}, **VERSION)
    assert expanded["renderedText"] == markdown["renderedText"]
    rest("POST", HOME, json={"text": "x"}, params={"format": "rtf"}, status=400, **VERSION)


def test_a_comment_is_edited_in_place(rest: Any) -> None:
    made = write(rest, "One", format="markdown")
    rewritten = rest("PATCH", f"{HOME}/{made['id']}", json={"text": "Two"}, **VERSION)
    assert (rewritten["id"], rewritten["version"], rewritten["text"]) == (made["id"], 2, "Two")
    assert rewritten["format"] == "markdown"
    assert rest("GET", HOME, **VERSION)["totalCount"] == 2


def test_a_deleted_comment_is_hidden_until_asked_for(rest: Any) -> None:
    made = write(rest, "Gone")
    rest("DELETE", f"{HOME}/{made['id']}", status=204, **VERSION)
    assert rest("GET", HOME, **VERSION)["totalCount"] == 1
    rest("GET", f"{HOME}/{made['id']}", status=404, **VERSION)
    rest("PATCH", f"{HOME}/{made['id']}", json={"text": "x"}, status=404, **VERSION)
    shown = rest("GET", HOME, params={"includeDeleted": "true"}, **VERSION)["comments"]
    assert shown[0]["isDeleted"] is True


def test_a_comment_is_a_revision_of_its_item(rest: Any) -> None:
    before = rest("GET", "_apis/wit/workitems/7")
    write(rest, "Hello")
    after = rest("GET", "_apis/wit/workitems/7")
    assert after["rev"] == before["rev"] + 1
    assert after["fields"]["System.CommentCount"] == 2
    assert after["fields"]["System.History"] == "Hello"


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": 3}, {"text": "x" * 150_001}, []])
def test_a_comment_needs_a_text_of_bounded_length(rest: Any, body: Any) -> None:
    rest("POST", HOME, json=body, status=400, **VERSION)


def test_only_the_preview_version_is_served(rest: Any) -> None:
    refused = rest("GET", HOME, status=400)
    assert refused["typeKey"] == "VssInvalidPreviewVersionException"
    rest("GET", HOME, version="7.1-preview.5", status=400)


def test_the_address_needs_the_project(rest: Any) -> None:
    assert rest("GET", "_apis/wit/workItems/7/comments", status=404, **VERSION).startswith(b"Page not found")
    rest("GET", "Elsewhere/_apis/wit/workItems/7/comments", status=404, **VERSION)
