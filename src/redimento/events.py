"""What happens during a run, as values; a listener turns them into output."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True)
class StepStarted:
    """A step of the run begins; `title` is for people."""

    name: str
    title: str


@dataclass(frozen=True)
class StepEnded:
    name: str
    seconds: float
    ok: bool = True


@dataclass(frozen=True)
class Note:
    """Progress worth a line."""

    text: str


@dataclass(frozen=True)
class Loaded:
    """The work item is known."""

    id: int
    type: str
    title: str


@dataclass(frozen=True)
class Warned:
    """Something a person should look at; the run continues. `path`: a file of the repository, or ""."""

    text: str
    path: str = ""


Event = StepStarted | StepEnded | Note | Loaded | Warned
Emit = Callable[[Event], None]


@dataclass(frozen=True)
class Moment:
    """An event, `seconds` after the start of the run."""

    seconds: float
    event: Event


@contextmanager
def step(emit: Emit, name: str, title: str) -> Iterator[None]:
    """Emit the start and, even on failure, the end of a step."""
    emit(StepStarted(name, title))
    started = monotonic()
    ok = False
    try:
        yield
        ok = True
    finally:
        emit(StepEnded(name, monotonic() - started, ok))
