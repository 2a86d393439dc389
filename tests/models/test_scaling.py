"""Errors of the service are foreign text: reading them takes time in proportion to their length."""

from __future__ import annotations

import json

import pytest

from redimento.models.failures import Endpoint, refused
from tests.scaling import assert_linear

ENDPOINT = Endpoint("gemini-3.8-flash", "https://host", lambda: ("a-key-of-a-test",))


def read_error(error: object) -> None:
    body = json.dumps({"error": error})
    for status in (403, 429, 500):
        refused(status, body, {}, ENDPOINT)


@pytest.mark.parametrize(
    "piece",
    ["credits ", "per ", "limit: ", "limit: 0", "retry in 1", "api key ", "monthly", "spending ", "\x1b]", "##", " "],
    ids=ascii,
)
def test_a_message(piece: str) -> None:
    assert_linear(read_error, {"message": piece * 5_000}, {"message": piece * 10_000})


def test_spaces_after_a_limit() -> None:
    assert_linear(read_error, {"message": "limit:" + " " * 20_000}, {"message": "limit:" + " " * 40_000})


@pytest.mark.parametrize("name", ["credits", "PerDay", "1s"])
def test_details(name: str) -> None:
    detail = {"@type": "google.rpc.QuotaFailure", "violations": [{"quotaId": name}], "retryDelay": name, "reason": name}
    assert_linear(read_error, {"details": [detail] * 1_000}, {"details": [detail] * 2_000})


@pytest.mark.parametrize("piece", ["[", "{", '"', " ", "<html>"])
def test_an_answer_that_is_not_json(piece: str) -> None:
    assert_linear(lambda body: refused(500, body, {}, ENDPOINT), piece * 20_000, piece * 40_000)
