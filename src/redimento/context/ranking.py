"""Which files matter most to a work item: several simple signals, added up with fitted weights."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from redimento.context.clues import Clues
from redimento.context.survey import File, path_terms

_SATURATION: Final = 1.2  # BM25's k1
_LENGTH_SHARE: Final = 0.6  # BM25's b
_PATH_COUNT: Final = 4  # a word of the path counts as so many in the text


@dataclass(frozen=True, slots=True)
class Ranked:
    """A file with its score, the higher the better, and the signals that made it, strongest first."""

    file: File
    score: float
    reasons: tuple[str, ...]


def rank(files: Sequence[File], clues: Clues) -> list[Ranked]:
    """Return the files best first; ties in path order."""
    text = _bm25(files, clues.terms)
    names = _names(files, clues)
    ranked = []
    for file in files:
        score = text.get(file.path, 0.0) + names.get(file.path, 0.0)
        if file.role == "test":
            score *= 0.3
        reasons = tuple(sorted(file.defined)[:3])
        ranked.append(Ranked(file, score, tuple(f"defines {name}" for name in reasons)))
    ranked.sort(key=lambda one: (-one.score, one.file.path))
    return ranked


def _bm25(files: Sequence[File], weights: Mapping[str, float]) -> dict[str, float]:
    counted = [
        (file, Counter(file.hits) + Counter(dict.fromkeys(path_terms(file.path) & weights.keys(), _PATH_COUNT)))
        for file in files
    ]
    document_frequency = Counter(term for _, counts in counted for term in counts)
    mean = sum(file.length for file in files) / max(1, len(files))
    rarity = {
        term: weights[term] * math.log(1 + (len(files) - frequency + 0.5) / (frequency + 0.5))
        for term, frequency in document_frequency.items()
    }
    scores = {}
    for file, counts in counted:
        norm = _SATURATION * (1 - _LENGTH_SHARE + _LENGTH_SHARE * file.length / max(1.0, mean))
        scores[file.path] = sum(rarity[term] * count / (count + norm) for term, count in counts.items())
    best = max(scores.values(), default=0.0) or 1.0
    return {path: score / best for path, score in scores.items()}


def _names(files: Sequence[File], clues: Clues) -> dict[str, float]:
    definers: dict[str, list[str]] = defaultdict(list)
    by_name: dict[str, list[str]] = defaultdict(list)
    for file in files:
        by_name[file.path.rpartition("/")[2]].append(file.path)
        for name in file.defined:
            definers[name].append(file.path)
    scores: dict[str, float] = defaultdict(float)
    for name, paths in definers.items():
        for path in paths:
            scores[path] += 0.2 * clues.names[name] / len(paths) ** 0.7
    for written in clues.paths:
        candidates = [
            path
            for path in by_name.get(written.rpartition("/")[2], ())
            if path.endswith(written) or written.endswith(path)
        ]
        for path in candidates:
            scores[path] += 1 / len(candidates)
    return {path: min(score, 1.6) for path, score in scores.items()}
