"""The page of one run: all that happened, in one file that loads nothing and whose size has a limit."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from redimento import __version__
from redimento.events import Loaded, Moment, Note, Refused, Repair, StepEnded, StepStarted, Warned
from redimento.models.prices import cost_usd, price_of
from redimento.reporting.html import render
from redimento.reporting.patch import PatchFile, read_patch
from redimento.reporting.turns import Conversation, Turn, read_conversation
from redimento.run.job import Finished, Job
from redimento.settings import Settings

_ROOM = 1_000_000  # characters of prompts, answers and outputs on one page
_LONGEST_PATCH = 400_000  # characters that are read
_MOST_LINES = 4_000  # of a patch
_MOST_FILES = 200


@dataclass(frozen=True)
class _Shown:
    """One line of the timeline. `took`: seconds of a step that has ended, else None."""

    seconds: float
    text: str
    kind: str  # step, note, warning
    took: float | None = None


def page(finished: Finished, job: Job | None, *, heading: str, ended: datetime, language: str) -> str:
    """Return the page of a run as HTML. `job` is None if the run never started."""
    patch = _patch_of(job) if job else ""
    files = read_patch(patch[:_LONGEST_PATCH])
    conversation = read_conversation(job.folder.path / "conversation.jsonl") if job else Conversation()
    return render(
        "page.html.j2",
        language,
        heading=heading,
        job=job,
        finished=finished,
        ended=ended,
        version=__version__,
        patch=[*_within(files[:_MOST_FILES], _MOST_LINES)],
        patch_is_cut=len(patch) > _LONGEST_PATCH or len(files) > _MOST_FILES,
        conversation=conversation,
        usd=_priced(job, ended),
        timeline=tuple(_told(finished.timeline)),
        differing=tuple(_differing(asdict(job.settings), asdict(Settings()))) if job else (),
        cut=_cutter(_ROOM),
    )


def _patch_of(job: Job) -> str:
    file = job.folder.path / "change.patch"
    return file.read_text("utf-8", "replace") if file.is_file() else ""


def _cutter(room: int) -> Callable[[str, int], str]:
    """Return a function that shortens texts to a length of their own, and all together to `room` characters."""
    left = room

    def cut(text: str, most: int) -> str:
        nonlocal left
        room = min(most, left)
        shown = text if len(text) <= room else text[:room]  # a whole sentence stays one that has other languages
        left -= len(shown)
        return shown

    return cut


def _within(files: Sequence[PatchFile], lines: int) -> Iterator[tuple[PatchFile, int]]:
    """Yield files with the lines that are shown, and how many are not."""
    for file in files:
        shown = file.lines[:lines]
        lines -= len(shown)
        yield replace(file, lines=shown), len(file.lines) - len(shown)


def _priced(job: Job | None, ended: datetime) -> Callable[[Turn], float]:
    price = price_of(job.settings.model) if job else None
    return lambda turn: cost_usd(price, turn.usage, on=ended.date()) if price else 0.0


def _told(timeline: Sequence[Moment]) -> Iterator[_Shown]:
    """Yield the moments worth a line: each step with how long it took."""
    took = {moment.event.name: moment.event.seconds for moment in timeline if isinstance(moment.event, StepEnded)}
    for moment in timeline:
        match moment.event:
            case StepStarted(name):
                yield _Shown(moment.seconds, name, "step", took.get(name))
            case Note() | Refused() | Repair():
                yield _Shown(moment.seconds, moment.event.text, "note")
            case Warned(text):
                yield _Shown(moment.seconds, text, "warning")
            case Loaded(_, type_, title):
                yield _Shown(moment.seconds, f"{type_}: {title}", "note")


def _differing(ours: Any, default: Any, name: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield name, value and default of each setting that is not as it is shipped."""
    if isinstance(ours, Mapping) and isinstance(default, Mapping):
        for key, value in ours.items():
            yield from _differing(value, default.get(key), f"{name}.{key}" if name else key)
    elif ours != default:
        yield name, json.dumps(ours, ensure_ascii=False), json.dumps(default, ensure_ascii=False)
