"""The log of a run: every fact on a line, under one id, without secrets. And a whole run with all handlers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from redimento.events import Event, Moment, Note, RunEnded, StepEnded, Warned
from redimento.run_folder import RunFolder
from redimento.run_options import RunOptions
from redimento.telemetry.log import NAME, log_to
from redimento.text.redaction import Secrets
from redimento.wiring.handlers import far_handlers
from tests.run.conftest import GOOD_FIX, Site
from tests.scaling import assert_linear_in
from tests.telemetry.conftest import Receiver

AT = datetime(2026, 11, 27, 5, 30, tzinfo=UTC)
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJuYW1laWQiOiJhYmMifQ.c2lnbmF0dXJl"
LOOK_SECRET = {
    "a token with claims": JWT,
    "a header": "Authorization: Bearer abcDEF123456._-x==",
    "a password in an address": "https://me:hunter2@example.com/",
    "a signed address": "https://x.logic.azure.com/workflows/1?api-version=1&sig=Zx-9_Y8w7v6u5t4s",
    "a hook of Slack": "https://hooks.slack.com/services/T000/B000/XXXXYYYYZZZZ",
    "a personal access token": "a" * 20 + "B1c2" * 14 + "AZDO" + "1a2B",
    "an older one": "abcdefghijklmnopqrstuvwxyz234567" + "abcdefghij" * 2,
    "a token of another service": "ghp_0123456789abcdefghijABCDEFGHIJ",
    "a key of Gemini": "AIzaSyA-0123456789abcdefghijklmnopqrstu",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\n-----END RSA PRIVATE KEY-----",
}


def logged(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / NAME).read_text("utf-8").splitlines()]


@pytest.mark.parametrize("text", LOOK_SECRET.values(), ids=LOOK_SECRET)
def test_what_looks_like_a_secret_is_not_logged(text: str, tmp_path: Path) -> None:
    log_to(RunFolder(tmp_path), "9-7")(Moment(0.1, Warned(f"It said {text!s}, and ended."), AT))
    (line,) = logged(tmp_path)
    assert "***" in line["text"]
    assert line["text"].startswith("It said ")
    for secret in (
        "hunter2",
        "abcDEF123456",
        "Zx-9_Y8w",
        "XXXXYYYY",
        "c2lnbmF0",
        "B1c2B1c2",
        "abcdefghij",
        "MIIEpA",
        "AIza",
    ):
        assert secret not in line["text"]


@pytest.mark.parametrize(
    "text",
    [
        "Settings: main at 1a2b3c4d5e6f.", "The bearer of news is https://dev.azure.com/org/_git/calc?version=GBmain.",
        "0123456789abcdef0123456789abcdef01234567 is a commit", "sk-learn and eyJack are names; a key=short one",
    ],
)  # fmt: skip
def test_what_only_resembles_a_secret_stays_readable(text: str, tmp_path: Path) -> None:
    log_to(RunFolder(tmp_path), "9-7")(Moment(0.1, Note(text), AT))
    assert logged(tmp_path)[0]["text"] == text


@pytest.mark.parametrize(
    "piece", ["eyJ-", "https://a", "bearer ", "-----BEGIN PRIVATE KEY-----", "?key=", "ab.eyJabcdefgh"]
)
def test_the_search_for_secrets_takes_linear_time(piece: str, tmp_path: Path) -> None:
    handle = log_to(RunFolder(tmp_path), "9-7")
    assert_linear_in(lambda text: handle(Moment(0.1, Note(text), AT)), lambda size: piece * size, 4_000)


def test_a_log_begins_anew_and_has_levels(tmp_path: Path) -> None:
    (tmp_path / NAME).write_text("of an earlier run\n")
    handle = log_to(RunFolder(tmp_path, Secrets(("value-of-a-secret",))), "9-7")
    ended = RunEnded("failed", "value-of-a-secret", "", 7, "Bug", "t", "calc", 1.0, 1, 0.1)
    for event in (Note("a"), Warned("b"), StepEnded("author", 1.0, ok=False), ended):
        handle(Moment(0.1, event, AT))
    lines = logged(tmp_path)
    assert [line["level"] for line in lines] == ["info", "warning", "error", "error"]
    assert [line["fact"] for line in lines] == ["note", "warning", "step.ended", "run.failed"]
    assert {line["correlation"] for line in lines} == {"9-7"}
    assert {line["at"] for line in lines} == {"2026-11-27T05:30:00.000+00:00"}
    assert lines[-1]["sentence"] == "***"


def test_a_run_is_told_to_all_that_the_environment_names(organise: Callable[..., Site], receiver: Receiver) -> None:
    hooks = {
        name: f"{receiver.url}/{name.lower()}/workflows/0123456789abcdefabcdef?sig={name}-s3cr3t-0f-h00k"
        for name in ("Teams", "Slack", "Events")
    }
    gateway = receiver.url.replace("//", "//push:g4teway-p4ssword@")
    planted = " ".join((*hooks.values(), "g4teway-p4ssword", JWT))
    site = organise(
        **{
            "System.Title": f"add adds Slack-s3cr3t-0f-h00k g4teway-p4ssword {JWT}",
            "System.Description": f"<p>calc.add subtracts {planted}</p>",
        }
    )
    receiver.statuses[hooks["Slack"].removeprefix(receiver.url)] = 500
    site.variables |= {f"REDIMENTO_{name.upper()}_URL": url for name, url in hooks.items()}
    site.variables |= {
        "REDIMENTO_PUSHGATEWAY_URL": gateway, "REDIMENTO_METRICS_FOLDER": str(site.tmp / "metrics"), "BUILD_BUILDID": "55",
    }  # fmt: skip
    ended = site.run([GOOD_FIX])
    assert ended.kind == "delivered"
    warnings = [event.text for event in ended.events if isinstance(event, Warned) and "Slack" in event.text]
    assert warnings == [
        "Slack gets no more news of this run: it answered with the status 500. Check its address in REDIMENTO_SLACK_URL."
    ]
    sent = [path.partition("?")[0].split("/")[1] for path, _, _ in receiver.received]
    assert sent[0] == "metrics"  # when the run begins to work
    assert sorted(sent[1:]) == ["events", "metrics", "slack", "teams"]  # at the same time
    assert {path for path, _, _ in receiver.received if path.startswith("/metrics")} == {
        "/metrics/job/redimento/repository@base64/U2hvcC9jYWxj/slot/7"
    }
    assert {headers["Authorization"] for path, headers, _ in receiver.received if "metrics" in path} == {
        "Basic cHVzaDpnNHRld2F5LXA0c3N3b3Jk"
    }
    assert len([*(site.tmp / "metrics").iterdir()]) == 1

    lines = logged(ended.folder)
    assert {line["correlation"] for line in lines} == {"55-7"}
    facts = [line["fact"] for line in lines]
    assert facts[-2:] == ["run.delivered", "warning"]
    assert [event.fact for event in ended.events] == facts
    refused = [line for line in lines if line["fact"] == "request" and line["status"] >= 400]
    assert all(len(line["activity"]) == 36 for line in refused)
    files = [*ended.folder.rglob("*"), *(site.tmp / "metrics").iterdir()]
    said = {path.name: path.read_text("utf-8") for path in files if path.is_file()}
    said |= {path: body.decode() for path, _, body in receiver.received} | {"events": repr(ended.events)}
    secrets = ("s3cr3t", "g4teway", "0123456789abcdefabcdef")
    assert [(name, secret) for name, text in said.items() for secret in secrets if secret in text] == []
    assert JWT not in said[NAME]


def test_a_dry_run_tells_nobody(tmp_path: Path) -> None:
    hooks = {
        "REDIMENTO_TEAMS_URL": "https://example.com/t",
        "REDIMENTO_PUSHGATEWAY_URL": "$(REDIMENTO_PUSHGATEWAY_URL)",
    }
    options = RunOptions("7", None, None, tmp_path, None, None)
    assert far_handlers(options, hooks).keys() == {"Teams"}  # the other variable is not defined
    assert far_handlers(replace(options, dry_run=True), hooks) == {}


def test_a_run_that_cannot_start_leaves_a_log_and_a_notice(site: Site, receiver: Receiver) -> None:
    site.variables |= {"REDIMENTO_EVENTS_URL": f"{receiver.url}/e", "SYSTEM_ACCESSTOKEN": ""}
    ended = site.run([])
    assert ended.kind == "failed"
    assert [line["fact"] for line in logged(ended.folder)] == [event.fact for event in ended.events]
    assert [(body["type"], body["subject"]) for body in receiver.bodies("/e")] == [("redimento.run.failed", "7")]

    def interrupt(event: Event) -> None:
        if isinstance(event, RunEnded):
            raise KeyboardInterrupt

    assert site.carry_out([], emit=interrupt).finished.outcome.kind == "failed"  # and says so
