"""Tokens that say who a job is: who gets one, for which service connection, and what it says."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from devops_emulator.server import Emulator, running

OPEN = "11111111-2222-3333-4444-555555555555"
CLOSED = "99999999-2222-3333-4444-555555555555"
SEED = [
    {
        "project": "Shop Floor",
        "repositories": [{"name": "web"}],
        "service_connections": [
            {"name": "gemini", "id": OPEN},
            {"name": "production", "id": CLOSED, "authorized": False},
        ],
    },
    {"project": "Other", "service_connections": [{"name": "elsewhere", "id": OPEN.replace("1", "2")}]},
]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    folder: Path = tmp_path_factory.mktemp("organisation")
    with running(folder / "organisation", seed=SEED) as started:
        yield started


def asked(emulator: Emulator, connection: str = OPEN, **changes: Any) -> requests.Response:
    options: dict[str, Any] = {
        "url": emulator.environment["web"]["SYSTEM_OIDCREQUESTURI"],
        "params": {"api-version": "7.1", "serviceConnectionId": connection},
        "headers": {"Authorization": f"Bearer {emulator.token}", "X-TFS-FedAuthRedirect": "Suppress"},
        "json": {},
    }
    return requests.post(timeout=100, allow_redirects=False, **{**options, **changes})


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims(answer: requests.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["oidcToken"]
    return dict(json.loads(decoded(token.split(".")[1])))


def test_a_token_names_organisation_project_and_connection(emulator: Emulator) -> None:
    said = claims(asked(emulator))
    identifier = emulator.environment["web"]["SYSTEM_COLLECTIONID"]
    assert said["iss"] == f"https://vstoken.dev.azure.com/{identifier}"
    assert said["sub"] == "sc://emulated/Shop Floor/gemini"
    assert said["aud"] == "api://AzureADTokenExchange"
    assert said["nbf"] <= time.time() < said["exp"]


def test_a_token_without_a_connection_names_the_pipeline(emulator: Emulator) -> None:
    number = emulator.environment["web"]["SYSTEM_DEFINITIONID"]
    assert claims(asked(emulator, params={"api-version": "7.1"}))["sub"] == f"p://emulated/Shop Floor/{number}"


def test_a_token_is_signed_by_the_key_that_the_organisation_shows(emulator: Emulator) -> None:
    head, body, signature = str(asked(emulator).json()["oidcToken"]).split(".")
    address = f"{emulator.url}_apis/oidc/keys?api-version=7.1"
    shown = requests.get(address, headers={"Authorization": f"Bearer {emulator.token}"}, timeout=100).json()
    key = shown["keys"][0]
    n, e = (int.from_bytes(decoded(key[name]), "big") for name in ("n", "e"))
    public = rsa.RSAPublicNumbers(e, n).public_key()
    public.verify(decoded(signature), f"{head}.{body}".encode(), padding.PKCS1v15(), hashes.SHA256())
    assert json.loads(decoded(head)) == {"alg": "RS256", "typ": "JWT", "kid": key["kid"]}
    assert shown["issuer"] == claims(asked(emulator))["iss"]


def test_every_token_is_another_one(emulator: Emulator) -> None:
    assert asked(emulator).json()["oidcToken"] != asked(emulator).json()["oidcToken"]


@pytest.mark.parametrize(
    ("connection", "status"),
    [(CLOSED, 403), (OPEN.replace("1", "2"), 404), ("gemini", 404), ("00000000-0000-0000-0000-000000000000", 404)],
)
def test_only_an_authorised_connection_of_the_project_is_vouched_for(
    emulator: Emulator, connection: str, status: int
) -> None:
    refused = asked(emulator, connection)
    assert refused.status_code == status
    assert "oidcToken" not in refused.json()


def test_a_stranger_gets_no_token(emulator: Emulator) -> None:
    assert asked(emulator, headers={"X-TFS-FedAuthRedirect": "Suppress"}).status_code == 401
    page = asked(emulator, headers={"Authorization": "Bearer wrong"})
    assert (page.status_code, page.headers["Content-Type"]) == (203, "text/html; charset=utf-8")


def test_the_version_is_asked_for(emulator: Emulator) -> None:
    assert asked(emulator, params={"serviceConnectionId": OPEN}).status_code == 400
    assert asked(emulator, params={"api-version": "9.9"}).status_code == 400


@pytest.mark.parametrize("change", [("/plans/", "/plans/0"), ("/jobs/", "/jobs/0"), ("/hubs/build", "/hubs/release")])
def test_another_job_has_no_token(emulator: Emulator, change: tuple[str, str]) -> None:
    address = emulator.environment["web"]["SYSTEM_OIDCREQUESTURI"].replace(*change)
    assert asked(emulator, url=address).status_code == 404


def test_the_body_is_an_empty_object(emulator: Emulator) -> None:
    assert asked(emulator, json={"claims": 1}).status_code == 400
    assert asked(emulator, json=[]).status_code == 400
    assert asked(emulator, json=None).status_code == 415
    assert requests.get(emulator.environment["web"]["SYSTEM_OIDCREQUESTURI"], timeout=100).status_code in {203, 405}


def test_a_job_that_has_ended_has_no_token(tmp_path: Path) -> None:
    with running(tmp_path / "organisation", seed=SEED) as started:
        headers = {"Authorization": f"Bearer {started.token}"}
        build = f"{started.url}Shop%20Floor/_apis/build/builds/1?api-version=7.1"
        requests.patch(build, json={"status": "completed"}, headers=headers, timeout=100).raise_for_status()
        assert asked(started).status_code == 404
