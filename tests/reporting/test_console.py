"""What appears in the agent's log and on a terminal."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from redimento.azure import pipelines
from redimento.events import CheckStarted, Loaded, Note, PullRequestWritten, StepEnded, StepStarted, Warned
from redimento.outcome import Outcome
from redimento.reporting import console
from redimento.run.job import Finished
from redimento.running import Ended
from redimento.text.redaction import NO_SECRETS, Secrets
from tests.reporting.conftest import HOSTILE

IN_ORDER = ("First reason.", "Second reason.", "t::vat forbade", "proved", "fails: 1 failed", "test as it was")
SECRET = "a-secret-of-many-letters"


def commands(text: str) -> list[str]:
    return [line for line in text.splitlines() if "##vso[" in line or line.startswith("##[")]


def test_each_event_becomes_lines_for_the_agent() -> None:
    stream = io.StringIO()
    number = {"BUILD_BUILDNUMBER": "20261127.1"}
    with console.pipeline_listener(pipelines, stream, Secrets((SECRET,)), number) as emit:
        for event in (
            Loaded(7, "Bug", f"Totals: {SECRET}?"),
            StepStarted("gather", "Choose"),
            Note(f"5 files {SECRET}"),
            Warned("Look here; now", "src/a.py"),
            StepEnded("gather", 1.25),
        ):
            emit(event)

    assert stream.getvalue().splitlines() == [
        "Bug 7: Totals: ***?",
        "##vso[build.addbuildtag]work-item-7",
        "##vso[build.updatebuildnumber]20261127.1 work item 7 Totals",
        "##[group]Choose",
        "##vso[task.setprogress value=5;]Choose",
        "5 files ***",
        "##vso[task.setprogress value=6;]Choose",
        "##vso[task.logissue type=warning;sourcepath=src/a.py;]Look here%3B now",
        "gather: done after 1.2 s",
        "##[endgroup]",
    ]


def test_foreign_text_cannot_command_the_agent(finished: Finished, tmp_path: Path) -> None:
    stream = io.StringIO()
    with console.pipeline_listener(pipelines, stream, NO_SECRETS, {}) as emit:
        emit(StepStarted(HOSTILE, HOSTILE))
        for event in (Loaded(7, HOSTILE, HOSTILE), Note(HOSTILE), CheckStarted(HOSTILE, "after", 1, 1)):
            emit(event)
        emit(Warned(HOSTILE, HOSTILE))
        emit(PullRequestWritten(1, HOSTILE, draft=False, created=True))
    console.show_pipeline_end(pipelines, stream, finished, tmp_path / "summary.md", (HOSTILE,))

    output = stream.getvalue()
    assert "task.complete" in output
    assert not [line for line in commands(output) if line.startswith("##vso[task.complete") or line.count("##") > 1]
    assert "\x1b" not in output
    assert "\u202e" not in output


def test_the_end_sets_the_variables_and_shows_the_summary(finished: Finished, tmp_path: Path) -> None:
    stream = io.StringIO()
    console.show_pipeline_end(pipelines, stream, finished, tmp_path / "summary.md")

    output = commands(stream.getvalue())
    assert "##vso[task.setvariable variable=outcome;isOutput=true;]draft" in output
    assert "##vso[task.setvariable variable=pullRequestUrl;isOutput=true;]https://x.invalid/3" in output
    assert "##vso[task.setvariable variable=costUsd;isOutput=true;]0.5000" in output
    assert output[-1] == f"##vso[task.uploadsummary]{tmp_path / 'summary.md'}"
    assert sum("task.logissue type=warning" in line for line in output) == 1


def test_a_failure_lists_every_problem_as_an_issue() -> None:
    stream = io.StringIO()
    failed = Finished(Outcome("failed", "2 problems.", "Correct them.", 2, problems=("a:1: x", "a:2: y")))
    console.show_pipeline_end(pipelines, stream, failed, None)

    issues = [line.partition("]")[2] for line in commands(stream.getvalue()) if "type=error" in line]
    assert issues == ["a:1: x", "a:2: y", "2 problems. Correct them."]
    assert "uploadsummary" not in stream.getvalue()


def test_a_terminal_shows_outcome_criteria_checks_and_the_folder(finished: Finished, tmp_path: Path) -> None:
    stream = io.StringIO()
    console.show_terminal_end(Console(file=stream, width=200), finished, tmp_path, ("POST somewhere",))

    output = stream.getvalue()
    for expected in (" DRAFT ", "Acceptance criteria", "Before", "$0.5000 in 2 model calls", str(tmp_path)):
        assert expected in output
    assert "dry run" in output
    assert "\x1b" not in output
    assert "\u202e" not in output


def test_a_terminal_shows_reasons_criteria_checks_and_the_old_tests_in_this_order(seen: Finished) -> None:
    stream = io.StringIO()
    console.show_terminal_end(Console(file=stream, width=200), seen, None, ())

    places = [stream.getvalue().index(words) for words in IN_ORDER]
    assert places == sorted(places)


def test_the_end_for_the_agent_has_the_evidence_in_the_same_order(seen: Finished) -> None:
    stream = io.StringIO()
    console.show_pipeline_end(pipelines, stream, seen, None)

    lines = stream.getvalue().splitlines()
    assert "  criterion 1: proved: It adds up" in lines
    assert "  check tests: fails: 1 passed before, 1 failed after" in lines
    assert "  The 1 test as it was, on the new source: `t::vat` fails." in lines


def test_a_terminal_shows_steps_without_secrets() -> None:
    stream = io.StringIO()
    with console.terminal_listener(Console(file=stream, width=80), Secrets((SECRET,))) as emit:
        emit(StepStarted("gather", "Choose"))
        emit(Warned(f"{SECRET} {HOSTILE}"))
        emit(StepEnded("gather", 2.0, ok=False))

    output = stream.getvalue()
    assert "ended: Choose" in output
    assert SECRET not in output
    assert "\x1b" not in output


def test_json_is_one_line_without_commands_or_escapes(finished: Finished, tmp_path: Path) -> None:
    stream = io.StringIO()
    asked = replace(finished, outcome=replace(finished.outcome, questions=(HOSTILE, "\ud800 broken")))
    console.print_json(stream, Ended(asked, tmp_path, calls=(HOSTILE,)).as_json())

    line = stream.getvalue()
    assert line.count("\n") == 1
    assert line.isascii()
    assert "##" not in line
    assert "\x1b" not in line
    decoded = json.loads(line)
    assert decoded["sentence"] == HOSTILE
    assert decoded["pullRequestId"] == 3
    assert decoded["runFolder"] == str(tmp_path)
