"""The doctor on the way to the model: each hop of the sign-in, the name, the service, and nothing that costs money."""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import requests

from devops_emulator.server import running
from redimento.adoption.doctor import Question, examine
from redimento.adoption.finding import Finding
from redimento.demo.google import Google
from redimento.demo.google import serving as serving_google
from redimento.models.lifetimes import ending, serving
from tests.models.conftest import KEY
from tests.models.gemini_server import Answer, GeminiServer, page, refusal, text
from tests.run.conftest import write_sample

CONNECTION = "11111111-2222-3333-4444-555555555555"
ACCOUNT = "redimento@acme-ai.iam.gserviceaccount.com"


@pytest.fixture(autouse=True)
def _no_connections_left() -> Iterator[None]:
    yield
    # The SDK has no end for its connections: what collects them later would warn in another test.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return write_sample(tmp_path / "desk")


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer(text("ready")) as server:
        yield server


def of_model(folder: Path, environment: dict[str, str], settings: str = "", **more: Any) -> dict[str, Finding]:
    if settings:
        (folder / ".redimento.yml").write_text(settings)
    found = examine(Question(folder, **more), {"PATH": "/usr/bin:/bin", "HOME": "/", **environment})
    for secret in (KEY, "ya29.", "eyJ"):
        assert secret not in repr(found)
    return {one.name: one for one in found if one.topic == "model"}


def with_key(gemini: GeminiServer) -> dict[str, str]:
    return {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": gemini.url}


def test_the_way_with_a_key_is_tried_without_a_paid_call(desk: Path, gemini: GeminiServer) -> None:
    found = of_model(desk, with_key(gemini))
    assert {one.severity for one in found.values()} == {"ok"}
    assert gemini.calls == []


def test_one_call_is_made_only_if_asked_for(desk: Path, gemini: GeminiServer) -> None:
    assert of_model(desk, with_key(gemini), call_model=True)["call"].severity == "ok"
    (call,) = gemini.calls
    assert call.body["generationConfig"]["maxOutputTokens"] <= 1024


@pytest.mark.parametrize(
    ("counting", "word"),
    [
        (refusal(400, "Bad key.", {"@type": "ErrorInfo", "reason": "API_KEY_INVALID"}), "did not accept the key"),
        (page(200, "<html><title>Services Unavailable</title>"), "does not come from Gemini"),
        (Answer(how="reset"), "connect"),
        (refusal(404, "No such model."), "There is no model"),
    ],
)
def test_a_service_that_takes_no_calls_is_a_problem_of_the_model(
    desk: Path, gemini: GeminiServer, counting: Answer, word: str
) -> None:
    gemini.counting = counting
    found = of_model(desk, with_key(gemini))["service"]
    assert (found.severity, found.exit_code) == ("problem", 4)
    assert word in found.sentence


def test_a_host_that_nobody_serves_is_a_problem(desk: Path) -> None:
    found = of_model(desk, {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:1"})
    assert (found["service"].severity, found["service"].exit_code) == ("problem", 4)


@pytest.mark.parametrize(
    ("variables", "word"),
    [
        ({"GEMINI_API_KEY": "$(GEMINI_API_KEY)"}, "unexpanded macro"),
        ({"GEMINI_API_KEY": "", "TF_BUILD": "True"}, "the variable has no value"),
        ({"GEMINI_API_KEY": " ", "TF_BUILD": "True", "SYSTEM_PULLREQUEST_ISFORK": "True"}, "a build of a fork"),
    ],
)
def test_why_there_is_no_key_is_said(desk: Path, variables: dict[str, str], word: str) -> None:
    found = of_model(desk, variables)
    assert (found["sign-in"].severity, found["sign-in"].exit_code) == ("problem", 2)
    assert word in found["GEMINI_API_KEY"].sentence
    assert found["service"].severity == "unknown"


@pytest.mark.parametrize(
    ("name", "severity", "word"),
    [
        ("gemini-2.5-pro", "note", "gemini-3.8-flash"),
        ("gemini-3.8-flash", "ok", "No end"),
        ("gemini-unheard-of", "ok", "No end"),
    ],
)
def test_the_end_of_a_model_is_said(desk: Path, name: str, severity: str, word: str) -> None:
    found = of_model(desk, {}, f"model: {{name: {name}}}\n")
    assert (found["name"].severity, word in found["name"].sentence) == (severity, True)
    assert ("price" in found) == (name == "gemini-unheard-of")


def test_a_model_is_served_by_its_heir_from_its_last_day_on() -> None:
    last = ending("models/gemini-2.5-flash")
    assert last is not None
    assert serving("models/gemini-2.5-flash", date(2026, 11, 30)) == "gemini-2.5-flash"
    assert serving("gemini-2.5-flash", last.on) == last.heir == "gemini-3.5-flash-lite"
    assert serving("gemini-3.1-flash-lite", date(2030, 1, 1)) == "gemini-3.1-flash-lite"


# Without a key


@pytest.fixture
def job(tmp_path: Path, desk: Path) -> Iterator[tuple[dict[str, str], Google]]:
    """The environment of a job that signs in with its identity, and the Google that it reaches."""
    connections = [{"name": "gemini", "id": CONNECTION}]
    seed = {
        "project": "Shop",
        "repositories": [{"name": "calc", "from": str(desk)}],
        "service_connections": connections,
    }
    with running(tmp_path / "organisation", seed=seed) as emulator:
        headers = {"Authorization": f"Bearer {emulator.token}"}
        issued = requests.get(f"{emulator.url}_apis/oidc/keys?api-version=7.1", headers=headers, timeout=100).json()
        subject = "sc://emulated/Shop/gemini"
        google = Google(issued["issuer"], issued["keys"], subject, lambda _request: "ready", account=ACCOUNT)
        with serving_google(google):
            environment = {**emulator.environment["calc"], **google.environment}
            environment.pop("TF_BUILD")
            yield {**environment, "REDIMENTO_SERVICE_CONNECTION": CONNECTION}, google


def test_each_hop_of_the_sign_in_has_a_line(desk: Path, job: tuple[dict[str, str], Google]) -> None:
    environment, google = job
    found = of_model(desk, environment)
    assert [name for name in found if name.startswith("sign-in")] == [
        "sign-in 1: Azure DevOps",
        "sign-in 2: Google's token service",
        "sign-in 3: Google",
    ]
    assert {one.severity for one in found.values()} == {"ok"}
    assert google.log[-1].endswith(":countTokens")


@pytest.mark.parametrize(
    ("broken", "severities"),
    [
        ("connection", ["problem", "unknown", "unknown", "unknown"]),
        ("subject", ["ok", "problem", "unknown", "unknown"]),
        ("account", ["ok", "ok", "problem", "unknown"]),
        ("role", ["ok", "ok", "ok", "problem"]),
    ],
)
def test_the_hop_that_fails_is_the_problem_and_the_rest_is_unknown(
    desk: Path, job: tuple[dict[str, str], Google], broken: str, severities: list[str]
) -> None:
    environment, google = job
    if broken == "connection":
        environment["REDIMENTO_SERVICE_CONNECTION"] = CONNECTION.replace("1", "9")
    elif broken == "subject":
        google.subject = "sc://emulated/Shop/other"
    elif broken == "account":
        google.account = "other@acme-ai.iam.gserviceaccount.com"
    else:
        google.project = "another-project"
    found = of_model(desk, environment)
    lines = [one for name, one in found.items() if name.startswith(("sign-in", "service"))]
    assert [one.severity for one in lines] == severities
    assert [one.exit_code for one in lines if one.severity == "problem"] == [4]
