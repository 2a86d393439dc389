from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from redimento.azure.exchange import HttpAnswer
from redimento.azure.refusals import refusal, server_message
from redimento.delivery.rights import Account


def answer_of(body: bytes = b"", status: int = 200, **headers: str) -> HttpAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpAnswer(status, CaseInsensitiveDict(named), body)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("17", 17), ("0.5", 0.5), ("", 0), ("soon", 0), ("-3", 0), ("Mon, 01 Jan 2001 00:00:00 GMT", 0), ("9" * 30, 0)],
)
def test_a_pause_is_seconds_or_a_date_and_never_negative(value: str, seconds: float) -> None:
    assert answer_of(retry_after=value).retry_after() == seconds


@given(st.text(st.characters(codec="latin-1")))
def test_no_header_breaks_the_reading_of_a_pause(value: str) -> None:
    assert answer_of(retry_after=value).retry_after() >= 0


def test_json_may_begin_with_a_byte_order_mark() -> None:
    assert answer_of(b'\xef\xbb\xbf{"id": 7}').parsed() == {"id": 7}


@given(st.binary(), st.sampled_from([400, 403, 404, 409, 412, 415, 429, 500, 503]))
def test_any_error_body_becomes_a_finished_sentence_on_one_line(body: bytes, status: int) -> None:
    error = refusal(
        answer_of(body, status, Content_Type="application/json"),
        call="GET https://host/_apis/wit/workitems/7",
        about="work item 7",
        identity=Account("org", "Shop"),
    )
    text = str(error)
    assert error.sentence.endswith(".")
    assert "##vso[" not in text
    assert not any(ord(sign) < 32 for sign in text)


@given(
    st.none()
    | st.text()
    | st.dictionaries(st.sampled_from(["message", "typeKey"]), st.none() | st.integers() | st.text())
)
def test_any_json_is_a_possible_error_body(value: object) -> None:
    assert len(server_message(answer_of(json.dumps(value).encode())).message) <= 600
