"""The record, the summary and the page that every run leaves in its folder, even a failed one."""

from __future__ import annotations

import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from redimento import __version__
from redimento.delivery.texts import SUMMARY
from redimento.reporting.page import page
from redimento.run.attempt import Attempt
from redimento.run.job import Finished, Job
from redimento.run_folder import RunFolder
from redimento.text import wording
from redimento.verification.evidence import Checks, Verdict
from redimento.verification.trial import TrialResult

_LONGEST_OUTPUT = 4_000  # characters of one try in the record


def write_files(folder: RunFolder, finished: Finished, job: Job | None) -> Path:
    """Write record.json, summary.md and report.html; return the path of summary.md. `job` is None if the run never started."""
    ended = datetime.now(UTC)
    folder.write_json("record.json", _record(finished, job, ended))
    language = job.settings.language if job else "en"
    heading = _heading(finished, job, language)
    folder.write_text("report.html", page(finished, job, heading=heading, ended=ended, language=language))
    return write_summary(folder, finished, job)


def write_summary(folder: RunFolder, finished: Finished, job: Job | None) -> Path:
    """Write summary.md alone; return its path. Of a run without a duration, which has not ended, it says no cost."""
    language = job.settings.language if job else "en"
    values = {
        "heading": _heading(finished, job, language),
        "target": job.target if job else "",
        "finished": finished,
        "detail": SUMMARY,
        "version": __version__,
    }
    return folder.write_text("summary.md", wording.render("report/summary.md.j2", language, **values))


def _heading(finished: Finished, job: Job | None, language: str) -> str:
    if finished.item is not None:
        return finished.item.title
    if finished.outcome.pull_request_id:
        return wording.say("pull_request", language, id=finished.outcome.pull_request_id)
    if job is None:
        return wording.say("could_not_start", language)
    return wording.say("item_without_title", language, id=job.item_id)


def _record(finished: Finished, job: Job | None, ended: datetime) -> dict[str, Any]:
    return {
        "redimento": __version__,
        "python": platform.python_version(),
        "workItem": finished.item.id if finished.item else job.item_id if job else None,
        "workItemType": finished.item.type if finished.item else "",
        "title": finished.item.title if finished.item else "",
        "repository": job.repository if job else "",
        "target": job.target if job else "",
        "base": job.base if job else "",
        "ended": ended.isoformat(timespec="seconds"),
        "seconds": round(finished.seconds, 3),
        "outcome": asdict(finished.outcome),
        "draftReasons": list(finished.report.draft_reasons) if finished.report else [],
        "spent": asdict(finished.spent),
        "candidates": [_attempt(attempt) for attempt in finished.attempts],
        "settings": asdict(job.settings) if job else None,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    verdict = attempt.verdict or Verdict(Checks(), Checks())
    return {
        "number": attempt.number,
        "summary": attempt.answer.summary,
        "files": list(attempt.change.paths),
        "rounds": attempt.rounds,
        "failuresByRound": list(attempt.failures_by_round),
        "stopped": attempt.stopped,
        "verified": attempt.verified,
        "newFailures": [asdict(failure) for failure in verdict.new_failures],
        "flaky": [asdict(failure) for failure in verdict.flaky],
        "proofs": [{**asdict(proof), "proves": proof.proves} for proof in verdict.proofs],
        "forbidden": [asdict(test) for test in verdict.forbidden],
        "harmless": list(verdict.harmless),
        "moved": [list(names) for names in verdict.moved],
        "unnoticed": list(verdict.unnoticed),
        "remarks": list(verdict.remarks()),
        "reproduction": [test.id for test in attempt.reproduction.tests] if attempt.reproduction else [],
        "trials": [_trial(trial) for trial in attempt.trials],
        "refused": [asdict(refusal) for refusal in attempt.refused],
        "notes": list(attempt.notes),
    }


def _trial(trial: TrialResult) -> dict[str, Any]:
    tests = {test.id: test.outcome for test in trial.tests}
    return {**asdict(trial), "tests": tests, "output": trial.output[-_LONGEST_OUTPUT:]}
