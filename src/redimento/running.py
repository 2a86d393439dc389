"""Run from options to record: every run ends with an outcome that can be reported."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from time import monotonic
from typing import Any

from redimento import defect
from redimento.errors import RedimentoError, UsageError
from redimento.events import Emit, EventBus, RunEnded, Warned
from redimento.locks import TakenError
from redimento.models.conversation import answered
from redimento.models.port import NOTHING_SPENT, total_tokens
from redimento.outcome import INTERRUPTED, Outcome, as_json, failure
from redimento.reporting.files import write_files, write_summary
from redimento.repository.checkout import open_checkout
from redimento.run import flow, revise
from redimento.run.job import Finished, Job
from redimento.run_folder import RunFolder
from redimento.run_options import RunOptions, correlation, known_secrets, open_folder, placed, run_name
from redimento.store.tape import EVERYTHING, Tape
from redimento.telemetry.log import log_to
from redimento.text.redaction import Secrets
from redimento.text.wording import Sentence
from redimento.verification.junit_writer import junit
from redimento.wiring import parts, playback
from redimento.wiring.handlers import far_handlers
from redimento.wiring.prepared import Prepared, prepared

_PLACE = re.compile(rb"file://[^\s\"]*/(?=pull-requests/)")
_SAME = ("work-item.json", "attachments.json", "context.json", "change.patch", "delivery.json", "description.md")


@dataclass(frozen=True)
class Ended:
    """A finished run. `folder` and `summary` are None if its record could not be written. `outputs`: what the next part needs."""

    finished: Finished
    folder: Path | None = None
    summary: Path | None = None
    calls: tuple[str, ...] = ()
    outputs: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        done, spent = self.finished, self.finished.spent
        return as_json(
            done.outcome,
            cost_usd=spent.usd,
            saved_usd=spent.saved_usd,
            seconds=done.seconds,
            folder=self.folder,
            calls=self.calls,
        )


def carry_out(options: RunOptions, environment: Mapping[str, str], emit: Emit, tape: Tape | None = None) -> Ended:
    """Run, and write record, summary and report; users, servers and models never make it raise.

    A run that cannot start, is interrupted or hits a bug ends with the outcome `failed`. `tape`: what an earlier run heard,
    which is played.
    """
    if tape is not None or not (options.resume or options.part):
        return _carry_out(options, environment, emit, tape)
    try:
        if options.part:
            options, environment, tape = parts.part_of(options, environment)
        else:
            options, tape = playback.resumed(options, environment)
            # Not by hand: that would ask for another try of what the earlier run had delivered as a draft.
            environment = {**environment, "BUILD_REASON": "Resumed"}
    except RedimentoError as error:  # no record: the folder may have that of the earlier run
        return Ended(Finished(failure(error)))
    return _carry_out(options, environment, emit, tape)


def _carry_out(options: RunOptions, environment: Mapping[str, str], emit: Emit, tape: Tape | None) -> Ended:
    made: Prepared | None = None
    started = monotonic()
    bus = EventBus()
    bus.add("The console", lambda moment: emit(moment.event))
    for name, handler in far_handlers(options, environment).items():
        bus.add(name, handler, sends=True)
    try:
        options = placed(options, environment)
        with prepared(options, environment, bus.publish, tape) as made:
            bus.add("The log", log_to(made.job.folder, correlation(options, environment)))
            # It stays if the run is killed, and can say nothing itself.
            killed = Outcome("failed", Sentence("killed"), Sentence("run_again_after_kill"))
            write_summary(made.job.folder, Finished(killed), made.job)
            if made.review is not None:
                finished = revise.revise(made.job, made.ports, made.review)
            else:
                finished = flow.run(made.job, made.ports)
    except TakenError as error:
        # No record: the other run may be writing to the same folder.
        finished = Finished(Outcome("skipped", str(error), "Run again when it has ended."))
        bus.publish(_told(finished, options, environment))
        return Ended(finished)
    except RedimentoError as error:
        finished = Finished(failure(error))
    except KeyboardInterrupt:
        finished = Finished(Outcome("failed", Sentence("interrupted"), Sentence("run_it_again"), INTERRUPTED))
    except Exception:  # noqa: BLE001  anything else is a bug, and the run still needs its record
        finished = Finished(failure(_defect(options, environment)))
    spent = made.ports.spent() if made else NOTHING_SPENT
    finished = replace(finished, spent=spent, seconds=monotonic() - started, timeline=tuple(bus.kept))
    secrets = made.job.secrets if made else known_secrets(environment)
    finished = secrets.redacted(finished)
    ended = _with_record(options, environment, made, finished, bus.publish)
    if made is None and ended.folder:
        bus.add("The log", log_to(RunFolder(ended.folder, secrets), correlation(options, environment)))
    if tape and tape.part in ("collect", "author"):
        ended = _handed_on(ended, tape, secrets, bus.publish)
        if tape.part == "author" or finished.outcome.kind == "continues":  # the job in which the run ends tells of it
            return ended
    with suppress(KeyboardInterrupt):  # it breaks off what is being sent: the run has ended
        bus.publish(_told(finished, options, environment, made.job if made else None))
    return ended


def _handed_on(ended: Ended, tape: Tape, secrets: Secrets, emit: Emit) -> Ended:
    try:
        if ended.folder:
            return replace(ended, outputs=parts.hand_on(RunFolder(ended.folder, secrets), tape, ended.finished))
    except RedimentoError as error:
        emit(Warned(f"The next job cannot go on from this one. {error}"))
    return ended


def _told(finished: Finished, options: RunOptions, environment: Mapping[str, str], job: Job | None = None) -> RunEnded:
    outcome, item, spent = finished.outcome, finished.item, finished.spent
    name = run_name(options, environment)
    number = item.id if item else int(name) if name.isdecimal() else 0
    return RunEnded(
        outcome.kind, outcome.sentence, outcome.remedy,
        item_id=number,
        item_type=item.type if item else "", title=item.title if item else "",
        repository=job.repository if job else "",
        seconds=finished.seconds, tokens=total_tokens(spent.usage), usd=spent.usd,
        pull_request_id=outcome.pull_request_id, pull_request_url=outcome.pull_request_url,
        run_url=job.run_url if job else "", language=job.settings.language if job else "en",
    )  # fmt: skip


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
        # The job in which the run ends has its record.
        if options.part == "author" or finished.outcome.kind == "continues":
            summary = write_summary(folder, finished, made.job if made else None)
        else:
            summary = _write_record(folder, made, finished, calls)
        return Ended(finished, folder.path, summary if summary.exists() else None, calls)
    except RedimentoError as error:
        if str(error.sentence) not in finished.outcome.sentence:  # nor could the run start, for the same reason
            with suppress(OSError):
                emit(Warned(f"The record of this run could not be written. {error}"))
        return Ended(finished, folder.path if folder else None, calls=calls)


def _write_record(folder: RunFolder, made: Prepared | None, finished: Finished, calls: tuple[str, ...]) -> Path:
    folder.write_json("calls.json", list(calls))
    chosen = finished.attempts[0] if finished.attempts else None
    if chosen is not None and chosen.verdict is not None:
        folder.write_text("junit.xml", junit(chosen.verdict))
    return write_files(folder, finished, made.job if made else None)


def replay(recorded: Path, options: RunOptions, environment: Mapping[str, str], emit: Emit) -> tuple[Ended, list[str]]:
    """Repeat the run in the folder `recorded` without asking anybody; return how it ended, and where it differs.

    It works in a worktree of `options.repo`, and leaves a folder of its own. Raises RedimentoError.
    """
    given, recorded = open_checkout(options.repo), recorded.resolve()
    start, heard = playback.read_tape(recorded)
    tape = Tape(heard, EVERYTHING)
    of_file = Path(start.item_file) if start.item_file else None
    run_dir = placed(replace(options, work_item=str(start.item), work_item_file=of_file), environment).run_dir
    if run_dir == recorded:
        raise UsageError(f"This would overwrite {recorded}.", "Name another folder with --run-dir.")
    with (
        tempfile.TemporaryDirectory(prefix="redimento-replay-") as place,
        playback.stage(start, given, Path(place).resolve()) as (staged, variables),
    ):
        ended = carry_out(replace(staged, run_dir=run_dir, resume=recorded), {**variables}, emit, tape)
    if ended.folder is None:
        return ended, [ended.finished.outcome.sentence]
    return ended, [
        *tape.differences,
        *(f"The earlier run also asked: {one}" for one in tape.left()),
        *_different(recorded, ended.folder),
    ]


def _different(recorded: Path, folder: Path) -> Iterator[str]:
    """Yield the files in which two runs differ, and the first request to the model that does."""
    for name in _SAME:
        if _said(recorded, name) != _said(folder, name):
            yield f"{name} differs."
    before, after = (
        [asked for asked, _, _ in answered(playback.read_file(each, "conversation.jsonl"))]
        for each in (recorded, folder)
    )
    for number, (one, other) in enumerate(zip_longest(before, after), start=1):
        if one != other:
            yield f"Request {number} to the model differs."
            return


def _said(folder: Path, name: str) -> bytes:
    """Return a text without the place where a local run left its pull request."""
    return _PLACE.sub(b"", playback.read_file(folder, name))
