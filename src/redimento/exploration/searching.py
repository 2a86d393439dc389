"""Search the files for a pattern."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import re2

from redimento.context.selection import Excerpt
from redimento.context.spans import joined
from redimento.context.words import identifiers, terms
from redimento.exploration.excerpts import Found, excerpt, fitting
from redimento.exploration.globs import matching
from redimento.exploration.naming import cleaned, echo
from redimento.exploration.present import Present
from redimento.exploration.scanning import LINEWISE, Hits, compiled, left_out, scan, spread

LONGEST_PATTERN: Final = 300  # characters
_MOST_HITS: Final = 60
_MOST_SURROUNDED: Final = 24  # hits that are shown with the lines around them
_FARTHEST: Final = 30  # lines around a hit
_SURROUNDED: Final = 6_000  # tokens
_MOST_NAMES: Final = 10
_SHORTEST: Final = 3  # letters of a word that makes a path likely
_ESCAPE: Final = re.compile(r"\\.|\(\?\w+\)")


def search(present: Present, pattern: str, within: str, around: int) -> Found:
    """Return the lines that match `pattern` (RE2) as `path:line: text`; with `around`, as excerpts.

    An invalid pattern is searched as it is written. `within` is a glob of paths.
    """
    if not 0 < len(pattern) <= LONGEST_PATTERN:
        return Found(text=f"A pattern has 1 to {LONGEST_PATTERN} characters.")
    wanted, notes = _compiled(pattern)
    is_literal = bool(notes)
    words = _words(pattern)
    paths = present.promising(words)
    if within.strip():
        paths = matching(paths, cleaned(within))
        if not paths:
            return Found(text="\n".join([*notes, f"No file matches {echo(within)}."]))
    found, unsearched = scan(present, paths, wanted)
    if not found:
        notes.append(f"Nothing matches {echo(pattern)}{f' in {echo(within)}' if within.strip() else ''}.")
        found, unsearched = scan(present, paths, compiled(pattern, literal=is_literal, any_case=True))
        notes += ["In other letter case:"] if found else []
    named = [path for path in paths if wanted.search(path)]
    if named:
        more = f" and {len(named) - _MOST_NAMES} more" if len(named) > _MOST_NAMES else ""
        notes.append(f"The pattern matches the path of {', '.join(named[:_MOST_NAMES])}{more}.")
    chosen, others = spread(present, found, words, _MOST_SURROUNDED if around > 0 else _MOST_HITS)
    if around > 0:
        excerpts, chosen, cut = _surrounded(present, chosen, min(around, _FARTHEST))
        others = [*cut, *others]
        lines: list[str] = []
    else:
        excerpts = ()
        lines = [f"{hits.path}:{number}: {present.row(text)}" for hits in chosen for number, text in hits.lines]
    return Found(excerpts, "\n".join([*notes, *lines, *left_out(chosen, others, unsearched)]))


def _compiled(pattern: str) -> tuple[re2._Regexp, list[str]]:
    """Return the compiled pattern, and a sentence if it is none and is searched as it is written."""
    try:
        return compiled(pattern), []
    except re2.error as problem:
        note = f"{echo(pattern)} is not a valid pattern ({_why(problem)}); it was searched as literal text."
        return compiled(pattern, literal=True), [note]


def _surrounded(
    present: Present, chosen: Sequence[Hits], around: int
) -> tuple[tuple[Excerpt, ...], list[Hits], list[Hits]]:
    """Return the hits with the lines around them, and which files fit into the tokens and which do not."""
    left = _SURROUNDED
    excerpts: list[Excerpt] = []
    for place, hits in enumerate(chosen):
        lines = present.lines(hits.path) or [""]
        spans = joined((max(1, number - around), min(len(lines), number + around)) for number, _ in hits.lines)
        kept, missing = fitting(lines, spans, left)
        if missing:
            return tuple(excerpts), list(chosen[:place]), list(chosen[place:])
        excerpts.append(excerpt(hits.path, lines, kept))
        left -= excerpts[-1].tokens
    return tuple(excerpts), list(chosen), []


def _words(pattern: str) -> list[str]:
    """Return the words of a pattern and their parts, which make a path of the same name likely."""
    return [term for word in identifiers(_ESCAPE.sub(" ", pattern)) for term in terms(word) if len(term) >= _SHORTEST][
        :20
    ]


def _why(problem: re2.error) -> str:
    detail = problem.args[0] if problem.args else ""
    told = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
    return told.replace(LINEWISE, "", 1)
