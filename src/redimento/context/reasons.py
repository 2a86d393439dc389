"""Say why a file was chosen: which words, which place, which other candidate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from redimento.context.close_reading import Reading
from redimento.context.clues import Clues
from redimento.context.imports import Graph
from redimento.context.signals import rarities
from redimento.context.survey import File, path_terms
from redimento.context.weights import PAST, SECOND
from redimento.text.wording import Sentence

_MOST: Final = 4
_MOST_OF_THE_FILE: Final = 3  # besides those of the history
_WORTH_SAYING: Final = 0.3  # of the score
_MOST_NAMES: Final = 3
_SAID: Final = (
    "text", "title", "path", "mentioned", "imported", "importing", "tested", "folder", "place", "phrase", "message", "together",
)  # fmt: skip

Candidates = Mapping[str, Mapping[str, str]]  # signal → path of a file → path of the candidate to which it owes it


@dataclass(frozen=True)
class Known:
    """What reasons are told from. `rarity`: of each term among the files that were read."""

    clues: Clues
    rarity: Mapping[str, float]
    candidates: Candidates


def known(
    clues: Clues, files: Sequence[File], graph: Graph, scores: Mapping[str, float], beside: Mapping[str, str]
) -> Known:
    """Return what the reasons of the files in `scores` are told from. `beside`: what each of them often changes with."""
    read = [file for file in files if file.path in scores]
    rarity = rarities((file.hits for file in read), len(read))
    found: dict[str, dict[str, str]] = {"imported": {}, "importing": {}, "tested": {}}
    for file, targets in zip(files, graph, strict=True):
        for target in (files[place].path for place in targets):
            kind = "tested" if file.role == "test" else "imported"
            for signal, path, other in ((kind, target, file.path), ("importing", file.path, target)):
                best = found[signal].get(path, "")
                if path in scores and scores.get(other, 0.0) > scores.get(best, 0.0):
                    found[signal][path] = other
    return Known(clues, rarity, {**found, "together": beside})


def reasons(reading: Reading, signals: Mapping[str, float], of: Known) -> tuple[Sentence, ...]:
    """Say which signals made the score, strongest first; those of the history come last."""
    file = reading.file
    parts = {name: weight * signals[name] for name, weight in (SECOND | PAST).items() if name in signals}
    strong = [name for name in _SAID if parts.get(name, 0.0) > _WORTH_SAYING]
    told = {name: Sentence("fits_by", signal=name, names=_names(name, reading, of)) for name in strong}
    strongest = sorted((name for name in strong if name in SECOND), key=lambda name: -parts[name])
    if "title" in told and "text" in told and told["title"].values["names"] == told["text"].values["names"]:
        strongest.remove("title")
    found = [told[name] for name in strongest]
    if signals["defines"]:
        found.insert(0, Sentence("defines", names=sorted(file.defined)[:_MOST_NAMES]))
    return (*found[:_MOST_OF_THE_FILE], *(told[name] for name in strong if name in PAST))[:_MOST]


def _names(signal: str, reading: Reading, of: Known) -> tuple[str, ...]:
    """Return the words, the place or the candidate that a signal comes from."""
    file = reading.file
    if signal == "text":
        return _words(file.hits, of)
    if signal == "title":
        return _words(of.clues.title & file.hits.keys(), of)
    if signal == "path":
        return _words(set(path_terms(file.path)) & of.clues.terms.keys(), of)
    if signal == "place":
        best = max(range(len(reading.fits)), key=reading.fits.__getitem__)
        segment = reading.segments[best]
        return (segment.name or f"{segment.first}-{segment.last}",)
    return tuple(filter(None, [of.candidates.get(signal, {}).get(file.path, "")]))


def _words(terms: Iterable[str], of: Known) -> tuple[str, ...]:
    """Return the most telling of the terms, each as the item writes it."""
    weight = {term: of.clues.terms.get(term, 0.0) * of.rarity.get(term, 1.0) for term in terms}
    best = sorted(weight, key=lambda term: (-weight[term], term))
    return tuple(dict.fromkeys(of.clues.written.get(term, term) for term in best))[:_MOST_NAMES]
