"""The places of a file that matter: what a change touched, with the lines around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from redimento.change.guards.line_diff import blocks
from redimento.context.long_lines import clipped
from redimento.context.selection import Excerpt
from redimento.context.spans import GAP, Span, joined, with_gaps


@dataclass(frozen=True)
class Places:
    """Lines of a file, and the spans of them that matter."""

    path: str
    lines: tuple[str, ...]
    spans: tuple[Span, ...]

    @property
    def length(self) -> int:
        return sum(last - first + 1 for first, last in self.spans)


def changed_places(path: str, before: str, after: str, around: int) -> Places:
    """Return what differs in the new text, with `around` lines on both sides."""
    old, new = (text.removesuffix("\n").split("\n") for text in (before, after))
    shown = list(map(clipped, new))
    spans = []
    for (first, last), (start, end) in blocks(old, new):
        spans.append((max(1, start + 1 - around), min(len(new), end + around)))
        for line, earlier in zip(range(start, end), range(first, last), strict=False):
            shown[line] = clipped(new[line], old[earlier])
    return Places(path, tuple(shown), tuple(joined(span for span in spans if span[0] <= span[1])))


def places_read(excerpt: Excerpt) -> Places:
    """Return the lines of an excerpt, which may have a line for each gap between its spans."""
    texts = excerpt.text.split("\n")
    spans = excerpt.spans or ((1, len(texts)),)
    surplus = len(texts) - sum(last - first + 1 for first, last in spans)
    lines: list[str] = []
    position = 0
    for first, last in spans:
        if surplus > 0 and GAP.fullmatch(texts[position]):
            position, surplus = position + 1, surplus - 1
        lines += [""] * (first - 1 - len(lines))
        lines += map(clipped, texts[position : position + last - first + 1])
        position += last - first + 1
    return Places(excerpt.path, tuple(lines), tuple(spans))


def as_excerpt(places: Places, most: int) -> Excerpt:
    """Return `most` lines of the places: two thirds from the beginning, one third from the end."""
    head = -(-most * 2 // 3)
    spans = places.spans
    if places.length > most:
        spans = tuple(joined([*_first(spans, head), *_last(spans, most - head)]))
    return Excerpt(places.path, with_gaps(places.lines, spans), tokens=0, score=0.0, spans=spans)


def _first(spans: Sequence[Span], count: int) -> list[Span]:
    found = []
    for first, last in spans:
        if count <= 0:
            break
        found.append((first, min(last, first + count - 1)))
        count -= last - first + 1
    return found


def _last(spans: Sequence[Span], count: int) -> list[Span]:
    return [(-last, -first) for first, last in _first([(-last, -first) for first, last in reversed(spans)], count)]
