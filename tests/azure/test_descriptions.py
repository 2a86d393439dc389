"""What the comparison with Microsoft's descriptions accepts and refuses: every test of the program relies on it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.specifications import Sent, problem_of_request

PATCH = "application/json-patch+json"
COMMENTS = "Shop/_apis/wit/workItems/7/comments"
PULL_REQUESTS = "Shop/_apis/git/repositories/calc/pullrequests"


def problem(method: str, address: str, body: str = "", version: str = "7.1", content_type: str = "") -> str:
    kind = content_type or ("application/json" if body else "")
    return problem_of_request(Sent(method, f"/org/{address}", f"x;api-version={version}", kind, body.encode())) or ""


@pytest.mark.parametrize(
    ("method", "address", "options"),
    [
        ("GET", "_apis/wit/workitems/7?%24expand=all", {"version": "7.2-preview.3"}),
        ("PATCH", "_apis/wit/workitems/7", {"body": '[{"op": "test", "path": "/rev"}]', "content_type": PATCH}),
        ("POST", f"{COMMENTS}?format=markdown", {"body": '{"text": "x"}', "version": "7.1-preview.4"}),
        ("POST", PULL_REQUESTS, {"body": '{"title": "x", "isDraft": true, "labels": [{"name": "x"}]}'}),
        ("GET", "_apis/connectionData", {"version": "7.1-preview.1"}),
    ],
)
def test_described_requests_are_accepted(shared: Path, method: str, address: str, options: dict[str, str]) -> None:
    assert problem(method, address, **options) == ""


@pytest.mark.parametrize(
    ("method", "address", "options", "said"),
    [
        ("GET", "_apis/wit/workitemz/7", {}, "no operation is described like this"),
        ("DELETE", PULL_REQUESTS, {}, "no operation is described like this"),
        ("GET", COMMENTS, {}, "the version is 7.1, not 7.1-preview.4"),
        ("GET", "_apis/wit/workitems/7", {"version": ""}, "the version is missing, not 7.1"),
        ("GET", "_apis/wit/workitems/7?expand=all", {}, "the query has no expand"),
        ("GET", "_apis/wit/workitems/7?%24expand=most", {}, "$expand is none of"),
        ("GET", f"{PULL_REQUESTS}?%24top=many", {}, "$top is no integer: many"),
        ("GET", "_apis/wit/workitems", {}, "the query lacks ids"),
        ("POST", PULL_REQUESTS, {"body": '{"titel": "x"}'}, "'titel' was unexpected"),
        ("POST", PULL_REQUESTS, {"body": '{"isDraft": "yes"}'}, "'yes' is not of type 'boolean'"),
        ("POST", PULL_REQUESTS, {}, "the body is missing"),
        ("PATCH", "_apis/wit/workitems/7", {"body": "[]"}, "the content type is application/json"),
        ("PATCH", "_apis/wit/workitems/7", {"body": '[{"op": "set"}]', "content_type": PATCH}, "'set' is not one of"),
    ],
)
def test_other_requests_are_named(shared: Path, method: str, address: str, options: dict[str, str], said: str) -> None:
    assert said in problem(method, address, **options)
