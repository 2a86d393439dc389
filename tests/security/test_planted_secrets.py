"""The secrets of a run in everything that a model, a server, a check and a file can say: no text of the run shows them."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, unquote

import pytest
import yaml

from tests.models.gemini_server import Answer, GeminiServer, refusal, text
from tests.run.conftest import CALC, GOOD_FIX, REPAIR, SETTINGS, Site, git, organise

__all__ = ["organise"]  # a fixture

KEY = "k3y/plus+tok_en-98.76~543210"


def as_it_is(secret: str) -> str:
    return secret


def percent_encoded(secret: str) -> str:
    return quote(secret, safe="").lower() + " " + "".join(f"%{ord(mark):02X}" for mark in secret)


def in_base64(secret: str) -> str:
    shifted = [base64.b64encode(f"{before}{secret}".encode()).decode() for before in (":", "", "me:")]
    return " ".join([*shifted, base64.urlsafe_b64encode(secret.encode()).decode()])


def in_every_form(secret: str) -> str:
    return " ".join(form(secret) for form in (as_it_is, percent_encoded, in_base64))


def leaks(said: str, *secrets: str) -> list[str]:
    """Return every form of a secret in `said`, found by undoing percent-encoding and by comparing base64."""
    plain = unquote(said)
    forms = [form for secret in secrets for form in (secret, *in_base64(secret).split())]
    return [form for form in forms if form.rstrip("=")[:-2] in plain]


def answers(leak: str) -> list[Answer]:
    """Return what the service says in one run: errors, readings, refused edits, failing code, and what it claims."""
    head, edits = GOOD_FIX.split("\n```\n", 1)
    claims = json.loads(head.removeprefix("```json\n"))
    claims["summary"] = f"add() adds. {leak}"
    claims["criteria"][0]["note"] = f"see {leak}"
    claims["criteria"][0]["tests"] += [f"tests/test_calc.py::{leak}"]
    claims.update(documentation=leak, build_instructions=leak)
    loud = f"```json\n{json.dumps(claims)}\n```\n{edits}"
    loud = loud.replace("return a + b", "return a * b").replace("1, 1), 2)", "1, 1), 2, open('config.txt').read())")
    wait = {"@type": "RetryInfo", "retryDelay": "0.1s"}
    return [
        refusal(503, f"overloaded {leak}", wait),
        text(f"Your key is {leak}"),
        text(f"```json\n{json.dumps({'read': ['config.txt', *leak.split()], 'search': ['config']})}\n```"),
        text(f"{loud}```\nnotes.txt\n<<<<<<< WHOLE\nother\n{leak}\n>>>>>>> WHOLE\n```\n"),
        text(f'```json\n{{"summary": "{leak}"}}\n```\n```\nnotes.txt\n<<<<<<< WHOLE\nNothing.\n>>>>>>> WHOLE\n```\n'),
        text(REPAIR.replace("add() adds.", f"Repaired. {leak}")),
    ]


def said(
    site: Site, gemini: GeminiServer, *more: str, run: str = "cat config.txt; python3 run_tests.py"
) -> dict[str, str]:
    """Run item 7, and return all that leaves the process, by where it went."""
    model = {"sdk": "google-genai", "name": "gemini-3.8-flash"}
    checks = {**SETTINGS["checks"], "commands": [{**SETTINGS["checks"]["commands"][0], "run": run}]}
    config = site.tmp / "settings.yml"
    config.write_text(yaml.safe_dump({"model": model, "checks": checks}))
    environment = {**site.environment, "GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": gemini.url}
    command = [sys.executable, "-m", "redimento", "run", "--work-item", "7", "--repo", str(site.checkout)]
    command += ["--config", str(config), *more]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=100)
    folder = site.tmp / "agent-temp" / "redimento" / "7"
    places = {"output": done.stdout, "log": done.stderr}
    places |= {path.name: path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}
    places |= {f"request {number}": json.dumps(call.body) for number, call in enumerate(gemini.calls)}
    places |= on_the_server(site)
    return places


def on_the_server(site: Site) -> dict[str, str]:
    comments: Any = site.get("_apis/wit/workItems/7/comments", api_version="7.1-preview.4")["comments"]
    requests: Any = site.get("_apis/git/repositories/calc/pullrequests")["value"]
    fields: Mapping[str, Any] = site.get("_apis/wit/workitems/7")["fields"]
    places = {f"comment {one['id']}": one["text"] for one in comments if "Redimento" in one["text"]}
    places |= {f"pull request {one['pullRequestId']}": json.dumps(one) for one in requests}
    places["tags"] = fields.get("System.Tags", "")
    bare = next(path.parent for path in (site.tmp / "organisation").rglob("HEAD") if (path.parent / "objects").is_dir())
    for branch in git(bare, "for-each-ref", "--format=%(refname)", "refs/heads/redimento").split():
        places["commit"] = git(bare, "log", "-1", "--format=%B", branch)
        changed = git(bare, "show", "--format=", branch).splitlines()
        places["change"] = "\n".join(line for line in changed if line.startswith("+"))
    return places


@pytest.fixture
def planted(organise: Callable[..., Site], monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site whose repository and work item hold the key in every form."""
    leak = in_every_form(KEY)
    monkeypatch.setattr("tests.run.conftest.CALC", f"{CALC}# config {leak}\n")
    site = organise(
        **{
            "System.Title": f"add adds {KEY} {quote(KEY, safe='')} {in_base64(KEY).split()[0]}",
            "System.Description": f"<p>calc.add subtracts, see config.txt. {leak}</p>",
            "Microsoft.VSTS.Common.AcceptanceCriteria": f"<ul><li>add(1, 1) is 2 {leak}</li></ul>",
        }
    )
    (site.checkout / "config.txt").write_text(f"config\n{leak}\n")
    git(site.checkout, "add", ".")
    git(site.checkout, "commit", "-q", "-m", f"Configure {leak}")
    return site


@pytest.mark.parametrize("output", ["--json", "--dry-run"])
def test_no_text_of_a_run_shows_a_secret(planted: Site, output: str) -> None:
    token = planted.emulator.token
    with GeminiServer(*answers(f"{in_every_form(KEY)} {in_every_form(token)}")) as gemini:
        places = said(planted, gemini, output)

    record = json.loads(places["record.json"])
    assert record["outcome"]["kind"] in {"delivered", "draft"}, places["output"] + places["log"]
    assert record["candidates"][0]["rounds"] == 1
    assert {name: found for name, one in places.items() if (found := leaks(one, KEY, token))} == {}
    assert {"conversation.jsonl", "report.html", "summary.md", "junit.xml", "change.patch"} <= set(places)
    if output == "--json":
        assert {"comment 1", "pull request 1", "commit"} <= set(places)
        assert "***" in places["pull request 1"]
        assert "***" in places["commit"]


@pytest.mark.parametrize("end", ["question", "nothing", "refused", "not Gemini", "blocked"])
def test_no_end_of_a_run_shows_a_secret(organise: Callable[..., Site], end: str) -> None:
    site = organise()
    leak = f"{in_every_form(KEY)} {in_every_form(site.emulator.token)}"
    last = {
        "question": text(json.dumps({"questions": [f"Is {leak} right?"]})),
        "nothing": text(json.dumps({"nothing_to_do": f"All is well, {leak}."})),
        "refused": refusal(400, f"API key not valid: {leak}", name="INVALID_ARGUMENT"),
        "not Gemini": Answer(404, f"<html>{leak}</html>".encode(), {"Content-Type": "text/html"}),
        "blocked": Answer(
            200,
            json.dumps({"promptFeedback": {"blockReason": "OTHER", "blockReasonMessage": leak}}).encode(),
            {"Content-Type": "application/json"},
        ),
    }[end]
    with GeminiServer(last) as gemini:
        places = said(site, gemini)
    assert {name: found for name, one in places.items() if (found := leaks(one, KEY, site.emulator.token))} == {}
    assert "comment 1" in places
