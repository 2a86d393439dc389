"""Answers of Azure DevOps are foreign text: reading them takes time in proportion to their length."""

from __future__ import annotations

import json
from typing import Any

import pytest

from redimento.azure.exchange import HttpAnswer, offered_instead
from redimento.azure.fields import relatives, work_item
from redimento.azure.refusals import is_sign_in_page, refusal
from redimento.delivery.rights import Account
from redimento.text.redaction import Secrets
from tests.azure.clients import PROJECT_ID, TOKEN
from tests.scaling import assert_linear

JOB = Account("Main", "Shop", PROJECT_ID)
PIECES = ["' permission", "'Aa", "TF12345", "Build\\", "Build\\a-", " ", "\n", "<", "<html ", "supports is 7.", "x"]


def read_error(body: bytes) -> None:
    for status in (400, 403, 404):
        answer = HttpAnswer(status, {}, body)
        offered_instead("7.1", answer)
        refusal(answer, call="GET https://host/_apis/wit/x", about="", identity=JOB, secrets=Secrets((TOKEN,)))
    is_sign_in_page(HttpAnswer(200, {}, body))


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_an_error_body(piece: str) -> None:
    assert_linear(read_error, (piece * 10_000).encode(), (piece * 20_000).encode())


@pytest.mark.parametrize("piece", PIECES, ids=ascii)
def test_an_error_body_in_json(piece: str) -> None:
    once, twice = (json.dumps({"message": text, "typeKey": text}).encode() for text in (piece * 10_000, piece * 20_000))
    assert_linear(read_error, once, twice)


@pytest.mark.parametrize("piece", ["1", "9.", "Mon, ", "(", '"', "1 Jan "])
def test_a_retry_after_header(piece: str) -> None:
    answers = [HttpAnswer(429, {"Retry-After": piece * count}, b"") for count in (10_000, 20_000)]
    assert_linear(HttpAnswer.retry_after, *answers)


def item(text: str, tags: str = "") -> dict[str, Any]:
    fields = {"System.WorkItemType": "Bug", "System.Description": text, "System.Tags": tags}
    return {"id": 7, "rev": 3, "fields": fields}


@pytest.mark.parametrize(
    "piece", ["<", "</", "<p a", "<b>x</b>", "&lt;", "<div>", "<br/>", "<ul><li>a", "<table><tr><td>x", "* a\n"]
)
def test_a_description(piece: str) -> None:
    once, twice = (item(piece * count, "a; " * count) for count in (1_000, 2_000))
    assert_linear(lambda answer: work_item(answer, comments=(), related=(), state_category=""), once, twice)


def test_relations() -> None:
    rows = [
        {"rel": "System.LinkTypes.Related", "url": f"https://host/_apis/wit/workitems/{number}"}
        for number in range(20_000)
    ]
    assert_linear(relatives, rows[:10_000], rows)
