"""Run from options to record: every run ends with an outcome that can be reported."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from redimento import defect
from redimento.errors import RedimentoError
from redimento.events import Emit, Event, Moment, Warned
from redimento.locks import TakenError
from redimento.models.port import NOTHING_SPENT
from redimento.outcome import INTERRUPTED, Outcome, failure
from redimento.reporting.files import write_files
from redimento.run import flow, revise
from redimento.run.job import Finished
from redimento.run_folder import RunFolder
from redimento.run_options import RunOptions, known_secrets, open_folder
from redimento.text.wording import Sentence
from redimento.verification.junit_writer import junit
from redimento.wiring.prepared import Prepared, prepared

_LONGEST_TIMELINE = 1_000  # events


@dataclass(frozen=True)
class Ended:
    """A finished run. `folder` and `summary` are None if its record could not be written."""

    finished: Finished
    folder: Path | None = None
    summary: Path | None = None
    calls: tuple[str, ...] = ()


def carry_out(options: RunOptions, environment: Mapping[str, str], emit: Emit) -> Ended:
    """Run, and write record, summary and report; users, servers and models never make it raise.

    A run that cannot start, is interrupted or hits a bug ends with the outcome `failed`.
    """
    made: Prepared | None = None
    started = monotonic()
    timeline: list[Moment] = []

    def noted(event: Event) -> None:
        if len(timeline) < _LONGEST_TIMELINE:
            timeline.append(Moment(monotonic() - started, event))
        emit(event)

    try:
        with prepared(options, environment, noted) as made:
            if made.review is not None:
                finished = revise.revise(made.job, made.ports, made.review)
            else:
                finished = flow.run(made.job, made.ports)
    except TakenError as error:
        # No record: the other run may be writing to the same folder.
        return Ended(Finished(Outcome("skipped", str(error), "Run again when it has ended.")))
    except RedimentoError as error:
        finished = Finished(failure(error))
    except KeyboardInterrupt:
        finished = Finished(Outcome("failed", Sentence("interrupted"), Sentence("run_it_again"), INTERRUPTED))
    except Exception:  # noqa: BLE001  anything else is a bug, and the run still needs its record
        finished = Finished(failure(_defect(options, environment)))
    spent = made.ports.spent() if made else NOTHING_SPENT
    finished = replace(finished, spent=spent, seconds=monotonic() - started, timeline=tuple(timeline))
    secrets = made.job.secrets if made else known_secrets(environment)
    finished = secrets.redacted(finished)
    return _with_record(options, environment, made, finished, emit)


def _defect(options: RunOptions, environment: Mapping[str, str]) -> RedimentoError:
    try:
        folder = open_folder(options, environment)
        return defect.saved_in(folder.write_text("defect.txt", defect.details(folder.secrets)))
    except RedimentoError:
        return defect.saved(defect.details(), environment)


def _with_record(
    options: RunOptions, environment: Mapping[str, str], made: Prepared | None, finished: Finished, emit: Emit
) -> Ended:
    calls = made.calls() if made else ()
    folder: RunFolder | None = None
    try:
        folder = made.job.folder if made else open_folder(options, environment)
        return Ended(finished, folder.path, _write_record(folder, made, finished, calls), calls)
    except RedimentoError as error:
        with suppress(OSError):
            emit(Warned(f"The record of this run could not be written. {error}"))
        return Ended(finished, folder.path if folder else None, calls=calls)


def _write_record(folder: RunFolder, made: Prepared | None, finished: Finished, calls: tuple[str, ...]) -> Path:
    folder.write_json("calls.json", list(calls))
    chosen = finished.attempts[0] if finished.attempts else None
    if chosen is not None and chosen.verdict is not None:
        folder.write_text("junit.xml", junit(chosen.verdict))
    return write_files(folder, finished, made.job if made else None)
