"""What happens during a run, as values; a listener turns them into output. Nothing here prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic


@dataclass(frozen=True)
class StepStarted:
    """A step of the way through begins; `title` is for people."""

    name: str
    title: str


@dataclass(frozen=True)
class StepEnded:
    name: str
    seconds: float
    ok: bool = True


@dataclass(frozen=True)
class Note:
    """Something worth a line."""

    text: str


@dataclass(frozen=True)
class Warned:
    """Something that a person should look at; the run goes on. `path` names a file of the repository, or nothing."""

    text: str
    path: str = ""


Event = StepStarted | StepEnded | Note | Warned
Emit = Callable[[Event], None]


@contextmanager
def step(emit: Emit, name: str, title: str) -> Iterator[None]:
    """Tell the listener that a step begins and, whatever happens in it, that it has ended."""
    emit(StepStarted(name, title))
    started = monotonic()
    ok = False
    try:
        yield
        ok = True
    finally:
        emit(StepEnded(name, monotonic() - started, ok))
