"""The nearest lines and their differences, for a search text that is not in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from difflib import get_close_matches

_MAX_LINES = 20
_MAX_COMPARED = 1_000  # distinct lines of a file that one line is compared with
_MIN_LENGTH = 4  # characters; shorter lines (a brace) occur everywhere
_LONGEST = 160  # characters of a line that are compared and shown


def nearest(text: str, search: str) -> str:
    """Return the nearest lines with their numbers, and the first differences; "" if nothing is near."""
    lines = text.split("\n")
    wanted = search.strip("\n").split("\n")[:_MAX_LINES]
    first = _best_start(lines, wanted)
    if first is None:
        return ""
    found = lines[first : first + len(wanted)]
    shown = "\n".join(f"{first + number + 1}| {line[:_LONGEST]}" for number, line in enumerate(found))
    differences = [
        f'- your line {number + 1}: "{mine[:_LONGEST]}"; line {first + number + 1} of the file: "{theirs[:_LONGEST]}"'
        for number, (mine, theirs) in enumerate(zip(wanted, found, strict=False))
        if mine.rstrip() != theirs.rstrip()
    ]
    return "\n".join([shown, *differences[:5]])


def _best_start(lines: Sequence[str], wanted: Sequence[str]) -> int | None:
    votes: Counter[int] = Counter()
    offsets = {
        line.strip(): offset for offset, line in reversed(list(enumerate(wanted))) if len(line.strip()) >= _MIN_LENGTH
    }
    for number, line in enumerate(lines):
        offset = offsets.get(line.strip())
        if offset is not None and number >= offset:
            votes[number - offset] += 1
    if votes:
        return max(votes, key=lambda first: (votes[first], -first))
    return _by_longest_line(lines, wanted)


def _by_longest_line(lines: Sequence[str], wanted: Sequence[str]) -> int | None:
    offset = max(range(len(wanted)), key=lambda number: len(wanted[number].strip()), default=None)
    if offset is None or not wanted[offset].strip():
        return None
    body = wanted[offset].strip()[:_LONGEST]
    different = list(dict.fromkeys(line.strip()[:_LONGEST] for line in lines))[:_MAX_COMPARED]
    close = get_close_matches(body, different, 1, 0.6)
    if not close:
        return None
    number = next(number for number, line in enumerate(lines) if line.strip()[:_LONGEST] == close[0])
    return max(0, number - offset)
