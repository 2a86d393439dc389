"""When a model ends, and which one answers its calls from that day on.

As of 2026-11-26. Source: https://ai.google.dev/gemini-api/docs/deprecations.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Ending:
    """The day from which a model is gone. `heir` then answers its calls, under its own rules; "": nobody does."""

    on: date
    heir: str = ""


_ENDINGS = {
    "gemini-2.5-pro": Ending(date(2026, 12, 1), "gemini-3.8-flash"),
    "gemini-2.5-flash": Ending(date(2026, 12, 1), "gemini-3.5-flash-lite"),
    "gemini-3.1-flash-lite": Ending(date(2027, 5, 7)),
}


def ending(model: str) -> Ending | None:
    """Return the announced end of a model, None if there is none."""
    return _ENDINGS.get(model.removeprefix("models/"))


def serving(model: str, on: date) -> str:
    """Return the name of the model that answers the calls of `model` on that day."""
    found = ending(model)
    return found.heir if found and found.heir and on >= found.on else model.removeprefix("models/")
