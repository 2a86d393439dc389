"""The last rung: lines that are nearly those of the search text."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from difflib import SequenceMatcher

from redimento.change.matching.indentation import indent_of, is_uniform

FLOOR = 0.9  # of the characters, weighed by the length of the lines
_FEWEST_LINES = 3  # one or two lines that are nearly right are more often another place than a slip
_LONGEST_LINE = 1_000  # characters; longer lines are equal or not, because comparing costs the square
_MOST_WINDOWS = 50
_LARGEST_ALIGNMENT = 2_000  # lines


def windows(lines: Sequence[str], wanted: Sequence[str]) -> list[int]:
    """Return the first lines of every place where `wanted` fits nearly.

    At least half of the lines are equal but for their indentation, which is shifted uniformly; the whole reaches FLOOR.
    """
    written = [number for number, line in enumerate(wanted) if line.strip()]
    if len(written) < _FEWEST_LINES:
        return []
    votes = _votes(lines, wanted)
    promising = [first for first, count in votes.most_common(_MOST_WINDOWS) if count * 2 >= len(written)]
    return sorted(first for first in promising if _fits(lines[first : first + len(wanted)], wanted))


def similarity(one: str, two: str) -> float:
    """Return 0 to 1: the share of characters that two lines have in common, in order."""
    if one == two:
        return 1.0
    if max(len(one), len(two)) > _LONGEST_LINE:
        return 0.0
    return SequenceMatcher(None, one, two, autojunk=False).ratio()


def _votes(lines: Sequence[str], wanted: Sequence[str]) -> Counter[int]:
    """Count for each possible first line how many lines of `wanted` would stand where they should."""
    where: dict[str, list[int]] = defaultdict(list)
    said = {line.strip() for line in wanted if line.strip()}
    for number, line in enumerate(lines):
        if (body := line.strip()) in said:
            where[body].append(number)
    votes: Counter[int] = Counter()
    for offset, line in enumerate(wanted):
        numbers = where.get(line.strip(), ())
        if len(numbers) > _MOST_WINDOWS:
            continue  # a brace or a blank statement: it votes for everything
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
    alike = sum(max(len(f.strip()), len(w.strip())) * similarity(f.strip(), w.strip()) for f, w in pairs)
    return alike >= FLOOR * total


def merged(wanted: Sequence[str], found: Sequence[str], replacement: Sequence[str]) -> list[str]:
    """Return the replacement with every line that it keeps from `wanted` as the file really has it."""
    lines = list(replacement)
    if len(wanted) + len(lines) > _LARGEST_ALIGNMENT:
        return lines
    for block in SequenceMatcher(None, wanted, replacement, autojunk=False).get_matching_blocks():
        for step in range(block.size):
            old = wanted[block.a + step]
            lines[block.b + step] = indent_of(old) + found[block.a + step].strip()
    return lines
