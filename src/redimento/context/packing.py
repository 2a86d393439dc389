"""What of the ranked files stands in the prompt: small files whole, large ones as their best segments and a skeleton."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from redimento.context.clues import Clues
from redimento.context.ranking import Ranked
from redimento.context.segments import Segment
from redimento.context.selection import Excerpt
from redimento.context.tokens import estimate
from redimento.context.words import identifiers, terms

_WHOLE: Final = 900  # tokens: a file up to this size is not worth cutting
_HEADING: Final = 24  # tokens for the path and the fence around an excerpt
_GAP: Final = 8  # tokens for the line that stands for what is left out


@dataclass(frozen=True, slots=True)
class Candidate:
    """A ranked file with its text, cut at its definitions."""

    ranked: Ranked
    lines: tuple[str, ...]
    segments: tuple[Segment, ...]


def pack(candidates: Sequence[Candidate], clues: Clues, budget: int) -> list[Excerpt]:
    """Fill `budget` tokens with excerpts, best file first."""
    rarity = _rarity(candidates, clues.terms)
    excerpts: list[Excerpt] = []
    left = budget
    for place, candidate in enumerate(candidates):
        share = max(_WHOLE, int(budget * 0.35 / (1 + 0.45 * place)))
        excerpt = _excerpt(candidate, clues, rarity, min(share, left - _HEADING))
        if excerpt is None:
            continue
        left -= excerpt.tokens
        excerpts.append(excerpt)
    return excerpts


def _rarity(candidates: Sequence[Candidate], weights: Mapping[str, float]) -> dict[str, float]:
    frequency = Counter(term for candidate in candidates for term in candidate.ranked.file.hits)
    return {term: weights[term] * math.log(1 + len(candidates) / (1 + count)) for term, count in frequency.items()}


def _excerpt(candidate: Candidate, clues: Clues, rarity: Mapping[str, float], limit: int) -> Excerpt | None:
    text = "\n".join(candidate.lines)
    whole = estimate(text) + _HEADING
    ranked = candidate.ranked
    if whole <= limit:
        return Excerpt(ranked.file.path, text, whole, ranked.score, None, ranked.reasons)
    chosen: list[Segment] = []
    used = _HEADING
    scored = sorted(
        candidate.segments, key=lambda segment: (-_density(candidate, segment, clues, rarity), segment.first)
    )
    for segment in scored:
        cost = estimate("\n".join(candidate.lines[segment.first - 1 : segment.last])) + _GAP
        if used + cost <= limit:
            used += cost
            chosen.append(segment)
    if not chosen:
        return None
    return render(candidate, chosen)


def _density(candidate: Candidate, segment: Segment, clues: Clues, rarity: Mapping[str, float]) -> float:
    text = "\n".join(candidate.lines[segment.first - 1 : segment.last])
    found = {term for word in identifiers(text) for term in terms(word)}
    score = sum(rarity.get(term, 0.0) for term in found)
    if segment.name.rpartition(".")[2] in clues.names:
        score *= 2
    return score / math.sqrt(30 + segment.last - segment.first)


def render(candidate: Candidate, chosen: Sequence[Segment]) -> Excerpt:
    """Return the excerpt that shows `chosen`, with a line for each gap."""
    spans: list[tuple[int, int]] = []
    for segment in sorted(chosen, key=lambda segment: segment.first):
        if spans and segment.first <= spans[-1][1] + 1:
            spans[-1] = (spans[-1][0], max(spans[-1][1], segment.last))
        else:
            spans.append((segment.first, segment.last))
    parts: list[str] = []
    position = 1
    for first, last in spans:
        if first > position:
            parts.append(f"⋮ lines {position}-{first - 1}")
        parts.extend(candidate.lines[first - 1 : last])
        position = last + 1
    if position <= len(candidate.lines):
        parts.append(f"⋮ lines {position}-{len(candidate.lines)}")
    text = "\n".join(parts)
    ranked = candidate.ranked
    return Excerpt(ranked.file.path, text, estimate(text) + _HEADING, ranked.score, tuple(spans), ranked.reasons)
