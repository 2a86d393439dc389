"""Choose what the prompt shows of the ranked files: the places that promise most per token, until the budget is full."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import mul
from typing import Final

from redimento.context.close_reading import Reading
from redimento.context.clues import Clues
from redimento.context.ranking import Ranked
from redimento.context.segments import Segment
from redimento.context.selection import Excerpt
from redimento.context.spans import joined, with_gaps
from redimento.context.tokens import estimate
from redimento.context.weights import PLACE
from redimento.context.words import terms

HEADING: Final = 24  # tokens of the path and the fence around an excerpt
FLOOR: Final = 1e-6  # the worth of a token below which a prompt ends: the chances of few files are high then
_GAP: Final = 9  # tokens of the line that replaces what is left out
_CHARACTERS_PER_TOKEN: Final = 3.2  # good enough for the order; what is taken is counted properly
_EXPECTED: Final = 2.5  # files that an average work item changes
_DOUBT: Final = 1.2  # the chances are flatter than the scores say: fitted on the development cases, like `_PRESENCE`
_SURE: Final = 0.9  # the highest chance of a file
_PRESENCE: Final = 0.4  # the value of seeing a file at all, relative to its changed lines
_SKELETON: Final = 0.02  # the value of a file's signatures, likewise
_REST: Final = 0.15  # a file is shown whole if at most this share of its tokens is missing
_SMALLEST: Final = 60  # tokens: stop when fewer are left
_SURELY_LARGER: Final = 0.6  # share of its rough cost that every offer takes at least
_SMALLEST_GAP: Final = 4  # lines: showing them costs no more than the line that replaces them

PLACE_SIGNALS: Final = ("fit", "fit_in_file", "beside", "named", "title", "head", "lines")


@dataclass(order=True, slots=True)
class _Offer:
    """Segments that may be shown, ordered by their value per token."""

    worth: float
    place: int  # of the file in the ranking
    first: int
    segments: tuple[Segment, ...]
    cost: float


def pack(ranked: Sequence[Ranked], clues: Clues, budget: int, floor: float = 0.0) -> list[Excerpt]:
    """Fill `budget` tokens with excerpts, best file first; stop where a token is worth less than `floor`.

    The worth of an excerpt is the expected number of changed files that it shows, or their part.
    """
    taken = list(_taken(ranked, clues, budget, floor))
    excerpts = _shown(ranked, taken, budget)
    # The lines that stand for what is left out are only known now: up to one in fifty tokens more than was paid.
    while sum(one.tokens for one in excerpts) > budget:
        taken.pop()
        excerpts = _shown(ranked, taken, budget)
    return excerpts


def _taken(ranked: Sequence[Ranked], clues: Clues, budget: int, floor: float) -> Iterator[_Offer]:
    """Yield what promises most per token, the best first."""
    begun: set[int] = set()
    left = budget
    chances = _chances(ranked)
    offers = [offer for place, one in enumerate(ranked) for offer in _offers(place, one, chances[place], clues)]
    heapq.heapify(offers)
    while offers and left > _SMALLEST:
        offer = heapq.heappop(offers)
        if -offer.worth < floor:
            break
        if offer.cost * _SURELY_LARGER > left:
            continue
        reading = ranked[offer.place].reading
        heading = 0 if offer.place in begun else HEADING
        cost = heading + sum(_cost(reading, segment) for segment in offer.segments)
        if cost <= left:
            left -= cost
            begun.add(offer.place)
            yield offer


def _shown(ranked: Sequence[Ranked], taken: Sequence[_Offer], budget: int) -> list[Excerpt]:
    """Return the excerpts of what was taken, best file first."""
    chosen: defaultdict[int, list[Segment]] = defaultdict(list)
    for offer in taken:
        chosen[offer.place] += offer.segments
    paid = {place: _paid(ranked[place].reading, segments) for place, segments in chosen.items()}
    left = budget - sum(paid.values())
    excerpts = []
    for place in sorted(chosen):
        excerpt = _excerpt(ranked[place], chosen[place], left)
        left -= excerpt.tokens - paid[place]
        excerpts.append(excerpt)
    return excerpts


def place_signals(segments: Sequence[Segment], fits: Sequence[float], clues: Clues) -> list[list[float]]:
    """Return for each segment the signals that the change is there, in the order of `PLACE_SIGNALS`."""
    best = max(fits, default=0.0) or 1.0
    rows = []
    for number, (segment, fit) in enumerate(zip(segments, fits, strict=True)):
        name = segment.name.rpartition(".")[2]
        rows.append(
            [
                fit,
                fit / best,
                max(fits[max(0, number - 1) : number + 2]) / best,
                float(name in clues.names and bool(segment.signature)),
                float(not clues.title.isdisjoint(terms(name))),
                float(number == 0),
                math.log(segment.last - segment.first + 1),
            ]
        )
    return rows


def _chances(ranked: Sequence[Ranked]) -> list[float]:
    """Return how likely each file is changed: the softmax that the weights were fitted for, a little flatter."""
    values = [math.exp((one.score - ranked[0].score) / _DOUBT) for one in ranked]
    total = sum(values)
    return [min(_SURE, _EXPECTED * value / total) for value in values]


def _offers(place: int, one: Ranked, chance: float, clues: Clues) -> Iterator[_Offer]:
    reading = one.reading
    shares = _shares(reading, clues)
    best = max(shares, default=0.0)
    signatures: list[Segment] = []
    for segment, share in zip(reading.segments, shares, strict=True):
        cost = _rough_cost(reading, segment)
        value = chance * share + (chance * _PRESENCE if share == best else 0.0)
        yield _Offer(-value / cost, place, segment.first, (segment,), cost)
        if segment.signature:
            signatures.append(Segment(_head(segment), segment.signature, segment.name, 0))
    if len(signatures) > 1:
        cost = sum(_rough_cost(reading, signature) for signature in signatures)
        yield _Offer(-chance * _SKELETON / cost, place, 0, tuple(signatures), cost)


def _shares(reading: Reading, clues: Clues) -> list[float]:
    """Return the expected share of a change to the file that each segment holds."""
    weights = [PLACE[name] for name in PLACE_SIGNALS]
    logits = [sum(map(mul, weights, row)) for row in place_signals(reading.segments, reading.fits, clues)]
    top = max(logits, default=0.0)
    values = [math.exp(logit - top) for logit in logits]
    total = sum(values)
    return [value / total for value in values]


def _head(segment: Segment) -> int:
    """Return the first line of a definition's head: at most four lines, without the comment above it."""
    return max(segment.first, segment.signature - 3)


def _rough_cost(reading: Reading, segment: Segment) -> float:
    lines = reading.lines[segment.first - 1 : segment.last]
    characters = sum(map(len, lines)) + len(lines)
    return _GAP + characters / _CHARACTERS_PER_TOKEN


def _cost(reading: Reading, segment: Segment) -> int:
    return _GAP + estimate("\n".join(reading.lines[segment.first - 1 : segment.last]))


def _paid(reading: Reading, chosen: Sequence[Segment]) -> int:
    return HEADING + sum(_cost(reading, segment) for segment in chosen)


def _excerpt(one: Ranked, chosen: Sequence[Segment], left: int) -> Excerpt:
    """Return the excerpt of a file; the whole file if little is missing and `left` tokens allow it."""
    reading = one.reading
    paid = _paid(reading, chosen)
    segments = [(segment.first, segment.last) for segment in chosen]
    spans = joined(segments, _SMALLEST_GAP)
    text = with_gaps(reading.lines, spans)
    tokens = HEADING + estimate(text)
    if tokens - paid > left:  # the small gaps have long lines
        spans = joined(segments)
        text = with_gaps(reading.lines, spans)
        tokens = HEADING + estimate(text)
    whole = "\n".join(reading.lines)
    whole_tokens = HEADING + estimate(whole)
    if whole_tokens <= tokens * (1 + _REST) and whole_tokens - paid <= left:
        return Excerpt(reading.file.path, whole, whole_tokens, one.score, None, one.reasons)
    return Excerpt(reading.file.path, text, tokens, one.score, tuple(spans), one.reasons)
