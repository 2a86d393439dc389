"""The lines of a text, and where a search text may match them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

# Lines compared for one search text. A file that repeats one line thousands of times has no unique match anyway.
_MAX_COMPARED = 1_000_000

Span = tuple[int, int]  # first and last line, counted from 0


class Lines:
    """The lines of a text, where each begins and which are not blank, computed once for all rungs."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.all = text.split("\n")
        if self.all[-1] == "":
            self.all.pop()
        self.starts: list[int] = []
        position = 0
        for line in self.all:
            self.starts.append(position)
            position += len(line) + 1
        self.nonblank = [number for number, line in enumerate(self.all) if line.strip()]

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return the start and end of lines `first` to `last`, including the final line break if there is one."""
        return self.starts[first], min(self.starts[last] + len(self.all[last]) + 1, len(self.text))


def candidates(lines: Lines, wanted: Sequence[str]) -> list[Span]:
    """Return the spans, in order, where the longest wanted line occurs and the other lines may surround it.

    The white-space rungs all need the same stripped lines, so the longest one finds every candidate at the speed of
    str.find.
    """
    anchor = max(range(len(wanted)), key=lambda number: len(wanted[number].strip()))
    body = wanted[anchor].strip()
    above = sum(1 for line in wanted[:anchor] if line.strip())
    below = sum(1 for line in wanted[anchor + 1 :] if line.strip())
    spans: set[Span] = set()
    for number in _lines_with(lines, body):
        first = number - anchor
        if 0 <= first <= len(lines.all) - len(wanted):
            spans.add((first, first + len(wanted) - 1))
        place = bisect_left(lines.nonblank, number)
        if above <= place < len(lines.nonblank) - below:
            spans.add((lines.nonblank[place - above], lines.nonblank[place + below]))
    if sum(last - first + 1 for first, last in spans) > _MAX_COMPARED:
        return []
    return sorted(spans)


def _lines_with(lines: Lines, body: str) -> Iterator[int]:
    position, number, counted = lines.text.find(body), 0, 0
    while position >= 0:
        number += lines.text.count("\n", counted, position)
        counted = position
        if lines.all[number].strip() == body:
            yield number
        end = lines.starts[number] + len(lines.all[number])
        position = lines.text.find(body, end)
