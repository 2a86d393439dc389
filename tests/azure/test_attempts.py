from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from redimento.errors import AzureError
from tests.azure.clients import OK, TRANSIENT, client_for
from tests.azure.hostile import Pauses, Serve, Step, dripping, fault, json_answer, nothing, reset, serving, silence

pytestmark = pytest.mark.undescribed  # what is asked for does not matter here


@pytest.mark.parametrize("step", TRANSIENT.values(), ids=TRANSIENT)
def test_a_read_is_retried_after_a_transient_fault(serve: Serve, step: Step) -> None:
    server = serve(step, step, OK)
    assert client_for(server).get("_apis/wit/workitems/7") == {"id": 7}
    assert len(server.seen) == 3


@pytest.mark.parametrize("step", TRANSIENT.values(), ids=TRANSIENT)
def test_a_read_gives_up_after_six_attempts(serve: Serve, step: Step) -> None:
    server = serve(step)
    with pytest.raises(AzureError) as caught:
        client_for(server).get("_apis/wit/workitems/7")
    assert len(server.seen) == 6
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("status", [400, 403, 404, 409, 412])
def test_a_refusal_is_not_retried(serve: Serve, status: int) -> None:
    server = serve(fault(status, "X", "no"), OK)
    with pytest.raises(AzureError):
        client_for(server).get("_apis/projects")
    assert len(server.seen) == 1


def test_an_absent_server_is_an_error() -> None:
    with serving([OK]) as gone:
        pass
    with pytest.raises(AzureError, match=r"did not answer GET \S+: Connection refused\. ") as caught:
        client_for(gone).get("_apis/projects")
    assert "HTTP" not in caught.value.sentence


def test_retry_after_is_the_least_pause(serve: Serve) -> None:
    pauses = Pauses()
    client_for(serve(fault(429, "X", "slow", Retry_After="17"), OK), sleep=pauses).get("_apis/projects")
    assert pauses[0] >= 17


def test_retry_after_may_be_a_date(serve: Serve) -> None:
    pauses = Pauses()
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    client_for(serve(fault(503, "X", "slow", Retry_After=date), OK), sleep=pauses).get("_apis/projects")
    assert 20 < pauses[0] <= 100  # the usual pauses are shorter


def test_a_pause_longer_than_the_deadline_is_not_started(serve: Serve) -> None:
    pauses = Pauses()
    server = serve(fault(429, "X", "slow", Retry_After="3600"), OK)
    with pytest.raises(AzureError, match="throttling"):
        client_for(server, sleep=pauses).get("_apis/projects")
    assert pauses == []


def test_retry_after_on_a_success_delays_the_next_call(serve: Serve) -> None:
    pauses = Pauses()
    client = client_for(serve(json_answer({}, Retry_After="60"), OK), sleep=pauses, deadline_seconds=600)
    client.get("_apis/projects")
    assert pauses == []
    client.get("_apis/projects")
    (pause,) = pauses
    assert 0 < pause <= 60


def test_a_pause_after_a_success_takes_at_most_half_of_the_calls_time(serve: Serve) -> None:
    pauses = Pauses()
    client = client_for(serve(json_answer({}, Retry_After="3600"), OK), sleep=pauses, deadline_seconds=600)
    client.get("_apis/projects")
    client.get("_apis/projects")
    assert 0 < pauses[0] <= 300


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
def test_a_server_that_never_finishes_cannot_block_a_call(serve: Serve, step: Step) -> None:
    with pytest.raises(AzureError, match=r"did not answer|no complete answer"):
        client_for(serve(step), deadline_seconds=0.3).get("_apis/projects")


def test_a_query_only_gets_the_rest_of_the_writes_time(serve: Serve) -> None:
    def error_within(seconds: float) -> str:
        client = client_for(serve(nothing(), silence()), deadline_seconds=seconds)
        with pytest.raises(AzureError) as caught:
            client.write("POST", "_apis/x", body={}, happened=lambda: client.get("_apis/x"))
        return caught.value.sentence

    # On a busy machine the write may use up a short deadline.
    assert "GET" in error_within(1.5) or "GET" in error_within(60.0)


# Writes

LOST = {name: TRANSIENT[name] for name in ("reset", "nothing", "truncated", "broken JSON", "500", "503", "429")}


@pytest.mark.parametrize("step", LOST.values(), ids=LOST)
def test_a_lost_write_that_happened_is_not_repeated(serve: Serve, step: Step) -> None:
    server = serve(step, OK)
    found = client_for(server).write("POST", "_apis/x", body={}, happened=lambda: {"id": 9})
    assert found == {"id": 9}
    assert len(server.seen) == 1


@pytest.mark.parametrize("step", LOST.values(), ids=LOST)
def test_a_lost_write_that_did_not_happen_is_repeated(serve: Serve, step: Step) -> None:
    server = serve(step, OK)
    assert client_for(server).write("POST", "_apis/x", body={}, happened=lambda: None) == {"id": 7}
    assert len(server.seen) == 2


@pytest.mark.parametrize("step", LOST.values(), ids=LOST)
def test_a_write_that_cannot_be_checked_is_sent_once(serve: Serve, step: Step) -> None:
    server = serve(step, OK)
    with pytest.raises(AzureError):
        client_for(server).write("POST", "_apis/x", body={})
    assert len(server.seen) == 1


def test_the_error_for_a_lost_write_says_that_it_may_have_happened(serve: Serve) -> None:
    with pytest.raises(AzureError, match="may have been carried out"):
        client_for(serve(reset())).write("POST", "_apis/x", body={})


def test_writes_are_only_noted_in_a_dry_run_and_reads_are_made(serve: Serve) -> None:
    server = serve(OK)
    client = client_for(server, outward="note")
    assert client.get("_apis/projects") == {"id": 7}
    assert client.get("_apis/wit/workitemsbatch", body={"ids": [7]}) == {"id": 7}
    assert client.write("POST", "_apis/x", project="Shop", body={"title": "T" * 500}) == {"title": "T" * 500}
    assert client.write("PATCH", "_apis/y", body=[{"op": "add"}]) == {}
    assert [seen.method for seen in server.seen] == ["GET", "POST"]
    assert [(noted.method, noted.url) for noted in client.noted] == [
        ("POST", f"{server.url}Shop/_apis/x"),
        ("PATCH", f"{server.url}_apis/y"),
    ]
    assert client.noted[0].summary.startswith('{"title": "TTT')
    assert len(client.noted[0].summary) == 200
