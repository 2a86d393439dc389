from __future__ import annotations

from typing import Any

import pytest
import requests


def ask(rest: Any, path: str, accept: str = "application/json", **params: str) -> requests.Response:
    headers = {"Authorization": f"Bearer {rest.emulator.token}", "Accept": accept}
    return requests.get(rest.emulator.url + path, params=params, headers=headers, timeout=100)


def test_the_version_is_in_the_query_or_the_accept_header(rest: Any) -> None:
    assert ask(rest, "_apis/projects", **{"api-version": "7.1"}).status_code == 200
    assert ask(rest, "_apis/projects", accept="application/json;api-version=7.1-preview.3").status_code == 200
    assert ask(rest, "_apis/projects", accept='application/json; api-version="6.0"').status_code == 200


@pytest.mark.parametrize(
    ("version", "key"),
    [
        ("", "VssVersionNotSpecifiedException"),
        ("7.1", ""),
        ("1.0", ""),
        ("7.2", "VssInvalidPreviewVersionException"),
        ("7.2-preview", ""),
        ("8.0", "VssVersionOutOfRangeException"),
        ("7.1-preview.99", "VssVersionOutOfRangeException"),
        ("latest", "VssInvalidApiVersionException"),
    ],
)
def test_versions_that_are_served(rest: Any, version: str, key: str) -> None:
    answer = ask(rest, "_apis/projects", **({"api-version": version} if version else {}))
    assert answer.status_code == (400 if key else 200)
    assert answer.json().get("typeKey", "") == key


def test_connection_data_needs_a_preview_version_or_none(rest: Any) -> None:
    assert ask(rest, "_apis/connectionData").status_code == 200
    assert ask(rest, "_apis/connectionData", **{"api-version": "7.1-preview"}).status_code == 200
    assert ask(rest, "_apis/connectionData", **{"api-version": "7.1"}).status_code == 400
