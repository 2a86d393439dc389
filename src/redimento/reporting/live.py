"""Signs of life: a line that moves at the bottom of a terminal, and elsewhere one a minute."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import RLock, Thread
from time import monotonic
from typing import Generic, TypeVar

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.segment import ControlType, Segment, Segments
from rich.text import Text

from redimento.events import Event, Note, StepStarted
from redimento.reporting.progress import Progress, clock
from redimento.text.redaction import Secrets

Line = TypeVar("Line")

# The cursor rests at the start of the line, so that erasing from there removes all of it, whatever a resize has made of it.
_ERASE = "\r\x1b[J"
# Nothing wraps, even if the terminal shows a character wider than it is said to be.
_NO_WRAP, _WRAP = "\x1b[?7l", "\x1b[?7h\r"
_NARROWEST = 40  # columns that also show what was spent


@contextmanager
def ticking(seconds: float, tick: Callable[[], None]) -> Iterator[None]:
    """Call `tick` every so many seconds, from a thread."""
    over = threading.Event()

    def work() -> None:
        with suppress(OSError, ValueError):  # the stream was closed; the run goes on
            while not over.wait(seconds):
                tick()

    thread = Thread(target=work, name="signs of life", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@dataclass
class Following(Generic[Line]):
    """Follows a run. `lines`: what to `write` about an event, with the progress before and after it."""

    lines: Callable[[Event, Progress, Progress], Iterable[Line]]
    write: Callable[..., object]
    secrets: Secrets
    progress: Progress = field(default_factory=Progress)
    _began: float = 0.0  # the step
    _said: float = field(default_factory=monotonic)
    _lock: RLock = field(default_factory=RLock)  # the baseline runs in a thread

    def emit(self, event: Event) -> None:
        event = self.secrets.redacted(event)
        with self._lock:
            if isinstance(event, StepStarted):
                self._began = monotonic()
            before, self.progress = self.progress, self.progress.after(event)
            if told := [*self.lines(event, before, self.progress)]:
                self._said = monotonic()
                self.write(*told)

    def beat(self, silence: float) -> None:
        """Give a sign of life if a step works and nothing was said for `silence` seconds."""
        with self._lock:
            if self.progress.working and monotonic() - self._said >= silence:
                self.emit(Note(", ".join(filter(None, self.still()))))

    def still(self) -> tuple[str, str]:
        """Return what goes on since when, and what the run has spent; both are "" between steps."""
        now = self.progress
        return (f"{clock(monotonic() - self._began)}  {now.activity}", now.spent) if now.working else ("", "")


@dataclass
class LiveLine:
    """The last line of a terminal. `now` returns what it shows: what is cut when it is too long, and what comes after that."""

    console: Console
    now: Callable[[], tuple[str, str]] = lambda: ("", "")
    _lock: RLock = field(default_factory=RLock)

    def leave(self, *lines: RenderableType) -> None:
        """Print lines that stay, above it."""
        with self._lock, self.console:  # written as a whole, so that nothing is between erasing and drawing
            self._control(_ERASE)
            for line in lines:
                self.console.print(line)
            self._control(_NO_WRAP)
            self.console.print(self._line(), end="")
            self._control(_WRAP)

    def remove(self) -> None:
        with self._lock:
            self._control(_ERASE)

    def _line(self) -> Text:
        activity, spent = self.now()
        width = self.console.width - 1
        rest = f"  {spent}" if spent and width >= _NARROWEST else ""
        line = Text(activity, style="bold", no_wrap=True)
        line.truncate(width - cell_len(rest), overflow="ellipsis")
        return line.append(rest, style="not bold")

    def _control(self, code: str) -> None:
        # The kind only says that this is no text: it takes no space and is never cut.
        self.console.print(Segments([Segment(code, None, [(ControlType.CARRIAGE_RETURN,)])]), end="")
