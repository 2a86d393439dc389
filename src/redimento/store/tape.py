"""What a run hears from outside, in order: a later run plays it back instead of asking.

All that happens between two answers from outside follows from them, so a run whose answers are all played is the same run.
"""

from __future__ import annotations

import json
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Literal

from redimento import errors
from redimento.errors import DiffersError, RedimentoError, UsageError
from redimento.store.plain import made, plain
from redimento.store.seal import code

WIRE = "wire.jsonl"
LARGEST = 64_000_000  # characters of a tape
EVERYTHING = frozenset({"azure", "git", "check", "clock", "file", "limit", "model"})
CHECKS = frozenset({"check"})
Part = Literal["collect", "author", "deliver"]
# What each part of a run plays until it has come to where the one before it ended, and what it must not ask from then on.
_SERVERS = frozenset({"azure", "git", "objects"})
_PLAYED: dict[Part, frozenset[str]] = {
    "author": _SERVERS | {"start", "collected"},
    "deliver": EVERYTHING | {"start", "objects", "collected", "authored"},
}
_ENDS: dict[str, tuple[Part, Part]] = {"collected": ("collect", "author"), "authored": ("author", "deliver")}
_BARRED: dict[Part, frozenset[str]] = {"author": _SERVERS, "deliver": frozenset({"check", "limit", "model"})}
_MOST_DIFFERENCES = 20
_REMEDY = (
    "See the differences that are listed; the run itself is not at fault if program, settings or tree have changed."
)


@dataclass(frozen=True)
class Heard:
    """One answer. `asked` is what it answers, `sent` a hash of what was sent along, `sealed` whether we wrote it."""

    kind: str
    asked: str
    sent: str
    answer: Any
    sealed: bool = False


@dataclass(frozen=True)
class _Failed:
    """An error in place of an answer. Its status is lost, on which nothing that is played depends."""

    kind: str
    sentence: str
    remedy: str


@dataclass
class Tape:
    """Answers are played for the kinds in `plays`, from `known`; the others are asked for. All are written down.

    `part`: the one of a run's three parts that this is; what it plays is in `text`, with which its own recording begins.
    `secret` seals what is written. `base`: the commit that the run starts from. `rounds`: how often `ask_again` was called. `differences`: what was asked or sent otherwise than before.
    """

    known: tuple[Heard, ...] = ()
    plays: frozenset[str] = frozenset()
    secret: bytes = b""
    base: str = ""
    rounds: int = 0
    part: Part | None = None
    text: str = ""
    differences: list[str] = field(default_factory=list)
    _queues: dict[tuple[str, str], deque[Heard]] = field(init=False, repr=False)
    _write: Callable[[Any], None] | None = field(default=None, repr=False)
    _unwritten: list[dict[str, Any]] = field(default_factory=list, repr=False)
    _room: int = LARGEST
    _lock: Lock = field(default_factory=Lock, repr=False)

    def __post_init__(self) -> None:
        if self.part:
            self.plays = _PLAYED.get(self.part, frozenset())
        self._queues = defaultdict(deque)
        for heard in self.known:
            self._queues[heard.kind, heard.asked].append(heard)

    @property
    def alone(self) -> bool:
        """Whether nobody outside is asked."""
        return self.plays == EVERYTHING

    def reached(self, end: Literal["collected", "authored"]) -> bool:
        """Write down that the run has come to an end of a part; return whether that is its own.

        The part after it asks from here on what it may ask.
        """
        before, after = _ENDS[end]
        self.heard(end, "", lambda: True)
        if self.part == after:
            self.go_on()
        return self.part == before

    def go_on(self) -> None:
        """Ask from here on what this part of a run may ask."""
        if self.part:
            self.plays = _BARRED.get(self.part, frozenset())

    def in_time(self, latest: float) -> bool:
        """Return whether it is before `latest`, on the monotonic clock."""
        return bool(self.heard("clock", "in time", lambda: time.monotonic() < latest))

    def open(self, write: Callable[[Any], None] | None) -> None:
        """Hand all lines so far, and all later ones, to `write`; None drops them."""
        with self._lock:
            self._write, lines, self._unwritten = write or _drop, self._unwritten, []
            for line in lines:
                self._put(line)

    def heard(self, kind: str, asked: str, ask: Callable[[], Any], *, sent: str = "") -> Any:
        """Return the JSON value that `ask` returns, or that it returned when the same was asked before.

        An error that it raises is raised again. Raises DiffersError for what only an earlier run could answer and did not.
        """
        played = kind in self.plays
        answer = self._played(kind, asked, sent) if played else _asked(ask)
        if not (played and self.part):
            with self._lock:
                self._put({"kind": kind, "asked": asked, "sent": sent, "answer": answer})
        if isinstance(answer, RedimentoError):
            raise answer
        return answer

    def ask_again(self) -> None:
        """Play nothing any more: what was played does not fit."""
        self.plays, self.rounds = frozenset(), self.rounds + 1

    def now(self, what: str) -> datetime:
        """Return the time that goes into a text or a commit."""
        told = self.heard("clock", what, lambda: datetime.now(UTC).isoformat())
        try:
            return datetime.fromisoformat(told)
        except (ValueError, TypeError):
            raise UsageError(f"The recording has no time for the {what}.", "Record the run again.") from None

    def pause(self, seconds: float) -> None:
        """Wait, unless no server is asked."""
        if "azure" not in self.plays:
            time.sleep(seconds)

    def left(self) -> Iterator[str]:
        """Yield what the earlier run asked a server and this one did not; checks may have been broken off."""
        for queue in self._queues.values():
            yield from (f"{heard.kind}: {heard.asked}" for heard in queue if heard.kind in ("azure", "git"))

    def _played(self, kind: str, asked: str, sent: str) -> Any:
        with self._lock:
            queue = self._queues[kind, asked]
            if not queue:
                self._differs(f"The earlier run did not ask: {kind}: {asked}")
                raise DiffersError(f"The earlier run has no answer to: {kind}: {asked}.", _REMEDY)
            heard = queue.popleft()
            if heard.sent != sent:
                self._differs(f"Something else was sent with: {kind}: {asked}")
        failed = isinstance(heard.answer, dict) and set(heard.answer) == {"failed"}
        return _as_error(heard.answer["failed"]) if failed else heard.answer

    def _differs(self, sentence: str) -> None:
        if len(self.differences) < _MOST_DIFFERENCES:
            self.differences.append(sentence)

    def _put(self, line: dict[str, Any]) -> None:
        if self._write is None:
            self._unwritten.append(line)
            return
        if isinstance(error := line["answer"], RedimentoError):
            told = _Failed(type(error).__name__, error.sentence, error.remedy)
            line = {**line, "answer": {"failed": plain(told)}}
        if self.secret:
            line = {**line, "code": _code(self.secret, line)}
        self._room -= len(json.dumps(line["answer"]))
        if self._room >= 0:
            self._write(line)
        elif self.part:
            raise UsageError(
                f"What this run heard is more than {LARGEST // 1_000_000} MB, too much to hand on to another job.",
                "Give the work item fewer attachments, or use the form of the pipeline with one job.",
            )


def read(content: bytes, secret: bytes) -> tuple[Heard, ...]:
    """Return what a tape holds; a last line that was cut off counts as not written. Raises UsageError."""
    lines = content.split(b"\n")
    found = []
    for number, line in enumerate(lines[:-1], start=1):
        try:
            row = json.loads(line)
            kind, asked, sent, answer = row["kind"], row["asked"], row["sent"], row["answer"]
            if not (isinstance(kind, str) and isinstance(asked, str) and isinstance(sent, str)):
                raise ValueError("a name is no text")  # noqa: TRY301, TRY004  one answer to all that is wrong
            sealed = bool(secret) and row.get("code") == _code(secret, row)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            raise UsageError(
                f"Line {number} of the recording {WIRE} is not one of ours.", "Name the folder of a run."
            ) from None
        found.append(Heard(kind, asked, sent, answer, sealed))
    return tuple(found)


def _asked(ask: Callable[[], Any]) -> Any:
    try:
        return ask()
    except RedimentoError as error:
        return error


def _as_error(told: Any) -> RedimentoError:
    try:
        failed = made(_Failed, told)
    except ValueError as error:
        return UsageError(f"A recorded error cannot be read: {error}.", "Record the run again.")
    kind = getattr(errors, failed.kind, None)
    known = isinstance(kind, type) and issubclass(kind, RedimentoError)
    return (kind if known else RedimentoError)(failed.sentence, failed.remedy)  # type: ignore[misc]


def _code(secret: bytes, line: dict[str, Any]) -> str:
    rest = json.dumps([line["kind"], line["asked"], line["answer"]], sort_keys=True).encode()
    return code(secret, WIRE, rest).decode()


def _drop(_line: Any) -> None:
    """Keep nothing."""
