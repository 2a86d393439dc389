from __future__ import annotations

import logging
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from redimento.azure.client import JSON_PATCH, AzureClient
from redimento.errors import (
    AzureError,
    ConflictError,
    NotThereError,
    PermissionMissingError,
    SignInError,
    UsageError,
)
from tests.azure.hostile import (
    HostileServer,
    Pauses,
    Serve,
    Step,
    answer,
    dripping,
    fault,
    html,
    json_answer,
    missing_last_chunk,
    nothing,
    raw,
    reset,
    serving,
    silence,
    truncated,
    truncated_chunk,
)

TOKEN = "secret-token-of-the-job-0123456789"
PROJECT_ID = "6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c"
OK = json_answer({"id": 7})


def client_for(server: HostileServer, **options: Any) -> AzureClient:
    options = {"sleep": Pauses(), "project": "Shop", "project_id": PROJECT_ID, **options}
    return AzureClient(server.url, TOKEN, **options)


def test_a_call_carries_the_token_the_version_and_the_wish_for_no_sign_in_page(serve: Serve) -> None:
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
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="SYSTEM_COLLECTIONURI"):
        AzureClient(url, TOKEN)


@pytest.mark.parametrize("token", ["", "  ", "two words", "line\nbreak-0123456789", "ä"])
def test_a_token_that_cannot_be_one_is_refused_without_being_quoted(token: str) -> None:
    with pytest.raises(SignInError, match="SYSTEM_ACCESSTOKEN") as caught:
        AzureClient("https://dev.azure.com/contoso/", token)
    assert "break-0123456789" not in str(caught.value)


# What a refusal means


@pytest.mark.parametrize(
    "step",
    [
        html(203),
        html(200),
        answer(302, b"", Location="https://spsprodeus1.vssps.visualstudio.com/_signin"),
        html(302, Location="/_signin"),
        answer(401, b"TF400813: not authorized", "text/plain"),
        answer(200, b"\xef\xbb\xbf <!DOCTYPE html><html>", "application/json"),
    ],
)
def test_a_sign_in_page_is_an_error_of_signing_in(serve: Serve, step: Step) -> None:
    server = serve(step, OK)
    with pytest.raises(SignInError, match="did not accept the token") as caught:
        client_for(server).get("_apis/projects")
    assert len(server.seen) == 1
    assert "SYSTEM_ACCESSTOKEN" in caught.value.remedy


def test_what_a_401_says_is_told(serve: Serve) -> None:
    said = "TF400813: The user 'Build\\1' is not authorized to access this resource."
    with pytest.raises(SignInError, match="TF400813"):
        client_for(serve(fault(401, "UnauthorizedRequestException", said))).get("_apis/projects")


def test_a_redirect_is_not_followed(serve: Serve) -> None:
    elsewhere = serve(OK)
    with pytest.raises(SignInError):
        client_for(serve(answer(302, Location=elsewhere.url))).get("_apis/projects")
    assert elsewhere.seen == []


def _needs(account: str) -> str:
    return (
        "TF401027: You need the Git 'PullRequestContribute' permission to perform this action. "
        f"Details: identity 'Build\\{account}', scope 'repository'."
    )


@pytest.mark.parametrize(
    ("account", "who"),
    [
        (PROJECT_ID.upper(), "Shop Build Service (Main)"),
        ("11111111-2222-3333-4444-555555555555", "Project Collection Build Service (Main)"),
    ],
)
def test_a_missing_right_is_named_with_the_account_that_needs_it(serve: Serve, account: str, who: str) -> None:
    server = serve(fault(403, "GitNeedsPermissionException", _needs(account)))
    with pytest.raises(PermissionMissingError) as caught:
        client_for(server).write("POST", "_apis/git/repositories/web/pullrequests", body={}, about="the pull request")
    assert caught.value.sentence == f"{who} lacks the right 'Contribute to pull requests', needed for the pull request."
    assert "Repositories" in caught.value.remedy
    assert "TF401027" in caught.value.remedy
    assert (caught.value.status, caught.value.type_key) == (403, "GitNeedsPermissionException")


def test_both_accounts_are_named_when_the_answer_does_not_tell_which(serve: Serve) -> None:
    server = serve(fault(403, "AccessDeniedException", "Access is denied."))
    with pytest.raises(PermissionMissingError) as caught:
        client_for(server).get("_apis/build/builds/3", about="run 3")
    assert "Shop Build Service (Main)" in str(caught.value)
    assert "Project Collection Build Service (Main)" in str(caught.value)


@pytest.mark.parametrize(
    ("number", "right"), [("TF401289", "Create tag definition"), ("TF237111", "Edit work items in this node")]
)
def test_boards_names_rights_by_number(serve: Serve, number: str, right: str) -> None:
    server = serve(fault(400, "RuleValidationException", f"{number}: The current user does not have permissions."))
    with pytest.raises(PermissionMissingError, match=right):
        client_for(server).write("PATCH", "_apis/wit/workitems/7", body=[], content_type=JSON_PATCH)


def test_a_missing_item_may_also_be_one_that_is_not_shown(serve: Serve) -> None:
    server = serve(fault(404, "WorkItemUnauthorizedAccessException", "TF401232: Work item 7 does not exist, or …"))
    with pytest.raises(NotThereError) as caught:
        client_for(server).get("_apis/wit/workitems/7", about="work item 7")
    assert caught.value.sentence == "Work item 7 does not exist or may not be seen."
    assert "'View work items in this node'" in caught.value.remedy


def test_a_wrong_route_points_at_the_collection_address(serve: Serve) -> None:
    with pytest.raises(NotThereError, match="SYSTEM_COLLECTIONURI"):
        client_for(serve(answer(404, b"Page not found", "text/plain"))).get("_apis/projects")


@pytest.mark.parametrize("status", [409, 412])
def test_somebody_faster_is_a_conflict(serve: Serve, status: int) -> None:
    server = serve(fault(status, "WorkItemRevisionMismatchException", "TF26071: changed by someone else."))
    with pytest.raises(ConflictError, match="TF26071"):
        client_for(server).write("PATCH", "_apis/wit/workitems/7", body=[], about="work item 7")


def test_another_refusal_gives_the_words_of_the_server_neutralised(serve: Serve) -> None:
    server = serve(
        fault(400, "RuleValidationException", "Field 'Priority'\r\n##vso[task.complete result=Succeeded;]\x1b[2J")
    )
    with pytest.raises(AzureError, match="Field 'Priority'") as caught:
        client_for(server).get("_apis/wit/workitems/7")
    assert "##vso" not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


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


# Trying again

PASSING = {
    "reset": reset(),
    "nothing": nothing(),
    "truncated": truncated(),
    "truncated chunk": truncated_chunk(),
    "missing last chunk": missing_last_chunk(),
    "garbage": raw(b"\x00\x01\x02 garbage\r\n\r\n"),
    "broken JSON": answer(200, b'{"id": '),
    "no JSON": answer(200, b"hello", "text/plain"),
    "wrong coding": answer(200, b"no gzip", Content_Encoding="gzip"),
    "429": fault(429, "RequestBlockedException", "TF400733: throttled"),
    "500": fault(500, "Exception", "boom"),
    "502": html(502, "<html>Bad Gateway</html>"),
    "503": html(503, "<html><title>Azure DevOps Services Unavailable</title></html>"),
    "504": answer(504),
}


@pytest.mark.parametrize("step", PASSING.values(), ids=PASSING)
def test_a_read_is_made_again_after_a_fault_that_passes(serve: Serve, step: Step) -> None:
    server = serve(step, step, OK)
    assert client_for(server).get("_apis/wit/workitems/7") == {"id": 7}
    assert len(server.seen) == 3


@pytest.mark.parametrize("step", PASSING.values(), ids=PASSING)
def test_a_read_gives_up_after_a_while_with_a_finished_sentence(serve: Serve, step: Step) -> None:
    server = serve(step)
    with pytest.raises(AzureError) as caught:
        client_for(server).get("_apis/wit/workitems/7")
    assert len(server.seen) == 6
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412])
def test_a_refusal_is_not_tried_again(serve: Serve, status: int) -> None:
    server = serve(fault(status, "X", "no"), OK)
    with pytest.raises(AzureError):
        client_for(server).get("_apis/projects")
    assert len(server.seen) == 1


def test_a_server_that_is_not_there_is_a_finished_sentence() -> None:
    with serving([OK]) as gone:
        pass
    with pytest.raises(AzureError, match="gave no answer"):
        client_for(gone).get("_apis/projects")


def test_retry_after_is_the_least_pause(serve: Serve) -> None:
    pauses = Pauses()
    client_for(serve(fault(429, "X", "slow", Retry_After="17"), OK), sleep=pauses).get("_apis/projects")
    assert pauses[0] >= 17


def test_retry_after_may_be_a_date(serve: Serve) -> None:
    pauses = Pauses()
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    client_for(serve(fault(503, "X", "slow", Retry_After=date), OK), sleep=pauses).get("_apis/projects")
    assert 30 < pauses[0] <= 60


def test_a_pause_that_outlasts_the_deadline_is_not_begun(serve: Serve) -> None:
    pauses = Pauses()
    server = serve(fault(429, "X", "slow", Retry_After="3600"), OK)
    with pytest.raises(AzureError, match="throttling"):
        client_for(server, sleep=pauses).get("_apis/projects")
    assert pauses == []


def test_retry_after_on_a_success_delays_the_next_call(serve: Serve) -> None:
    pauses = Pauses()
    client = client_for(serve(json_answer({}, Retry_After="9"), OK), sleep=pauses)
    client.get("_apis/projects")
    assert pauses == []
    client.get("_apis/projects")
    assert [round(pause) for pause in pauses] == [9]


def test_advice_after_a_success_takes_half_of_a_calls_time_at_most(serve: Serve) -> None:
    pauses = Pauses()
    client = client_for(serve(json_answer({}, Retry_After="3600"), OK), sleep=pauses, deadline_seconds=20)
    client.get("_apis/projects")
    client.get("_apis/projects")
    assert 5 < pauses[0] <= 10


# The deadline


@pytest.mark.parametrize(
    "step",
    [
        silence(),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b" "),
        dripping(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
        dripping(b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x"),
        dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["silence", "body", "chunks", "header", "continue"],
)
def test_a_server_that_never_finishes_cannot_hold_a_call(serve: Serve, step: Step) -> None:
    with pytest.raises(AzureError, match=r"no answer|no complete answer"):
        client_for(serve(step), deadline_seconds=0.3).get("_apis/projects")


def test_a_question_lives_on_what_is_left_of_the_writes_time(serve: Serve) -> None:
    server = serve(nothing(), silence())
    client = client_for(server, deadline_seconds=1.5)
    with pytest.raises(AzureError, match="GET"):
        client.write("POST", "_apis/x", body={}, happened=lambda: client.get("_apis/x"))


# Writes

LOST = {name: PASSING[name] for name in ("reset", "nothing", "truncated", "broken JSON", "500", "503", "429")}


@pytest.mark.parametrize("step", LOST.values(), ids=LOST)
def test_a_write_whose_answer_was_lost_is_not_made_again_when_it_happened(serve: Serve, step: Step) -> None:
    server = serve(step, OK)
    found = client_for(server).write("POST", "_apis/x", body={}, happened=lambda: {"id": 9})
    assert found == {"id": 9}
    assert len(server.seen) == 1


@pytest.mark.parametrize("step", LOST.values(), ids=LOST)
def test_a_write_that_did_not_happen_is_made_again(serve: Serve, step: Step) -> None:
    server = serve(step, OK)
    assert client_for(server).write("POST", "_apis/x", body={}, happened=lambda: None) == {"id": 7}
    assert len(server.seen) == 2


@pytest.mark.parametrize("step", LOST.values(), ids=LOST)
def test_a_write_nobody_can_ask_about_is_sent_once(serve: Serve, step: Step) -> None:
    server = serve(step, OK)
    with pytest.raises(AzureError):
        client_for(server).write("POST", "_apis/x", body={})
    assert len(server.seen) == 1


def test_a_lost_write_says_that_it_may_have_happened(serve: Serve) -> None:
    with pytest.raises(AzureError, match="not known whether it happened"):
        client_for(serve(reset())).write("POST", "_apis/x", body={})


def test_writes_are_only_noted_in_a_dry_run_and_reads_are_made(serve: Serve) -> None:
    server = serve(OK)
    client = client_for(server, outward="note")
    assert client.get("_apis/projects") == {"id": 7}
    assert client.query("_apis/wit/workitemsbatch", body={"ids": [7]}) == {"id": 7}
    assert client.write("POST", "_apis/x", project="Shop", body={"title": "T" * 500}) == {"title": "T" * 500}
    assert client.write("PATCH", "_apis/y", body=[{"op": "add"}]) == {}
    assert [seen.method for seen in server.seen] == ["GET", "POST"]
    assert [(noted.method, noted.url) for noted in client.noted] == [
        ("POST", f"{server.url}Shop/_apis/x"),
        ("PATCH", f"{server.url}_apis/y"),
    ]
    assert client.noted[0].summary.startswith('{"title": "TTT')
    assert len(client.noted[0].summary) == 200


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
        *PASSING.values(),
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


# Attachments

ATTACHMENT = "0a1b2c3d-1111-2222-3333-444455556666"


@pytest.mark.parametrize(
    "url",
    [
        f"https://evil.example/_apis/wit/attachments/{ATTACHMENT}?fileName=a.png",
        f"https://dev.azure.com/org/{PROJECT_ID}/_apis/wit/attachments/{ATTACHMENT.upper()}",
    ],
)
def test_an_attachment_is_asked_for_at_the_collection_whatever_host_its_address_names(serve: Serve, url: str) -> None:
    server = serve(answer(200, b"\x89PNG", "application/octet-stream"))
    assert client_for(server).download(url, limit_bytes=100) == b"\x89PNG"
    assert server.seen[0].target == f"/tfs/Main/_apis/wit/attachments/{ATTACHMENT}?download=true"
    assert server.seen[0].headers["accept"] == "application/octet-stream;api-version=7.1"


@pytest.mark.parametrize("url", ["https://evil.example/a.png", "file:///etc/passwd", "", f"/attachments/{ATTACHMENT}x"])
def test_what_is_no_attachment_is_not_downloaded(serve: Serve, url: str) -> None:
    server = serve(OK)
    with pytest.raises(AzureError, match="not downloaded"):
        client_for(server).download(url, limit_bytes=100)
    assert server.seen == []


def test_an_attachment_that_is_too_long_is_given_up(serve: Serve) -> None:
    server = serve(dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n", b"x" * 1000))
    with pytest.raises(AzureError, match="longer than 5,000 bytes"):
        client_for(server).download(f"/_apis/wit/attachments/{ATTACHMENT}", limit_bytes=5000)


def test_an_attachment_may_be_a_web_page(serve: Serve) -> None:
    server = serve(answer(200, b"<html>report</html>", "application/octet-stream"))
    url = f"/_apis/wit/attachments/{ATTACHMENT}"
    assert client_for(server).download(url, limit_bytes=100) == b"<html>report</html>"


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
def test_a_certificate_of_the_house_is_accepted_through_requests_ca_bundle(
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
