"""A page, a summary and a console made of foreign text of any size take linear time."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from redimento.authoring.answer import Answer
from redimento.azure import pipelines
from redimento.change.edit import Change
from redimento.delivery.criteria import CriterionEvidence, NamedTest
from redimento.delivery.report import check_lines
from redimento.outcome import Outcome
from redimento.reporting.console import show_pipeline_end, show_terminal_end
from redimento.reporting.files import write_files
from redimento.run.attempt import Attempt
from redimento.run.job import Finished
from redimento.run_folder import open_run_folder
from redimento.text.redaction import Secrets
from redimento.verification.evidence import CheckResult, Checks, Failure, Proof, Verdict
from tests.scaling import assert_linear_in

PIECES = ("a", "a ", "`x", "\n", "<", "#1", "##vso[", "\x1b[0;")


def made_of(finished: Finished, text: str, count: int = 1) -> Finished:
    """Return a run in which every foreign text is `text`, `count` times wherever there is a list."""
    assert finished.report is not None
    result = CheckResult(text, text, required=True, exit_code=1, seconds=1.0, output=text)
    checks = Checks((result,) * count)
    failures = (Failure(text, text, text),) * count
    proofs = (Proof(text, "failed", "passed"),) * count
    verdict = Verdict(checks, checks, failures, failures, failures, failures, proofs)
    criterion = CriterionEvidence(1, text, "claimed", (NamedTest(text),), text)
    report = replace(
        finished.report, summary=text, criteria=(criterion,) * count, verdict=verdict, checks=check_lines(verdict)
    )
    outcome = Outcome("draft", text, text, pull_request_id=3, questions=(text,) * count)
    attempt = Attempt(Answer(summary=text), Change(), verdict)
    item = replace(report.item, title=text)
    return replace(finished, outcome=outcome, item=item, attempts=(attempt,) * 2, report=report)


@pytest.mark.parametrize("piece", PIECES)
def test_files_of_a_run_with_twice_the_text_take_twice_as_long(finished: Finished, tmp_path: Path, piece: str) -> None:
    folder = open_run_folder(tmp_path / "run", secrets=Secrets(("very-secret-token",)))

    def write(given: Finished) -> None:
        write_files(folder, given, None)

    assert_linear_in(write, lambda size: made_of(finished, piece * size), 2_000)


def test_files_of_a_run_with_twice_as_much_in_it_take_twice_as_long(finished: Finished, tmp_path: Path) -> None:
    folder = open_run_folder(tmp_path / "run", secrets=Secrets(("very-secret-token",)))

    def write(given: Finished) -> None:
        write_files(folder, given, None)

    assert_linear_in(write, lambda size: made_of(finished, "a `b` <c>", size), 50)


@pytest.mark.parametrize("piece", PIECES)
def test_an_end_with_twice_the_text_takes_twice_as_long_to_show(finished: Finished, piece: str) -> None:
    def show(given: Finished) -> None:
        show_pipeline_end(pipelines, io.StringIO(), given, None)
        show_terminal_end(Console(file=io.StringIO(), width=100), given, None, ())

    assert_linear_in(show, lambda size: made_of(finished, piece * size), 2_000)


def test_an_end_with_twice_as_much_in_it_takes_twice_as_long_to_show(finished: Finished) -> None:
    def show(given: Finished) -> None:
        show_pipeline_end(pipelines, io.StringIO(), given, None)
        show_terminal_end(Console(file=io.StringIO(), width=100), given, None, ())

    assert_linear_in(show, lambda size: made_of(finished, "a `b` <c>", size), 50)
