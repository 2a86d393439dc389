"""The clock of a run: its pauses cost no time, and it can be wrong. Imported before everything else that a run needs."""

from __future__ import annotations

import datetime as dt
import mmap
import time
from pathlib import Path
from typing import Self, SupportsIndex

from benchmarks.worlds.world import WRONG

_sleep, _monotonic, _time = time.sleep, time.monotonic, time.time
_slept = 0.0
_wrong: mmap.mmap | bytes = WRONG.pack(0)


def set_wrong(file: Path) -> None:
    """Let the wall clock of this process be wrong as `file` says, whenever it is asked."""
    global _wrong  # noqa: PLW0603  a process has one clock
    with file.open("rb") as stream:
        _wrong = mmap.mmap(stream.fileno(), WRONG.size, access=mmap.ACCESS_READ)


def _off() -> float:
    """Return by how many seconds the wall clock differs from that of the machine."""
    return _slept + float(WRONG.unpack(_wrong[:])[0])


def _pass(seconds: SupportsIndex | float, /) -> None:
    global _slept  # noqa: PLW0603  see above
    _slept += float(seconds)
    _sleep(0.0005)  # others may go on meanwhile


class _Moment(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Self:
        return super().now(tz) + dt.timedelta(seconds=_off())


time.sleep = _pass
time.monotonic = lambda: _monotonic() + _slept
time.time = lambda: _time() + _off()
dt.datetime = _Moment  # type: ignore[misc]  # the standard library has no clock that can be set
