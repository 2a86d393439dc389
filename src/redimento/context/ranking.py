"""Which files matter most to a work item: several simple signals, added up with fitted weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from redimento.context.close_reading import Reading, read_closely, second_signals
from redimento.context.clues import Clues
from redimento.context.signals import Signal, first_signals
from redimento.context.survey import File
from redimento.context.tree import Tree
from redimento.context.weights import FIRST, SECOND

SHORTLIST: Final = 120  # files that are read a second time


@dataclass(frozen=True, slots=True)
class Ranked:
    """A file that was read, its score, the higher the better, and the signals that made it, strongest first."""

    reading: Reading
    score: float
    reasons: tuple[str, ...]


def rank(tree: Tree, files: Sequence[File], clues: Clues, cache: Path | None = None) -> list[Ranked]:
    """Return the most likely files best first; ties in path order.

    Files whose path the item names come ahead of all others, with a higher score than the best of those.
    """
    chosen, first = shortlist(files, clues)
    readings = read_closely(tree, chosen, clues, cache)
    signals = {name: dict(zip((file.path for file in chosen), signal, strict=True)) for name, signal in first.items()}
    for name, signal in second_signals(readings).items():
        signals[name] = dict(zip((reading.file.path for reading in readings), signal, strict=True))
    ranked = [_ranked(reading, {name: signals[name][reading.file.path] for name in signals}) for reading in readings]
    ranked = _asked_lifted(ranked)
    ranked.sort(key=lambda one: (not one.reading.file.asked, -one.score, one.reading.file.path))
    return ranked


_AHEAD: Final = 0.01


def _asked_lifted(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return `ranked` with the files that the item names lifted just above the best of the others."""
    best = max((one.score for one in ranked if not one.reading.file.asked), default=0.0)
    return [replace(one, score=max(one.score, best + _AHEAD)) if one.reading.file.asked else one for one in ranked]


def shortlist(files: Sequence[File], clues: Clues) -> tuple[list[File], dict[str, Signal]]:
    """Return the files worth a second look, and the signals of the survey for each of them."""
    signals = first_signals(files, clues)
    scores = [sum(weight * signals[name][number] for name, weight in FIRST.items()) for number in range(len(files))]
    best = sorted(range(len(files)), key=lambda number: (not files[number].asked, -scores[number], files[number].path))[
        :SHORTLIST
    ]
    return [files[number] for number in best], {
        name: [signal[number] for number in best] for name, signal in signals.items()
    }


def _ranked(reading: Reading, signals: Mapping[str, float]) -> Ranked:
    parts = {name: weight * signals[name] for name, weight in SECOND.items()}
    strongest = sorted(
        (name for name in parts if name in _SAID and parts[name] > _WORTH_SAYING), key=lambda name: -parts[name]
    )
    reasons = tuple(_SAID[name] for name in strongest[:3])
    if signals["defines"] and reading.file.defined:
        reasons = (f"defines {', '.join(sorted(reading.file.defined)[:3])}", *reasons)[:3]
    return Ranked(reading, sum(parts.values()), reasons)


_WORTH_SAYING: Final = 0.3
_SAID: Final = {
    "text": "its words",
    "title": "words of the title",
    "path": "words in its path",
    "path_title": "words of the title in its path",
    "definitions": "words in its definitions",
    "uses": "names it uses",
    "mentioned": "its path is in the item",
    "imported": "imported by a strong candidate",
    "importing": "imports a strong candidate",
    "tested": "its test fits",
    "folder": "its folder fits",
    "place": "one place fits well",
    "phrase": "a quoted text stands in it",
}
