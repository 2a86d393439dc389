"""In a pipeline, the step decides who gets key, tokens and prompts; a commit does not. Whole runs, over real HTTP."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import certifi
import pytest
import yaml

from redimento.demo.google import Google, serving
from redimento.events import Event, Note
from redimento.run_options import RunOptions
from redimento.running import Ended, carry_out
from tests.azure import hostile
from tests.models.gemini_server import GeminiServer, text
from tests.run.conftest import GOOD_FIX, Site, git, organise

__all__ = ["organise"]  # a fixture

KEY = "AQ.the-key-of-this-run-0123456789"
CONNECTION = "11111111-2222-3333-4444-555555555555"
TOKEN = re.compile(rb"ya29\.|eyJ[A-Za-z0-9_-]{20}")
# Fails if the environment has a token, a key, or what leads to one.
CHECK = "env > environment.txt && ! grep -qE 'ya2[9]|eyJ|OIDC|ACCESSTOKEN|AQ[.]|SERVICE_CONNECTION' environment.txt && python3 run_tests.py"
SETTINGS: dict[str, Any] = {
    "checks": {
        "isolation": "process",
        "commands": [{"name": "tests", "run": CHECK, "junit": "report.xml", "timeout": 60}],
    }
}


@pytest.fixture
def site(organise: Callable[..., Site]) -> Site:
    return organise(seed={"service_connections": [{"name": "gemini", "id": CONNECTION}]})


@pytest.fixture
def google(site: Site) -> Iterator[Google]:
    """A Google that trusts the site's organisation, and answers with a good change."""
    issued = site.client().get("_apis/oidc/keys")
    made = Google(issued["issuer"], issued["keys"], "sc://emulated/Shop/gemini", lambda _request: GOOD_FIX)
    with serving(made):
        yield made


def committed(site: Site, settings: dict[str, Any] = SETTINGS, **model: Any) -> None:
    """Commit settings to the branch that the pipeline has checked out, here and on the server."""
    (site.checkout / ".redimento.yml").write_text(yaml.safe_dump({**settings, "model": model}))
    git(site.checkout, "add", ".redimento.yml")
    git(site.checkout, "commit", "-q", "-m", "Settings")
    header = f"http.extraheader=AUTHORIZATION: bearer {site.emulator.token}"
    git(site.checkout, "-c", header, "push", "-q", site.environment["BUILD_REPOSITORY_URI"], "HEAD:main")


def run(site: Site, config: Path | None = None, /, **step: str) -> tuple[Ended, list[Event]]:
    """Run item 7 as the agent does, with the variables of the step."""
    events: list[Event] = []
    options = RunOptions("7", None, None, site.checkout, config, None, dry_run=False)
    environment = {name: value for name, value in site.environment.items() if not name.lower().endswith("proxy")}
    return carry_out(options, {**environment, **step}, events.append), events


def notes(events: list[Event]) -> str:
    return "\n".join(event.text for event in events if isinstance(event, Note))


def files(folder: Path | None) -> list[bytes]:
    assert folder is not None
    return [file.read_bytes() for file in folder.rglob("*") if file.is_file()]


def test_address_in_a_commit_gets_neither_key_nor_prompt(site: Site) -> None:
    with GeminiServer(text(GOOD_FIX)) as thief:
        committed(site, base_url=thief.url)
        ended, _ = run(site, GEMINI_API_KEY=KEY)
        assert thief.received == []
    outcome = ended.finished.outcome
    assert (outcome.kind, outcome.exit_code) == ("failed", 2)
    assert "model.base_url comes from a commit" in outcome.sentence
    assert "GOOGLE_GEMINI_BASE_URL" in outcome.remedy


@pytest.mark.parametrize("through", ["the checkout", "a link to the file"])
def test_settings_that_the_step_names_in_the_checkout_are_a_commits(site: Site, through: str) -> None:
    with GeminiServer(text(GOOD_FIX)) as thief:
        committed(site, base_url=thief.url)
        named = {"the checkout": site.checkout / ".redimento.yml", "a link to the file": site.tmp / "link.yml"}[through]
        (site.tmp / "link.yml").symlink_to(site.checkout / ".redimento.yml")
        ended, _ = run(site, named, GEMINI_API_KEY=KEY)
        assert thief.received == []
    assert "model.base_url comes from a commit" in ended.finished.outcome.sentence


def test_address_of_the_step_gets_the_prompt_whatever_a_commit_says(site: Site) -> None:
    with GeminiServer(text(GOOD_FIX)) as thief, GeminiServer(text(GOOD_FIX)) as gateway:
        committed(site, base_url=thief.url)
        ended, events = run(site, GEMINI_API_KEY=KEY, GOOGLE_GEMINI_BASE_URL=gateway.url)
        assert thief.received == []
        assert len(gateway.calls) == 1
        assert f"The prompts go to {gateway.url.removeprefix('http://')}" in notes(events)
    assert ended.finished.outcome.kind == "delivered", ended.finished.outcome
    assert [content for content in files(ended.folder) if KEY.encode() in content] == []


def test_library_in_a_commit_is_not_used(site: Site) -> None:
    committed(site, sdk="google-generativeai", allow_prompt_storage=True)
    ended, _ = run(site, GEMINI_API_KEY=KEY)
    assert ended.finished.outcome.exit_code == 2
    assert "model.sdk comes from a commit" in ended.finished.outcome.sentence


def test_run_without_a_key_leaves_no_token_anywhere(site: Site, google: Google) -> None:
    committed(site, vertex={"project": "emulated-project", "location": "global"})
    step = {**google.environment, "GOOGLE_CLOUD_PROJECT": "", "REDIMENTO_SERVICE_CONNECTION": CONNECTION}
    ended, events = run(site, **step)
    assert ended.finished.outcome.kind == "delivered", ended.finished.outcome
    assert "signed in as the job, without a key" in notes(events)
    assert google.tokens
    assert [content for content in (*files(ended.folder), *files(site.tmp / "agent")) if TOKEN.search(content)] == []
    assert not TOKEN.search(repr((ended, events)).encode())
    # Coverage hands its settings to child processes in base64, which begins like a token.
    ours = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    assert not TOKEN.search(repr(ours).encode())


def test_token_that_a_model_writes_into_a_file_does_not_get_there(site: Site, google: Google) -> None:
    committed(site)
    google.answer = lambda _request: GOOD_FIX.replace("return a + b", f"return a + b  # {next(iter(google.tokens))}")
    ended, _ = run(site, **google.environment, REDIMENTO_SERVICE_CONNECTION=CONNECTION)
    assert "calc.py: it would contain a secret of this run" in ended.finished.outcome.sentence
    assert ended.finished.outcome.commit == ""
    assert [
        content for content in (*files(ended.folder), *files(site.tmp / "organisation")) if TOKEN.search(content)
    ] == []


def test_hop_that_fails_is_the_outcome_of_the_run(site: Site, google: Google) -> None:
    committed(site)
    google.subject = "sc://emulated/Shop/another"
    ended, _ = run(site, **google.environment, REDIMENTO_SERVICE_CONNECTION=CONNECTION)
    outcome = ended.finished.outcome
    assert (outcome.kind, outcome.exit_code) == ("failed", 4)
    assert "Google's token service refused" in outcome.sentence
    assert ended.finished.spent.usd == 0.0


@pytest.mark.parametrize(
    ("model", "step", "named"),
    [
        ({"thinking": "xhigh"}, {}, "no level of thinking xhigh"),
        ({"max_output_tokens": 100_000}, {}, "at most 65,536 tokens"),
        ({}, {"ALL_PROXY": "socks5://127.0.0.1:1080"}, "ALL_PROXY names a SOCKS proxy"),
        ({}, {"HTTPS_PROXY": "ftp://proxy"}, "HTTPS_PROXY is not the address of a proxy"),
        ({}, {"SSL_CERT_FILE": "/nonexistent.pem"}, "SSL_CERT_FILE names /nonexistent.pem"),
        ({}, {"REQUESTS_CA_BUNDLE": "/etc/hostname"}, "holds no certificate"),
        ({}, {"REDIMENTO_SDK": "curl"}, "no library for Gemini"),
        ({}, {"REDIMENTO_SDK": "google-generativeai"}, "cannot tell Google not to store the prompts"),
        ({}, {"REDIMENTO_SERVICE_CONNECTION": CONNECTION}, "two ways to sign in"),
        ({}, {"GEMINI_API_KEY": ""}, "no way to sign in"),
    ],
)
def test_settings_that_cannot_work_end_the_run_before_it_begins(
    site: Site, model: dict[str, Any], step: dict[str, str], named: str
) -> None:
    committed(site, **model)
    ended, _ = run(site, **{"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:9", **step})
    outcome = ended.finished.outcome
    assert (outcome.kind, outcome.exit_code) == ("failed", 2), outcome
    assert named in outcome.sentence
    assert outcome.remedy
    assert ended.finished.spent.calls == 0


def test_certificates_of_one_library_are_not_given_to_the_checks_under_another_name(site: Site) -> None:
    dump = "env > environment.txt && python3 run_tests.py && ! grep -q REQUESTS_CA_BUNDLE environment.txt"
    settings = {"checks": {"isolation": "process", "commands": [{"name": "tests", "run": dump, "junit": "report.xml"}]}}
    committed(site, settings)
    none = dict.fromkeys(("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"), "")
    with GeminiServer(text(GOOD_FIX)) as gateway, pytest.MonkeyPatch.context() as patch:
        for name in none:
            patch.delenv(name, raising=False)
        step = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": gateway.url, "SSL_CERT_FILE": certifi.where()}
        ended, _ = run(site, **none, **step)
    assert ended.finished.outcome.kind == "delivered", ended.finished.outcome


FOREIGN = {
    "deep": hostile.answer(200, b'{"candidates":' * 2_000 + b"1" + b"}" * 2_000),
    "a page": hostile.html(200),
    "a list": hostile.json_answer([[[]]]),
    "other members": hostile.json_answer({"candidates": {"content": 7}, "usageMetadata": "many"}),
    "an error of another shape": hostile.json_answer({"error": "no"}, 500),
    "a sign-in": hostile.html(203),
}


@pytest.mark.parametrize("step", FOREIGN.values(), ids=FOREIGN)
def test_foreign_answer_of_the_model_is_a_sentence_and_no_defect(site: Site, step: hostile.Step) -> None:
    committed(site, max_minutes=1, call_timeout_seconds=5)
    with hostile.serving([step]) as server:
        ended, _ = run(site, GEMINI_API_KEY=KEY, GOOGLE_GEMINI_BASE_URL=server.url)
    outcome = ended.finished.outcome
    assert (outcome.kind, outcome.exit_code) == ("failed", 4), outcome
    assert outcome.sentence.endswith((".", "…"))
