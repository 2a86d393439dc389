"""The signals that a file matters to a work item: one number per file, from what the survey kept."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, TypeVar

from redimento.context.clues import Clues
from redimento.context.imports import Graph, module_parts
from redimento.context.likely_tests import tested_stem
from redimento.context.survey import File, path_terms

_SATURATION: Final = 1.2  # BM25's k1
_LENGTH_SHARE: Final = 0.6  # BM25's b
_COMMON_STEMS_TEXT: Final = "index init __init__ main utils util core base types common test tests app models views"
_COMMON_STEMS: Final = frozenset(_COMMON_STEMS_TEXT.split())
_SHORTEST_STEM: Final = 4

Clue = TypeVar("Clue", str, tuple[str, str])  # a term, or two adjacent ones
Signal = list[float]  # one number per file, in the order of the files


def rarities(documents: Iterable[Collection[Clue]], number: int) -> dict[Clue, float]:
    """Return the inverse document frequency of each term, as in BM25."""
    frequency = Counter(term for document in documents for term in document)
    return {term: math.log(1 + (number - count + 0.5) / (count + 0.5)) for term, count in frequency.items()}


def bm25(
    counted: Sequence[Mapping[Clue, float]],
    lengths: Sequence[int],
    weights: Mapping[Clue, float],
    rarity: Mapping[Clue, float],
    *,
    saturation: float = _SATURATION,
    length_share: float = _LENGTH_SHARE,
) -> Signal:
    """Return the BM25 score of each document from its term counts and its length in words."""
    mean = sum(lengths) / max(1, len(lengths)) or 1.0
    value = {term: weight * rarity.get(term, 0.0) for term, weight in weights.items()}
    scores = []
    for counts, length in zip(counted, lengths, strict=True):
        norm = saturation * (1 - length_share + length_share * length / mean)
        scores.append(sum(value.get(term, 0.0) * count / (count + norm) for term, count in counts.items()))
    return scores


def scaled(signal: Signal) -> Signal:
    """Scale a signal to a maximum of 1."""
    greatest = max(signal, default=0.0)
    return [value / greatest for value in signal] if greatest > 0 else signal


def first_signals(files: Sequence[File], graph: Graph, clues: Clues) -> dict[str, Signal]:
    """Return the signals that need only the survey, by name. `graph`: for each file the places of those it imports."""
    lengths = [file.length for file in files]
    rarity = rarities((file.hits for file in files), len(files))
    in_path = [path_terms(file.path) for file in files]
    path_rarity = rarities(in_path, len(files))
    title = {term: clues.terms[term] for term in sorted(clues.title & clues.terms.keys())}
    counts = [file.hits for file in files]
    stems = [module_parts(file.path)[-1].lower() for file in files]
    in_text = {name.lower() for name in clues.names} | clues.title | clues.terms.keys()
    signals = {
        "text": scaled(bm25(counts, lengths, clues.terms, rarity)),
        "title": scaled(bm25(counts, lengths, title, rarity)),
        "path": scaled([_sum(clues.terms, path_rarity, terms) / (2 + len(terms)) for terms in in_path]),
        "defines": _definers(files),
        "mentioned": _mentioned(files, clues),
        "stem": [
            float(len(stem) >= _SHORTEST_STEM and stem not in _COMMON_STEMS and stem in in_text) for stem in stems
        ],
        "test": [float(file.role == "test" and not file.asked) for file in files],
    }
    return signals | _around(files, graph, signals)


def _sum(weights: Mapping[str, float], rarity: Mapping[str, float], terms: Iterable[str]) -> float:
    return sum(weights[term] * rarity.get(term, 0.0) for term in sorted(terms) if term in weights)


def _definers(files: Sequence[File]) -> Signal:
    """Return how many names told in prose each file defines; a name counts less the more files define it."""
    definers = Counter(name for file in files if file.role == "source" for name in file.defined)
    return [min(1.0, sum(max(1, definers[name]) ** -0.8 for name in sorted(file.defined))) for file in files]


def _mentioned(files: Sequence[File], clues: Clues) -> Signal:
    """Credit each path in the item to the file with the longest common ending, shared if several fit equally."""
    by_name: defaultdict[str, list[int]] = defaultdict(list)
    for number, file in enumerate(files):
        by_name[file.path.rpartition("/")[2].lower()].append(number)
    scores = [0.0] * len(files)
    for written in clues.paths:
        _credit(scores, files, by_name, written)
    return [min(score, 1.0) for score in scores]


def _credit(scores: Signal, files: Sequence[File], by_name: Mapping[str, Sequence[int]], written: str) -> None:
    parts = written.lower().split("/")
    numbers = by_name.get(parts[-1], ())
    if not numbers:
        return
    depth = {number: _common_ending(parts, files[number].path.lower().split("/")) for number in numbers}
    deepest = max(depth.values())
    best = [number for number in numbers if depth[number] == deepest]
    foreign = len(parts) > 1 and deepest == 1  # the folders differ: probably a file of another project
    weight = 0.3 if foreign else 1.0
    for number in best:
        scores[number] += weight / len(best)


def _common_ending(one: Sequence[str], other: Sequence[str]) -> int:
    count = 0
    while count < min(len(one), len(other)) and one[-1 - count] == other[-1 - count]:
        count += 1
    return count


def _around(files: Sequence[File], graph: Graph, signals: Mapping[str, Signal]) -> dict[str, Signal]:
    """Return the signals of the neighbours: files that import or are imported, the folder, the tests."""
    base = [
        text + 0.5 * title + 0.5 * path + 0.5 * defines + mentioned
        for text, title, path, defines, mentioned in zip(
            *(signals[name] for name in ("text", "title", "path", "defines", "mentioned")), strict=True
        )
    ]
    imported: list[float] = [0.0] * len(files)
    importing: list[float] = [0.0] * len(files)
    tested: list[float] = [0.0] * len(files)
    for number, targets in enumerate(graph):
        is_test = files[number].role == "test"
        for target in targets:
            if is_test:
                tested[target] = max(tested[target], base[number] / math.sqrt(len(targets)))
                continue
            imported[target] = max(imported[target], base[number])
            importing[number] = max(importing[number], base[target])
    _pair(files, base, tested)
    folders: defaultdict[str, list[float]] = defaultdict(list)
    for file, score in zip(files, base, strict=True):
        if file.role == "source":
            folders[file.path.rpartition("/")[0]].append(score)
    best_of = {folder: sorted(scores, reverse=True)[:4] for folder, scores in folders.items()}
    beside = []
    for file, score in zip(files, base, strict=True):
        scores = best_of.get(file.path.rpartition("/")[0], [])
        others = scores[1:] if scores and score >= scores[0] else scores[:3]
        beside.append(sum(others) / 3)
    return {
        "imported": scaled(imported),
        "importing": scaled(importing),
        "tested": scaled(tested),
        "folder": scaled(beside),
    }


def _pair(files: Sequence[File], base: Signal, tested: Signal) -> None:
    """Credit `cart.py` with `test_cart.py`, `Cart.java` with `CartTest.java`."""
    by_stem: defaultdict[str, list[int]] = defaultdict(list)
    for number, file in enumerate(files):
        if file.role == "source":
            by_stem[module_parts(file.path)[-1].lower()].append(number)
    for number, file in enumerate(files):
        if file.role != "test":
            continue
        sources = by_stem.get(tested_stem(file.path), ())
        for source in sources:
            tested[source] = max(tested[source], base[number] / len(sources))
