"""What became of a pull request, on a server that answers anything."""

from __future__ import annotations

from typing import Any

import pytest

from redimento.azure.acceptance import AzureReviews
from tests.azure.clients import client_for
from tests.azure.hostile import Serve, json_answer

MERGED = {"status": "completed", "lastMergeSourceCommit": {"commitId": "c2"}}


@pytest.mark.parametrize(
    ("answer", "acceptance"),
    [
        (MERGED, "unchanged"),
        ({**MERGED, "lastMergeSourceCommit": {"commitId": "theirs"}}, "changed"),
        ({"status": "abandoned"}, "abandoned"),
        ({"status": "active"}, "open"),
        ({"status": "completed"}, "unknown"),
        ({"status": ["completed"]}, "unknown"),
        ({"status": "completed", "lastMergeSourceCommit": "c2"}, "unknown"),
        ({}, "unknown"),
        ([], "unknown"),
    ],
)
def test_acceptance_is_what_the_server_says(serve: Serve, answer: Any, acceptance: str) -> None:
    reviews = AzureReviews(client_for(serve(json_answer(answer))), "Shop")

    assert reviews.acceptance("web", 4, frozenset({"c1", "c2"})) == acceptance


@pytest.mark.parametrize(
    "answer", [json_answer({"message": "gone"}, status=404), json_answer({"message": "no"}, status=403)]
)
def test_a_pull_request_that_cannot_be_seen_is_unknown(serve: Serve, answer: Any) -> None:
    reviews = AzureReviews(client_for(serve(answer, answer)), "Shop")

    assert reviews.acceptance("a b", 4, frozenset({"c1"})) == "unknown"


def test_a_name_that_leads_elsewhere_is_not_asked_for(serve: Serve) -> None:
    server = serve()

    assert AzureReviews(client_for(server), "Shop").acceptance("..", 4, frozenset({"c1"})) == "unknown"
    assert server.seen == []
