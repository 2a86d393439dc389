"""The last rung: lines similar to those of the search text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher

from redimento.change.matching.indentation import indent_of, is_uniform

_MIN_SIMILARITY = 0.9  # of the characters, weighted by the length of the lines
_MIN_LINES = 3  # one or two similar lines are more often another place than a slip
_LONGEST_LINE = 1_000  # characters; longer lines are only compared for equality, because the ratio takes quadratic time
_MAX_WINDOWS = 50
_MAX_COMPARED = (
    5_000_000  # pairs of characters for one search text: difflib compares about 10 million per second at worst
)
_LARGEST_ALIGNMENT = 2_000  # lines


def windows(lines: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Return the first line of every place that is similar to `wanted`.

    At least half of the lines are equal after uniform indentation, and the whole reaches `_MIN_SIMILARITY`.
    """
    written = [number for number, line in enumerate(wanted) if line.strip()]
    if len(written) < _MIN_LINES:
        return []
    votes = _votes(lines, wanted)
    promising = [first for first, count in votes.most_common(_MAX_WINDOWS) if count * 2 >= len(written)]
    found = {first: lines[first : first + len(wanted)] for first in promising}
    pairs = (pair for window in found.values() for pair in zip(window, wanted, strict=True))
    if sum(len(one) * len(two) for one, two in pairs if one.strip() != two.strip()) > _MAX_COMPARED:
        return []
    return sorted(first for first, window in found.items() if _fits(window, wanted))


def resembles_any(line: str, others: Sequence[str], least: float) -> bool:
    """Return whether a line has at least this similarity to one of the others; False if comparing takes too long."""
    if len(line) * sum(map(len, others)) > _MAX_COMPARED:
        return False
    return any(_similarity(line, other) >= least for other in others)


def _similarity(one: str, two: str) -> float:
    """Return the share of characters that two lines have in common, in order: 0 to 1."""
    if one == two:
        return 1.0
    if max(len(one), len(two)) > _LONGEST_LINE:
        return 0.0
    return SequenceMatcher(None, one, two, autojunk=False).ratio()


def _votes(lines: Sequence[str], wanted: Sequence[str]) -> Counter[int]:
    """Count for each possible first line how many lines of `wanted` would be in place."""
    where: dict[str, list[int]] = defaultdict(list)
    bodies = {line.strip() for line in wanted if line.strip()}
    for number, line in enumerate(lines):
        if (body := line.strip()) in bodies:
            where[body].append(number)
    votes: Counter[int] = Counter()
    for offset, line in enumerate(wanted):
        numbers = where.get(line.strip(), ())
        if len(numbers) > _MAX_WINDOWS:
            continue  # a brace or the like, which votes for every place
        for number in numbers:
            if 0 <= number - offset <= len(lines) - len(wanted):
                votes[number - offset] += 1
    return votes


def _fits(found: Sequence[str], wanted: Sequence[str]) -> bool:
    pairs = [(f, w) for f, w in zip(found, wanted, strict=True) if f.strip() or w.strip()]
    if any(not f.strip() or not w.strip() for f, w in pairs):
        return False
    if not is_uniform([w for _, w in pairs], [f for f, _ in pairs]):
        return False
    total = sum(max(len(f.strip()), len(w.strip())) for f, w in pairs)
    alike = sum(max(len(f.strip()), len(w.strip())) * _similarity(f.strip(), w.strip()) for f, w in pairs)
    return alike >= _MIN_SIMILARITY * total


def merged(wanted: Sequence[str], found: Sequence[str], replacement: Sequence[str]) -> list[str]:
    """Return the replacement; lines that it keeps from `wanted` are as the file has them."""
    lines = list(replacement)
    if len(wanted) + len(lines) > _LARGEST_ALIGNMENT:
        return lines
    for block in SequenceMatcher(None, wanted, replacement, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            old = wanted[block.a + step]
            lines[block.b + step] = indent_of(old) + found[block.a + step].strip()
    return lines
