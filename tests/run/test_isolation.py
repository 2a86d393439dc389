"""What a run says of the account that its checks run under, and where it stops."""

from __future__ import annotations

import html
import os
from pathlib import Path

import yaml

from redimento.events import Event, Note, Warned
from redimento.run_options import RunOptions
from redimento.running import carry_out
from tests.run.conftest import GOOD_FIX, SETTINGS, Site
from tests.sandbox.stage import no_checks_account

__all__ = ["no_checks_account"]  # a fixture


def test_a_pipeline_without_an_account_for_checks_stops_before_it_asks_the_model(
    site: Site, no_checks_account: None
) -> None:
    ended = site.run([GOOD_FIX], {"checks": {"isolation": "auto"}})

    outcome = ended.finished.outcome
    assert (outcome.kind, outcome.exit_code) == ("failed", 2)
    assert "The checks cannot run under an account of their own, because " in outcome.sentence
    assert "Redimento image" in outcome.remedy
    assert "set checks.isolation to `process`" in outcome.remedy
    assert ended.finished.spent.calls == 0
    assert not (ended.folder / "conversation.jsonl").exists()


def test_a_pipeline_that_checks_nothing_needs_no_account(site: Site, no_checks_account: None) -> None:
    ended = site.run([GOOD_FIX], {"checks": {"isolation": "auto", "commands": []}})

    assert ended.finished.outcome.kind == "draft"


def test_process_in_a_pipeline_is_stated_everywhere(site: Site) -> None:
    ended = site.run([GOOD_FIX], {"checks": {"isolation": "process"}})

    assert ended.finished.outcome.kind == "delivered"
    said = "Checks run under the run's own account (set by checks.isolation)"
    assert [event for event in ended.events if isinstance(event, Warned) and event.text.startswith(said)]
    pull_request = site.get(f"_apis/git/pullrequests/{ended.finished.outcome.pull_request_id}")
    texts = [
        pull_request["description"],
        *((ended.folder / name).read_text() for name in ("summary.md", "report.html")),
    ]
    for text in map(html.unescape, texts):
        assert "own account (set by checks.isolation)" in text
        assert "Code that attacks this account can take them." in text
        assert "without any token" not in text


def test_a_local_run_may_use_the_persons_own_account_and_says_so(
    sample: Path, tmp_path: Path, no_checks_account: None
) -> None:
    (tmp_path / "story.md").write_text(
        "add adds\n\ncalc.add subtracts.\n\n## Acceptance criteria\n\n- add(1, 1) is 2\n"
    )
    (tmp_path / "answer.md").write_text(GOOD_FIX)
    checks = {**SETTINGS["checks"], "isolation": "auto"}
    (tmp_path / "settings.yml").write_text(
        yaml.safe_dump({"model": {"sdk": "recorded", "recording": str(tmp_path / "answer.md")}, "checks": checks})
    )
    events: list[Event] = []
    options = RunOptions(
        work_item=None,
        work_item_file=tmp_path / "story.md",
        payload=None,
        repo=sample,
        config=tmp_path / "settings.yml",
        run_dir=tmp_path / "run",
        dry_run=False,
    )
    ended = carry_out(options, os.environ, events.append)

    assert ended.finished.outcome.kind == "delivered"
    said = "Checks run under the run's own account (the account redimento-checks does not exist)"
    assert [type(event) for event in events if said in getattr(event, "text", "")] == [Note]
    assert said in (tmp_path / "run" / "summary.md").read_text()
