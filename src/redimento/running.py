"""One run from its options to the files it leaves: whatever happens, it has an end that can be told."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic

from redimento import defect, wiring
from redimento.errors import RedimentoError
from redimento.events import Emit, Warned
from redimento.locks import TakenError
from redimento.models.port import NOTHING_SPENT
from redimento.outcome import INTERRUPTED, Outcome, failure
from redimento.reporting.files import write_files
from redimento.run import flow
from redimento.run.job import Finished
from redimento.run_folder import RunFolder
from redimento.run_options import RunOptions, open_folder
from redimento.verification.junit import write_junit
from redimento.wiring import Prepared

_STOPPED = Outcome(
    "failed",
    "The run was interrupted before it had an end.",
    "The working tree is as it was; run it again.",
    INTERRUPTED,
)


@dataclass(frozen=True)
class Ended:
    """A run that has ended. `folder` and `summary` are None when there was no place to keep its record."""

    finished: Finished
    folder: Path | None = None
    summary: Path | None = None
    calls: tuple[str, ...] = ()


def carry_out(options: RunOptions, environment: Mapping[str, str], emit: Emit) -> Ended:
    """Run, and leave record, summary and page; never raises for what a user, a server or a model did.

    A run that cannot start, is interrupted, or meets a defect of ours ends in the outcome `failed` like any other.
    """
    made: Prepared | None = None
    started = monotonic()
    try:
        with wiring.prepared(options, environment, emit) as made:
            finished = flow.run(made.job, made.ports)
    except TakenError as error:
        # Its folder may be the one that the other run writes to.
        return Ended(Finished(Outcome("skipped", str(error), "Run again when it has ended.")))
    except RedimentoError as error:
        finished = Finished(failure(error))
    except KeyboardInterrupt:
        finished = Finished(_STOPPED)
    except Exception:  # noqa: BLE001  whatever comes here is a defect of ours, and the run has to be told all the same
        finished = Finished(failure(_defect(options, environment)))
    spent = made.ports.spent() if made else NOTHING_SPENT
    finished = replace(finished, spent=spent, seconds=monotonic() - started)
    return _reported(options, environment, made, finished, emit)


def _defect(options: RunOptions, environment: Mapping[str, str]) -> RedimentoError:
    try:
        folder = open_folder(options, environment)
        return defect.named(folder.write_text("defect.txt", defect.details(folder.secrets)))
    except RedimentoError:
        return defect.described(defect.details(), environment)


def _reported(
    options: RunOptions, environment: Mapping[str, str], made: Prepared | None, finished: Finished, emit: Emit
) -> Ended:
    calls = made.calls() if made else ()
    folder: RunFolder | None = None
    try:
        folder = made.job.folder if made else open_folder(options, environment)
        return Ended(finished, folder.path, _leave_files(folder, made, finished, calls), calls)
    except RedimentoError as error:
        with suppress(OSError):
            emit(Warned(f"The record of this run could not be written. {error}"))
        return Ended(finished, folder.path if folder else None, calls=calls)


def _leave_files(folder: RunFolder, made: Prepared | None, finished: Finished, calls: tuple[str, ...]) -> Path:
    folder.write_json("calls.json", list(calls))
    chosen = finished.attempts[0] if finished.attempts else None
    if chosen is not None and chosen.verdict is not None:
        write_junit(chosen.verdict, folder.path / "junit.xml")
    return write_files(folder, finished, made.job if made else None)
