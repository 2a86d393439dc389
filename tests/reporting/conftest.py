"""The end of a run, made from values, with hostile text."""

from __future__ import annotations

import pytest

from redimento.authoring.answer import Answer
from redimento.change.edit import Change, FileChange
from redimento.delivery.criteria import CriterionEvidence, NamedTest
from redimento.delivery.report import Report, check_lines, file_lines
from redimento.models.port import Spent
from redimento.outcome import Outcome
from redimento.run.attempt import Attempt
from redimento.run.job import Finished
from redimento.verification.evidence import CheckResult, Checks, Failure, Verdict
from redimento.work_items.item import WorkItem

HOSTILE = (
    "</pre><script>alert(1)</script> ##vso[task.complete result=Failed;] \x1b[31m\u202e![x](http://evil.invalid/) & 'q'"
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
