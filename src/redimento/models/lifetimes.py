"""When a model ends, and which one answers its calls from that day on; `models.yml` says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from redimento.models.known import facts

NEAR = timedelta(days=60)


@dataclass(frozen=True)
class Ending:
    """The day from which a model is gone. `heir` then answers its calls, under its own rules; "": nobody does."""

    on: date
    heir: str = ""


def ending(model: str) -> Ending | None:
    """Return the announced end of a model, None if there is none."""
    found = facts(model)
    return Ending(found["ends"], found.get("heir", "")) if "ends" in found else None


def serving(model: str, on: date) -> str:
    """Return the name of the model that answers the calls of `model` on that day."""
    found = ending(model)
    return found.heir if found and found.heir and on >= found.on else model.removeprefix("models/")


def warning(model: str, on: date) -> str:
    """Return what to say of a model whose end is near or past, "" of others."""
    found = ending(model)
    if found is None or found.on - on > NEAR:
        return ""
    verb = "ends" if found.on > on else "ended"
    after = f"Its calls then go to {found.heir}, at its price." if found.heir else "Nothing answers its calls then."
    return f"The model {model} {verb} on {found.on}. {after}"
