"""Ranges of a file's lines (1-based, both ends included), and how a prompt shows them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

Span = tuple[int, int]
GAP = re.compile(r"⋮ lines \d+-\d+ left out")  # the line for a gap


def joined(spans: Iterable[Span], gap: int = 1) -> list[Span]:
    """Return the spans in order; those that overlap or are at most `gap` lines apart become one."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + gap:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def with_gaps(lines: Sequence[str], spans: Iterable[Span]) -> str:
    """Return the text of `spans`, with one line for each gap between them."""
    parts: list[str] = []
    position = 1
    for first, last in [*spans, (len(lines) + 1, len(lines))]:
        if first > position:
            parts.append(f"⋮ lines {position}-{first - 1} left out")
        parts.extend(lines[first - 1 : last])
        position = last + 1
    return "\n".join(parts)
