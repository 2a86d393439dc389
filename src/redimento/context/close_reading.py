"""The second look: read the most likely files again and judge them by their best places."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from redimento.context.cache import keep, recall
from redimento.context.clues import Clues
from redimento.context.segments import Segment, cut
from redimento.context.signals import Clue, Signal, bm25, rarities, scaled
from redimento.context.survey import File
from redimento.context.tree import Tree, texts

_SATURATION: Final = 3.0  # BM25's k1 and b for segments, fitted on the development cases
_LENGTH_SHARE: Final = 0.6
_NAME_WEIGHT: Final = 8  # words of a segment's name, in occurrences
_RUN: Final = 3  # words: shorter runs occur in too many files by chance
_SHORTEST_RUN: Final = 12  # characters
_HOLE: Final = re.compile(r"%\(?\w*\)?[sdrif]|\{[^}]*\}|<[^>]*>|\$\{?\w+\}?|[\d.]{2,}")


@dataclass(frozen=True, slots=True)
class Reading:
    """A file with its lines and segments, and how well each segment fits the clues."""

    file: File
    lines: tuple[str, ...]
    segments: tuple[Segment, ...]
    fits: tuple[float, ...]  # one per segment, scaled to 0..1 over all files read
    pairs: float  # of the segment with the best pairs of terms, scaled to 0..1 over all files read
    phrase: float  # how much of the quoted texts the file contains literally, 0..1


@dataclass(frozen=True, slots=True)
class _Counted:
    """The clues that occur in a segment, and its length in words."""

    terms: Counter[str]
    pairs: Counter[tuple[str, str]]
    length: int


def read_closely(tree: Tree, files: Sequence[File], clues: Clues, cache: Path | None = None) -> list[Reading]:
    """Read `files` and judge their segments; skip files that cannot be read. `cache` keeps segments by blob id."""
    contents = dict(texts(tree, [file.path for file in files]))
    files = [file for file in files if file.path in contents]
    lines = [tuple(contents[file.path].removesuffix("\n").split("\n")) for file in files]
    known = _recalled(files, cache)
    cuts: list[tuple[Segment, ...]] = []
    counts: list[Counter[str]] = []
    pairs: list[Counter[tuple[str, str]]] = []
    lengths: list[int] = []
    for file, rows in zip(files, lines, strict=True):
        segments = known.get(file.key) or cut(contents[file.path].encode(), file.language)
        counted = [_count(rows, segment, clues) for segment in segments]
        cuts.append(segments)
        counts += [one.terms for one in counted]
        pairs += [one.pairs for one in counted]
        lengths += [one.length + 20 for one in counted]
    if cache:
        _keep(
            cache, {file.key: own for file, own in zip(files, cuts, strict=True) if file.key and file.key not in known}
        )
    fits = _fits(counts, lengths, clues.terms)
    pair_fits = _fits(pairs, lengths, clues.pairs)
    phrases = _phrase_signal([contents[file.path] for file in files], clues)
    readings = []
    position = 0
    for file, rows, segments, phrase in zip(files, lines, cuts, phrases, strict=True):
        own = slice(position, position + len(segments))
        position += len(segments)
        readings.append(Reading(file, rows, segments, tuple(fits[own]), max(pair_fits[own], default=0.0), phrase))
    return readings


def _fits(counts: Sequence[Mapping[Clue, float]], lengths: Sequence[int], weights: Mapping[Clue, float]) -> Signal:
    rarity = rarities(counts, len(counts))
    return scaled(bm25(counts, lengths, weights, rarity, saturation=_SATURATION, length_share=_LENGTH_SHARE))


def _recalled(files: Sequence[File], cache: Path | None) -> dict[str, tuple[Segment, ...]]:
    """Return the segments in the cache by key. They are checked: a cache may come from anywhere."""
    kept = recall(cache, [file.key for file in files if file.key])
    return {
        key: tuple(Segment(*parts) for parts in found)
        for key, found in kept
        if isinstance(found, list) and all(map(_is_segment, found))
    }


def _is_segment(parts: object) -> bool:
    return (
        isinstance(parts, list) and [type(part) for part in parts] == [int, int, str, int] and 1 <= parts[0] <= parts[1]
    )


def _keep(cache: Path, fresh: Mapping[str, Sequence[Segment]]) -> None:
    keep(
        cache,
        {key: [(one.first, one.last, one.name, one.signature) for one in own] for key, own in fresh.items()},
    )


def second_signals(readings: Sequence[Reading]) -> dict[str, Signal]:
    """Return the signals of the second look, by name; one number per reading."""
    ordered = [sorted(reading.fits, reverse=True) for reading in readings]
    return {
        "place": [fits[0] if fits else 0.0 for fits in ordered],
        "places": [sum(fits[1:4]) / 3 for fits in ordered],
        "pairs": [reading.pairs for reading in readings],
        "phrase": [reading.phrase for reading in readings],
    }


def _count(lines: Sequence[str], segment: Segment, clues: Clues) -> _Counted:
    found, length = clues.wanted.in_text("\n".join(lines[segment.first - 1 : segment.last]))
    counts = Counter(found)
    for part in segment.name.split("."):
        for term in clues.wanted.terms(part):
            counts[term] += _NAME_WEIGHT
    return _Counted(counts, Counter(filter(clues.pairs.__contains__, pairwise(found))), length)


def _phrase_signal(contents: Sequence[str], clues: Clues) -> Signal:
    """Return how much of the quoted texts each file contains literally; what occurs everywhere counts little."""
    runs = [run for phrase in clues.phrases[:40] for run in _runs(phrase)]
    scores = [0.0] * len(contents)
    for run in dict.fromkeys(runs):
        having = [number for number, text in enumerate(contents) if run in text]
        for number in having:
            scores[number] += 1 / len(having)
    return [min(1.0, score / 2) for score in scores]


def _runs(phrase: str) -> Iterator[str]:
    """Yield the runs of words that a program would contain as they are: no numbers, no inserted values."""
    for piece in _HOLE.split(phrase):
        words = piece.split()
        for start in range(max(0, len(words) - _RUN + 1)):
            run = " ".join(words[start : start + _RUN])
            if len(run) >= _SHORTEST_RUN:
                yield run
