"""Rank files by how much they matter to a work item: several simple signals, added up with fitted weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from pathlib import Path
from typing import Final

from redimento.context.close_reading import Reading, read_closely, second_signals
from redimento.context.clues import Clues
from redimento.context.imports import Graph
from redimento.context.past import past_signals
from redimento.context.reasons import known, reasons
from redimento.context.signals import Signal, first_signals
from redimento.context.survey import File
from redimento.context.tree import PastCommit, Tree
from redimento.context.weights import FIRST, PAST, SECOND

SHORTLIST: Final = 120  # files that are read a second time
_AHEAD: Final = 0.01


@dataclass(frozen=True, slots=True)
class Ranked:
    """A file that was read, its score (higher is better), and its strongest signals in words, strongest first."""

    reading: Reading
    score: float
    reasons: tuple[str, ...]


def rank(
    tree: Tree,
    files: Sequence[File],
    graph: Graph,
    clues: Clues,
    *,
    commits: Sequence[PastCommit] = (),
    cache: Path | None = None,
) -> list[Ranked]:
    """Return the most likely files, best first; ties in path order.

    `graph`: for each file the places of those it imports. `commits` is the history, if there is one.

    Files whose path the item names come first, scored above the best of the others; tests that it names come right
    after that one.
    """
    chosen, first = shortlist(files, graph, clues)
    readings = read_closely(tree, chosen, clues, cache)
    read = [reading.file for reading in readings]  # not every file can be read
    place_of = {file.path: place for place, file in enumerate(chosen)}
    signals = _at([place_of[file.path] for file in read], first) | second_signals(readings)
    scores = _weighed(signals, SECOND)
    beside: Mapping[str, str] = {}
    if commits:
        past, beside = past_signals(commits, read, clues, place=signals["place"], text=signals["text"])
        signals |= past
        scores = _weighed(signals | {"score": scores}, PAST)
    lifted = _lifted(scores, read)
    told_from = known(clues, files, graph, dict(zip((file.path for file in read), lifted, strict=True)), beside)
    ranked = [
        Ranked(reading, score, reasons(reading, {name: signal[place] for name, signal in signals.items()}, told_from))
        for place, (reading, score) in enumerate(zip(readings, lifted, strict=True))
    ]
    return sorted(ranked, key=lambda one: (-one.score, one.reading.file.path))


def shortlist(files: Sequence[File], graph: Graph, clues: Clues) -> tuple[list[File], dict[str, Signal]]:
    """Return the files worth a second look, and the signals of the survey for each of them."""
    signals = first_signals(files, graph, clues)
    scores = _weighed(signals, FIRST)
    order = sorted(range(len(files)), key=lambda place: (not files[place].asked, -scores[place], files[place].path))
    best = order[:SHORTLIST]
    return [files[place] for place in best], _at(best, signals)


def _at(places: Sequence[int], signals: Mapping[str, Signal]) -> dict[str, Signal]:
    return {name: [signal[place] for place in places] for name, signal in signals.items()}


def _weighed(signals: Mapping[str, Signal], weights: Mapping[str, float]) -> Signal:
    rows = zip(*(signals[name] for name in weights), strict=True)
    return [sum(map(mul, weights.values(), row)) for row in rows]


def _lifted(scores: Signal, files: Sequence[File]) -> Signal:
    """Lift the files that the item names just above the best of the others, and tests just below it.

    A test that an item names shows what is wrong; the fix changed none of the dozen in the development cases.
    """
    best = max((score for score, file in zip(scores, files, strict=True) if not file.asked), default=0.0)
    return [
        max(score, best - _AHEAD if file.role == "test" else best + _AHEAD) if file.asked else score
        for score, file in zip(scores, files, strict=True)
    ]
