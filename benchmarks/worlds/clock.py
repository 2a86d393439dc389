"""The clock of a run: its pauses cost no time, and it can be wrong. Imported before everything else that a run needs."""

from __future__ import annotations

import datetime as dt
import time
from typing import Self, SupportsIndex

_sleep, _monotonic, _time = time.sleep, time.monotonic, time.time
_slept = 0.0
_wrong = 0.0


def set_wrong(seconds: float) -> None:
    """Let the wall clock of this process be wrong by so much."""
    global _wrong  # noqa: PLW0603  a process has one clock
    _wrong = seconds


def _pass(seconds: SupportsIndex | float, /) -> None:
    global _slept  # noqa: PLW0603  see above
    _slept += float(seconds)
    _sleep(0.0005)  # others may go on meanwhile


class _Moment(dt.datetime):
    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> Self:
        return super().now(tz) + dt.timedelta(seconds=_slept + _wrong)


time.sleep = _pass
time.monotonic = lambda: _monotonic() + _slept
time.time = lambda: _time() + _slept + _wrong
dt.datetime = _Moment  # type: ignore[misc]  # the standard library has no clock that can be set
