"""What is found: lines of files as excerpts within a bound of tokens, and a text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from redimento.context.long_lines import clipped
from redimento.context.selection import Excerpt
from redimento.context.spans import Span, joined, with_gaps
from redimento.context.tokens import estimate

LARGEST: Final = 10_000  # tokens of one file in one answer
_GAP: Final = 9  # tokens of the line that stands for what is left out
_REASON: Final = ("asked for",)


def listed(heading: str, names: Sequence[str], most: int, hint: str = "") -> str:
    """Return a heading and the first of some names, one on a line; `hint`: what to do where some are left out."""
    left = len(names) - most
    rest = [f"… and {left} more{hint}."] if left > 0 else []
    return "\n".join([f"{heading}:", *names[:most], *rest]) if names else f"{heading}: none."


@dataclass(frozen=True)
class Found:
    """The excerpts and the text of a finding, before it is known for which wish."""

    excerpts: tuple[Excerpt, ...] = ()
    text: str = ""


def excerpt(path: str, lines: Sequence[str], spans: Iterable[Span], *, as_is: bool = False) -> Excerpt:
    """Return `spans` of a file, long lines cut unless `as_is`; the whole file if that leaves nothing out."""
    shown = joined(spans)
    cut = [*lines] if as_is else [*map(clipped, lines)]
    is_whole = shown == [(1, len(lines))] and cut == [*lines]
    text = "\n".join(lines) if is_whole else with_gaps(cut, shown)
    return Excerpt(path, text, estimate(text), 0.0, None if is_whole else tuple(shown), _REASON)


def fitting(lines: Sequence[str], spans: Sequence[Span], tokens: int = LARGEST) -> tuple[list[Span], list[Span]]:
    """Return what of `spans` fits into `tokens`, and what does not: from the first line that is too much on."""
    kept: list[Span] = []
    for place, (first, last) in enumerate(spans):
        tokens -= _GAP
        for number in range(first, last + 1):
            tokens -= estimate(clipped(lines[number - 1]))
            if tokens < 0:
                kept += [(first, number - 1)] if number > first else []
                return kept, [(number, last), *spans[place + 1 :]]
        kept.append((first, last))
    return kept, []


def size(path: str, lines: Sequence[str], span: Span) -> str:
    """Return the sentence that tells how long a part of a file is."""
    first, last = span
    tokens = estimate("\n".join(map(clipped, lines[first - 1 : last])))
    return f"Lines {first}-{last} of `{path}` take about {tokens:,} tokens."
