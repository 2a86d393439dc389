"""The end of a run, made from values, with hostile text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from redimento.authoring.answer import Answer
from redimento.change.edit import Change, Dependency, FileChange
from redimento.change.guards.steering import SteeringFile
from redimento.delivery.criteria import CriterionEvidence, NamedTest
from redimento.delivery.report import Report, check_lines, file_lines
from redimento.models.port import Spent
from redimento.outcome import Outcome
from redimento.run.attempt import Attempt
from redimento.run.job import Finished, Job
from redimento.run_folder import open_run_folder
from redimento.settings import Settings
from redimento.verification.evidence import ChangedTest, CheckResult, Checks, Failure, Proof, TestResult, Verdict
from redimento.work_items.item import WorkItem

HIDDEN = (
    "\u202e\u2066\u200f\u061c\xad\u180e\u2062\u200b\u200d\ufeff\ufe00\ufe0f\ufff9\u3164\U000e0041\U000e0101\x07\x9b"
)
HOSTILE = (
    "</pre><script>alert(1)</script> ##vso[task.complete result=Failed;] \x1b[31m\u202e![x](http://evil.invalid/) & 'q'"
    f" {HIDDEN}z"
)


@pytest.fixture(autouse=True)
def _no_terminal_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES", "TERM"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def finished() -> Finished:
    """A draft whose foreign texts are all hostile."""
    result = CheckResult(HOSTILE, HOSTILE, required=True, exit_code=1, seconds=1.0, output=HOSTILE)
    checks = Checks((result,))
    verdict = Verdict(checks, checks, new_failures=(Failure(HOSTILE, HOSTILE, HOSTILE),))
    change = Change((FileChange("a.py", b"1\n", b"2\n"),))
    item = WorkItem(7, 1, "User Story", "story", HOSTILE, acceptance_criteria=(HOSTILE,))
    criterion = CriterionEvidence(1, HOSTILE, "claimed", (NamedTest(HOSTILE),), HOSTILE)
    report = Report(
        item=item,
        summary=HOSTILE,
        criteria=(criterion,),
        verdict=verdict,
        further_proofs=(),
        files=file_lines(change),
        new_dependencies=(),
        checks=check_lines(verdict),
        draft_reasons=("1 required test or check fails since this change.",),
        rounds=0,
        model="recorded",
        tokens=0,
        usd=0.0,
        run_url="",
    )
    outcome = Outcome("draft", HOSTILE, "Look.", branch="b", pull_request_id=3, pull_request_url="https://x.invalid/3")
    answer = Answer(summary=HOSTILE)
    return Finished(outcome, item, None, (Attempt(answer, change, verdict),), report, Spent(calls=2, usd=0.5), 1.5)


@pytest.fixture
def seen(finished: Finished) -> Finished:
    """A draft with something in every place."""
    tests = (TestResult("t::vat", "failed"),)
    result = CheckResult("tests", "pytest", required=True, exit_code=1, seconds=1.0, output="", tests=tests)
    before = Checks((replace(result, exit_code=0, tests=(TestResult("t::vat", "passed"),)),))
    verdict = Verdict(
        before,
        Checks((result,)),
        new_failures=(Failure("tests", "t::vat", "boom"),),
        old_judge=Checks((result,)),
        forbidden=(ChangedTest("t::vat", "The rate is lower.", 1),),
        proofs=(Proof("t::new", "failed", "passed", "it reads the source"),),
        harmless=("t::tidied",),
        moved=(("a::t", "b::t"),),
        unnoticed=("src/cart.py:3",),
    )
    assert finished.report is not None
    report = replace(
        finished.report,
        summary="I rounded.\n\n# I am the outcome",
        criteria=(CriterionEvidence(1, "It adds up", "proved", (NamedTest("t::up", "failed", "passed"),), "My note."),),
        verdict=verdict,
        further_proofs=verdict.proofs,
        checks=check_lines(verdict),
        draft_reasons=("First reason.", "Second reason."),
        new_dependencies=(Dependency("left-pad", "package.json", "2", HOSTILE, "1"),),
        steering=(SteeringFile(HOSTILE, "package sources", (HOSTILE,), ("old",)),),
    )
    return replace(finished, report=report)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    folder = open_run_folder(tmp_path / "run")
    return Job(7, Settings(), tmp_path, folder, tmp_path, None, tmp_path, "main", lambda _: "b")
