"""Which files matter most to a work item: several simple signals, added up with fitted weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from redimento.context.close_reading import Reading, read_closely, second_signals
from redimento.context.clues import Clues
from redimento.context.past import past_signals
from redimento.context.signals import Signal, first_signals
from redimento.context.survey import File
from redimento.context.tree import PastCommit, Tree
from redimento.context.weights import FIRST, PAST, SECOND

SHORTLIST: Final = 80  # files that are read a second time


@dataclass(frozen=True, slots=True)
class Ranked:
    """A file that was read, its score, the higher the better, and the signals that made it, strongest first."""

    reading: Reading
    score: float
    reasons: tuple[str, ...]


def rank(
    tree: Tree, files: Sequence[File], clues: Clues, commits: Sequence[PastCommit] = (), cache: Path | None = None
) -> list[Ranked]:
    """Return the most likely files best first; ties in path order. `commits` is the history, where there is one.

    Files whose path the item names come ahead of all others, with a higher score than the best of those; tests that it
    names come right after it.
    """
    chosen, first = shortlist(files, clues)
    readings = read_closely(tree, chosen, clues, cache)
    signals = {name: dict(zip((file.path for file in chosen), signal, strict=True)) for name, signal in first.items()}
    for name, signal in second_signals(readings).items():
        signals[name] = dict(zip((reading.file.path for reading in readings), signal, strict=True))
    ranked = [_ranked(reading, {name: signals[name][reading.file.path] for name in signals}) for reading in readings]
    if commits:
        ranked = _seen_before(ranked, commits, clues, signals)
    ranked = _asked_lifted(ranked)
    ranked.sort(key=lambda one: (-one.score, one.reading.file.path))
    return ranked


def _seen_before(
    ranked: Sequence[Ranked], commits: Sequence[PastCommit], clues: Clues, signals: Mapping[str, Mapping[str, float]]
) -> list[Ranked]:
    """Return `ranked` with what past commits say of the files added to their scores."""
    files = [one.reading.file for one in ranked]
    place, text = ([signals[name][file.path] for file in files] for name in ("place", "text"))
    found = past_signals(commits, files, clues, place=place, text=text)
    told: list[Ranked] = []
    for one, message, together in zip(ranked, found["message"], found["together"], strict=True):
        parts = {"message": PAST["message"] * message, "together": PAST["together"] * together}
        told.append(
            replace(
                one,
                score=PAST["score"] * one.score + sum(parts.values()),
                reasons=(*one.reasons, *(_SAID[name] for name in parts if parts[name] > _WORTH_SAYING))[:_MOST_REASONS],
            )
        )
    return told


_MOST_REASONS: Final = 4
_AHEAD: Final = 0.01


def _asked_lifted(ranked: Sequence[Ranked]) -> list[Ranked]:
    """Return `ranked` with the files that the item names lifted just above the best of the others, tests just below it.

    A test that an item names shows what is wrong; of a dozen in the development cases none was what the fix changed.
    """
    best = max((one.score for one in ranked if not one.reading.file.asked), default=0.0)
    lifted = {"source": best + _AHEAD, "test": best - _AHEAD}
    return [
        replace(one, score=max(one.score, lifted.get(one.reading.file.role, best + _AHEAD)))
        if one.reading.file.asked
        else one
        for one in ranked
    ]


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
    if signals["defines"]:
        reasons = (f"defines {', '.join(sorted(reading.file.defined)[:3])}", *reasons)[:3]
    return Ranked(reading, sum(parts.values()), reasons)


_WORTH_SAYING: Final = 0.3
_SAID: Final = {
    "text": "its words",
    "title": "words of the title",
    "path": "words in its path",
    "mentioned": "its path is in the item",
    "imported": "imported by a strong candidate",
    "importing": "imports a strong candidate",
    "tested": "its test fits",
    "folder": "its folder fits",
    "place": "one place fits well",
    "pairs": "words side by side",
    "phrase": "a quoted text stands in it",
    "message": "similar past commits changed it",
    "together": "often changes with a strong candidate",
}
