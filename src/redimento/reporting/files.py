"""The record, the summary and the page that every run leaves in its folder, also a failed one."""

from __future__ import annotations

import platform
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from markupsafe import Markup

from redimento import __version__, wording
from redimento.attempt import Attempt
from redimento.job import Finished, Job


def spans(text: str) -> Markup:
    """Return foreign text as HTML in which nothing but code spans is markup."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:
        pieces[-2:] = ["`".join(pieces[-2:])]
    coded = Markup("<code>{}</code>")
    return Markup("").join(coded.format(piece) if place % 2 else piece for place, piece in enumerate(pieces))


wording.add_filter("spans", spans)


def write_files(job: Job, finished: Finished) -> Path:
    """Write record.json, summary.md and report.html; return the path of the summary."""
    ended = datetime.now(UTC)
    job.folder.write_json("record.json", _record(job, finished, ended))
    patch = job.folder.path / "change.patch"
    shown = {
        "job": job,
        "finished": finished,
        "ended": ended.isoformat(timespec="seconds"),
        "version": __version__,
        "patch": patch.read_text("utf-8", "replace") if patch.is_file() else "",
    }
    job.folder.write_text("report.html", wording.render("report/page.html.j2", **shown))
    return job.folder.write_text("summary.md", wording.render("report/summary.md.j2", **shown))


def _record(job: Job, finished: Finished, ended: datetime) -> dict[str, Any]:
    return {
        "redimento": __version__,
        "python": platform.python_version(),
        "workItem": job.item_id,
        "repository": job.repository,
        "target": job.target,
        "ended": ended.isoformat(timespec="seconds"),
        "seconds": round(finished.seconds, 3),
        "outcome": asdict(finished.outcome),
        "spent": asdict(finished.spent),
        "candidates": [_attempt(attempt) for attempt in finished.attempts],
        "settings": asdict(job.settings),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    verdict = attempt.verdict
    return {
        "summary": attempt.answer.summary,
        "files": list(attempt.change.paths),
        "rounds": attempt.rounds,
        "stopped": attempt.stopped,
        "verified": attempt.verified,
        "newFailures": [asdict(failure) for failure in verdict.new_failures] if verdict else [],
        "flaky": [asdict(failure) for failure in verdict.flaky] if verdict else [],
        "proofs": [{**asdict(proof), "proves": proof.proves} for proof in verdict.proofs] if verdict else [],
        "notes": list(attempt.notes),
    }
