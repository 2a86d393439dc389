from __future__ import annotations

import gzip
import logging
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from redimento.azure.client import JSON_PATCH, AzureClient
from redimento.errors import AzureError, SignInError, UsageError
from tests.azure.clients import OK, TOKEN, TRANSIENT, client_for
from tests.azure.hostile import Serve, Step, answer, fault, html, json_answer

pytestmark = pytest.mark.undescribed  # what is asked for does not matter here


def test_a_call_sends_the_token_the_version_and_no_sign_in_redirect(serve: Serve) -> None:
    server = serve(OK)
    found = client_for(server).get("_apis/wit/workitems/7", project="My Shop/ä", query={"$expand": "all"})
    assert found == {"id": 7}
    (seen,) = server.seen
    assert seen.target == "/tfs/Main/My%20Shop%2F%C3%A4/_apis/wit/workitems/7?%24expand=all"
    assert seen.headers["authorization"] == f"Bearer {TOKEN}"
    assert seen.headers["x-tfs-fedauthredirect"] == "Suppress"
    assert seen.headers["accept"] == "application/json;api-version=7.1"


def test_calls_share_one_connection(serve: Serve) -> None:
    server = serve(OK)
    client = client_for(server)
    for _ in range(3):
        client.get("_apis/projects")
    assert [seen.connection for seen in server.seen] == [1, 1, 1]


def test_an_empty_answer_is_none(serve: Serve) -> None:
    assert client_for(serve(answer(204))).get("_apis/projects") is None


def test_a_write_carries_its_body_and_content_type(serve: Serve) -> None:
    server = serve(OK)
    operations = [{"op": "test", "path": "/rev", "value": 3}]
    client_for(server).write("PATCH", "_apis/wit/workitems/7", body=operations, content_type=JSON_PATCH)
    assert server.seen[0].headers["content-type"] == "application/json-patch+json"
    assert server.seen[0].json == operations


@pytest.mark.parametrize(
    "url",
    ["https://dev.azure.com/contoso/", "https://contoso.visualstudio.com/", "https://tfs.contoso.com/tfs/contoso"],
)
def test_every_form_of_collection_address_names_its_organisation(url: str) -> None:
    client = AzureClient(url, TOKEN)
    assert client.collection_url == url.rstrip("/") + "/"
    assert client.web_url("My Shop", "_git", "web") == f"{client.collection_url}My%20Shop/_git/web"


@pytest.mark.parametrize(
    "url", ["", "dev.azure.com/contoso", "ftp://host/", "https://user@host/org/", "https://h/?a=b"]
)
def test_an_invalid_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="SYSTEM_COLLECTIONURI"):
        AzureClient(url, TOKEN)


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak-0123456789", "ä"])
def test_an_invalid_token_is_refused_without_being_quoted(token: str) -> None:
    with pytest.raises(SignInError, match="SYSTEM_ACCESSTOKEN") as caught:
        AzureClient("https://dev.azure.com/contoso/", token)
    assert "break-0123456789" not in str(caught.value)


def test_an_older_server_is_asked_again_with_the_newest_version_it_has(serve: Serve) -> None:
    refusal = fault(
        400,
        "VssVersionOutOfRangeException",
        "The requested REST API version of 7.1 is out of range for this server. "
        "The latest REST API version this server supports is 7.0.",
    )
    server = serve(refusal, OK)
    client = client_for(server)
    client.write("POST", "_apis/git/repositories/web/pullrequests", body={})
    client.get("_apis/wit/workItems/7/comments", api_version="7.1-preview.4")
    client.get("_apis/projects", api_version="6.0")
    versions = [seen.headers["accept"].partition("api-version=")[2] for seen in server.seen]
    assert versions == ["7.1", "7.0", "7.0-preview", "6.0"]


# The token


def _everything_about(error: BaseException) -> Iterator[str]:
    seen: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        each = todo.pop()
        if each is None or each in seen:
            continue
        seen.append(each)
        yield f"{each!s} {each!r} {each.args!r} {vars(each)!r}"
        request = getattr(each, "request", None)
        yield str(getattr(request, "headers", ""))
        todo += [each.__cause__, each.__context__]


@pytest.mark.parametrize(
    "step",
    [
        *TRANSIENT.values(),
        html(203),
        fault(403, "X", f"the header was Bearer {TOKEN}"),
        fault(400, "X", f"Bearer {TOKEN}"),
    ],
)
def test_the_token_is_in_no_error_and_no_log(serve: Serve, caplog: pytest.LogCaptureFixture, step: Step) -> None:
    caplog.set_level(logging.DEBUG)
    client = client_for(serve(step))
    with pytest.raises(AzureError) as caught:
        client.get("_apis/projects")
    assert not [text for text in _everything_about(caught.value) if TOKEN in text]
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(client)


def test_an_entry_in_netrc_does_not_replace_the_token(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    server = serve(OK)
    client_for(server).get("_apis/projects")
    assert server.seen[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_a_decompression_bomb_is_refused(serve: Serve) -> None:
    body = gzip.compress(bytes(65 * 1024 * 1024), compresslevel=1)
    with pytest.raises(AzureError, match="has more than 32 MB, and was not read") as caught:
        client_for(serve(answer(200, body, Content_Encoding="gzip"))).get("_apis/projects")
    assert caught.value.remedy


def test_json_of_millions_of_values_is_refused(serve: Serve) -> None:
    body = b'{"value": [' + b"[]," * 5_000_000 + b"[]]}"
    with pytest.raises(AzureError, match="has more than 500,000 values"):
        client_for(serve(answer(200, body))).get("_apis/projects")


# Other addresses of the organisation, proxies and certificates


def test_a_service_at_another_address_is_found_through_the_organisation(serve: Serve) -> None:
    identity = serve(OK)
    area = "8a3d49b8-91f0-46ef-b33d-dda338c25db3"
    server = serve(json_answer({"count": 1, "value": [{"id": area.upper(), "locationUrl": identity.url}]}))
    assert client_for(server).service(area).get("_apis/identities") == {"id": 7}
    assert len(identity.seen) == 1


def test_a_server_serves_every_area_itself(serve: Serve) -> None:
    client = client_for(serve(json_answer({"count": 0, "value": None})))
    assert client.service("8a3d49b8-91f0-46ef-b33d-dda338c25db3") is client


def test_a_proxy_of_the_environment_is_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = serve(OK)
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "")
    assert AzureClient("http://tfs.example/tfs/Main", TOKEN).get("_apis/projects") == {"id": 7}
    assert proxy.seen[0].target == "http://tfs.example/tfs/Main/_apis/projects"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_a_private_certificate_is_accepted_through_requests_ca_bundle(
    serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*made, *files], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = serve(OK, tls=context)
    with pytest.raises(AzureError, match="REQUESTS_CA_BUNDLE"):
        client_for(server).get("_apis/projects")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    assert client_for(server).get("_apis/projects") == {"id": 7}
