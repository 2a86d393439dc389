"""The lines of a text, and where among them a search text may stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

# Lines compared for one search text. A file that repeats one line thousands of times has no one place anyway.
_MOST_COMPARED = 1_000_000

Span = tuple[int, int]  # first and last line, counted from 0


class Lines:
    """The lines of a text and where each begins, cut once for all rungs."""

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

    def span(self, first: int, last: int) -> tuple[int, int]:
        """Return the characters of lines `first` to `last`, the break of the last one included where there is one."""
        return self.starts[first], min(self.starts[last] + len(self.all[last]) + 1, len(self.text))


def candidates_for(lines: Lines, wanted: Sequence[str]) -> Iterator[Span]:
    """Yield the spans where the longest line of the search occurs and its other lines may stand around it.

    All white-space rungs keep what a line says, so its longest line finds every candidate at the speed of str.find.
    """
    anchor = max(range(len(wanted)), key=lambda number: len(wanted[number].strip()))
    said = wanted[anchor].strip()
    above = sum(1 for line in wanted[:anchor] if line.strip())
    below = sum(1 for line in wanted[anchor + 1 :] if line.strip())
    numbers = list(_lines_that_say(lines, said))
    if len(numbers) * len(wanted) > _MOST_COMPARED:
        return
    for number in numbers:
        first = number - anchor
        if 0 <= first <= len(lines.all) - len(wanted):
            yield first, first + len(wanted) - 1
        upper, lower = _walk(lines, number, above, -1), _walk(lines, number, below, 1)
        if upper is not None and lower is not None:
            yield upper, lower


def _lines_that_say(lines: Lines, said: str) -> Iterator[int]:
    position, number, counted = lines.text.find(said), 0, 0
    while position >= 0:
        number += lines.text.count("\n", counted, position)
        counted = position
        if lines.all[number].strip() == said:
            yield number
        end = lines.starts[number] + len(lines.all[number])
        position = lines.text.find(said, end)


def _walk(lines: Lines, number: int, count: int, step: int) -> int | None:
    """Return the line that is `count` non-blank lines away."""
    while count:
        number += step
        if not 0 <= number < len(lines.all):
            return None
        count -= bool(lines.all[number].strip())
    return number
