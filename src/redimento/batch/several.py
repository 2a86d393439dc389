"""Work through several items on one machine: each in a process and a worktree of its own, some at a time."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

from redimento.azure import pipelines
from redimento.errors import UsageError
from redimento.events import Emit, Event, Note, Warned, step
from redimento.interruption import interruptible
from redimento.locks import TakenError, held
from redimento.outcome import INTERRUPTED, Outcome
from redimento.reporting.console import Listing
from redimento.repository.checkout import open_checkout
from redimento.run.job import Finished
from redimento.run_options import RunOptions, load_settings
from redimento.running import Ended, carry_out
from redimento.sandbox.isolation import protect_process
from redimento.wiring.organisation import connected
from redimento.work_items.trigger import VARIABLE

# A process of its own that has loaded the program forks each run: a fork of this one would share its locks and
# connections, and a new interpreter for each would load everything again, which is most of its time and memory.
_FRESH = multiprocessing.get_context("forkserver")
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_BEST_FIRST = (0, 2, 3, 4, 5, 1, INTERRUPTED)  # exit codes; 1 is a bug
_LOST = Outcome(
    "failed",
    "The run ended without a result: its process was killed.",
    "If the machine ran out of memory, lower --at-once; then run it again.",
    1,
)
_STOPPED = Outcome("failed", "The runs were interrupted before this one started.", "Run it again.", INTERRUPTED)


@dataclass
class Shift:
    """What changes while several runs work. In US dollars: one may cost up to `share`, all together `total`."""

    total: float
    share: float
    queue: deque[int]
    spent: float = 0.0
    working: dict[Connection, tuple[int, BaseProcess]] = field(default_factory=dict)
    ended: dict[int, Ended] = field(default_factory=dict)

    @property
    def suffices(self) -> bool:
        """Whether the money is enough for another run, if those that work cost all they may."""
        return self.spent + self.share * (len(self.working) + 1) <= self.total + 1e-9  # the error of adding up


def carry_out_several(
    options: RunOptions, ids: Sequence[int], environment: Mapping[str, str], emit: Emit, *, at_once: int
) -> dict[int, Ended]:
    """Run each item, `at_once` of them at a time, and return how each ended, in the order of `ids`.

    `options.max_cost_usd` is for all of them together. One that fails does not stop the others. At a signal those that
    work end and restore what they changed, and no more start. Raises RedimentoError if none can start.
    """
    checkout = open_checkout(options.repo)
    try:
        with held(str(checkout.root), f"Another run is working in {checkout.root}."):
            with connected(environment) as connection:
                connection.repository(checkout)  # none can start in another one
                settings = load_settings(checkout, options, environment, emit)
            sdk = ("google.genai",) if settings.model.sdk == "google-genai" else ()
            _FRESH.set_forkserver_preload(["redimento.running", *sdk])
            resource_tracker.ensure_running()  # or the first start does, and then lets through the signals that it blocks
            share, total = settings.model.max_cost_usd, options.max_cost_usd
            total = share * len(ids) if total is None else total
            shift = Shift(total, min(share, total), deque(ids))
            emit(Note(f"{len(ids)} work items, {at_once} at a time, for ${total:.2f} at most."))
            each = replace(options, apart=True, max_cost_usd=shift.share)
            others = {name: value for name, value in environment.items() if name != VARIABLE}
            with step(emit, "items", f"Work through {len(ids)} work items"):
                ended = _worked_through(shift, each, others, emit, at_once)
    except TakenError as error:
        raise UsageError(str(error), "Run again when it has ended.") from error
    return {number: ended[number] for number in ids}


def listing(ended: Mapping[int, Ended]) -> Listing:
    """Return how the runs ended for people, as JSON, and as issues and summaries on the pipeline's page."""
    rows: list[tuple[str, ...]] = []
    commands: list[str] = []
    for number, one in ended.items():
        done, outcome = one.finished, one.finished.outcome
        said = f"{outcome.sentence} {outcome.remedy}".strip()
        url = outcome.pull_request_url
        rows.append((str(number), outcome.kind, f"${done.spent.usd:.4f}", f"{done.seconds:.0f} s", url or said))
        commands += [pipelines.log_issue("error", f"Work item {number}: {said}")] * (outcome.kind == "failed")
        commands += [pipelines.upload_summary(one.summary)] if one.summary else []
    spent = sum(one.finished.spent.usd for one in ended.values())
    value = {
        "version": 1,
        "items": [{"id": number, **one.as_json()} for number, one in ended.items()],
        "costUsd": round(spent, 6),
        "exitCode": worst(ended),
    }
    heading = ("Work item", "Outcome", "Cost", "Time", "Pull request, or why there is none")
    return Listing(f"{len(rows)} work items, ${spent:.4f}", heading, rows, value, commands)


def worst(ended: Mapping[int, Ended]) -> int:
    """Return the exit code of the run that ended worst."""
    return max((one.finished.outcome.exit_code for one in ended.values()), key=_BEST_FIRST.index, default=0)


def _worked_through(
    shift: Shift, options: RunOptions, environment: Mapping[str, str], emit: Emit, at_once: int
) -> dict[int, Ended]:
    with _noticed_signals() as noticed, _ended_at_last(shift):
        while shift.queue or shift.working:
            while shift.queue and len(shift.working) < at_once and shift.suffices:
                _start(shift, options, environment)
            if not shift.working:
                break
            for ready in wait([*shift.working, noticed]):
                if isinstance(ready, Connection):
                    _hear(shift, ready, emit)
                else:
                    os.read(noticed, 1)
                    _stop(shift)
    for number in shift.queue:
        shift.ended[number] = Ended(Finished(_too_dear(shift)))
    return shift.ended


def _start(shift: Shift, options: RunOptions, environment: Mapping[str, str]) -> None:
    number = shift.queue.popleft()
    ours, theirs = multiprocessing.Pipe()
    # It starts with the signals blocked: before it can restore anything it must not die of one.
    process = _FRESH.Process(target=_work, args=(theirs,), name=f"item-{number}")
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    with suppress(OSError):  # it has been killed: its line says so
        # Not as arguments or environment, which other processes can read.
        ours.send((replace(options, work_item=str(number)), environment))
    shift.working[ours] = (number, process)


def _hear(shift: Shift, line: Connection, emit: Emit) -> None:
    """Take what a run says: a warning, or how it ended; a line that is cut off says that it was killed."""
    number, process = shift.working[line]
    try:
        said: Event | Ended = line.recv()
    except (EOFError, OSError):
        said = Ended(Finished(_LOST))
    if isinstance(said, Warned):
        emit(replace(said, text=f"Work item {number}: {said.text}"))
    if not isinstance(said, Ended):
        return
    process.join()
    line.close()
    del shift.working[line]
    shift.ended[number] = said
    outcome = said.finished.outcome
    shift.spent += shift.share if outcome == _LOST else said.finished.spent.usd  # of one that was killed nobody knows
    emit(Note(f"Work item {number}: {outcome.kind}. {outcome.pull_request_url or outcome.sentence}"))


@contextmanager
def _ended_at_last(shift: Shift) -> Iterator[None]:
    """Let no run go on alone after an error here, such as a closed output."""
    try:
        yield
    finally:
        for _, process in shift.working.values():
            process.terminate()
        for _, process in shift.working.values():
            process.join()


def _stop(shift: Shift) -> None:
    for _, process in shift.working.values():
        process.terminate()
    for number in shift.queue:
        shift.ended[number] = Ended(Finished(_STOPPED))
    shift.queue.clear()


def _too_dear(shift: Shift) -> Outcome:
    return Outcome(
        "skipped",
        f"It was not started: ${shift.spent:.2f} of ${shift.total:.2f} are spent, and a run may cost ${shift.share:.2f}.",
        "Run it again, or raise --max-cost-usd.",
    )


@contextmanager
def _noticed_signals() -> Iterator[int]:
    """Yield a descriptor that has a byte for each signal: an exception could come between two halves of a message."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    handlers = [signal.signal(each, _ignore) for each in _SIGNALS]
    earlier = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    try:
        yield reader
    finally:
        signal.set_wakeup_fd(earlier)
        for each, handler in zip(_SIGNALS, handlers, strict=True):
            signal.signal(each, handler)
        os.close(reader)
        os.close(writer)


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing: the descriptor tells."""


def _work(line: Connection) -> None:
    """Carry out one run in a process of its own, and send its warnings and how it ended."""
    protect_process()
    lock = threading.Lock()  # the baseline runs in a thread
    ended = Ended(Finished(_STOPPED))

    def send(said: Any) -> None:
        with lock:
            line.send(said)

    def emit(event: Event) -> None:
        if not isinstance(event, Warned):
            return
        try:
            send(event)
        except OSError:  # nobody waits for this run any more: end it as an interruption does
            os.kill(os.getpid(), signal.SIGTERM)

    with interruptible():
        with suppress(KeyboardInterrupt):
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            options, environment = line.recv()
            ended = carry_out(options, environment, emit)
        for each in _SIGNALS:
            signal.signal(each, _ignore)
        with suppress(OSError):
            send(_short(ended))


def _short(ended: Ended) -> Ended:
    """Return what the table needs; the rest is in the run's folder."""
    return replace(ended, finished=replace(ended.finished, context=None, attempts=(), report=None))
