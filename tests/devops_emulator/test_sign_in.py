from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
import requests


def ask(rest: Any, authorization: str, method: str = "GET", **headers: str) -> requests.Response:
    return requests.request(
        method,
        f"{rest.emulator.url}_apis/wit/workitems/7?api-version=7.1",
        headers={"Authorization": authorization, **headers},
        timeout=100,
        allow_redirects=False,
    )


def test_the_token_is_accepted_as_bearer_and_as_basic_with_any_user(rest: Any) -> None:
    token = rest.emulator.token
    assert ask(rest, f"Bearer {token}").status_code == 200
    for user in ("", "anybody"):
        assert ask(rest, "Basic " + b64encode(f"{user}:{token}".encode()).decode()).status_code == 200


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer wrong", "Basic ###", "Basic Og==", "Digest x"])
def test_a_stranger_gets_a_sign_in_page_that_looks_like_success(rest: Any, authorization: str) -> None:
    page = ask(rest, authorization)
    assert page.status_code == 203
    assert page.headers["Content-Type"].startswith("text/html")


def test_a_stranger_who_wants_no_page_gets_401(rest: Any) -> None:
    refused = ask(rest, "Bearer wrong", **{"X-TFS-FedAuthRedirect": "Suppress"})
    assert refused.status_code == 401
    assert "TF400813" in refused.text
    assert "Basic" in refused.headers["WWW-Authenticate"]
    assert ask(rest, "Bearer wrong", "PATCH").status_code == 401


def test_a_stranger_does_not_learn_which_routes_exist(rest: Any) -> None:
    assert requests.get(f"{rest.emulator.url}_apis/nowhere", timeout=100).status_code == 203
    assert requests.options(f"{rest.emulator.url}_apis", timeout=100).status_code == 203
