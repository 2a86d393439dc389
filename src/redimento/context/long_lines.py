"""Lines that are too long to show, as in minified files and files with pictures in base64."""

from __future__ import annotations

from typing import Final

_LONGEST: Final = 1_000  # characters; a longer line is cut around what changed in it
_BESIDE: Final = 200  # characters kept on both sides of a change in such a line


def clipped(line: str, earlier: str = "") -> str:
    """Return a long line cut to what differs from the `earlier` one, or to its beginning."""
    if len(line) <= _LONGEST:
        return line
    first = last = 0
    if earlier:
        first = _alike(line, earlier)
        longest = min(len(line), len(earlier)) - first
        last = len(line) - min(longest, _alike(line[::-1], earlier[::-1]))
    start, end = max(0, first - _BESIDE), min(len(line), last + _BESIDE)
    half = _LONGEST // 2
    kept = [(start, end)] if end - start <= _LONGEST else [(start, start + half), (end - half, end)]
    parts, position = [], 0
    for begin, stop in [*kept, (len(line), len(line))]:
        if begin > position:
            parts.append(f"⋮ {begin - position:,} characters left out ⋮")
        parts.append(line[begin:stop])
        position = stop
    return "".join(parts)


def _alike(one: str, other: str) -> int:
    """Return how many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((number for number, (a, b) in pairs if a != b), min(len(one), len(other)))
