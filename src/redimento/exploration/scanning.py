"""Lines that match a pattern, spread over the repository: a few of each file, the likely files first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Final

import re2

from redimento.context.languages import is_test
from redimento.exploration.definitions import DEFINING
from redimento.exploration.present import Present

LINEWISE: Final = "(?m)"
_MOST_IN_A_FILE: Final = 10  # hits of a file that are shown
_COUNTED: Final = 50  # hits in a file; more are not counted
_COUNTED_ACROSS: Final = 20  # likewise for patterns that match line breaks: each hit may read the rest of the file
_SURE: Final = _COUNTED - _MOST_IN_A_FILE  # more than these may be many more
_FEW: Final = 3  # hits of a file, if there are many files
_SOURCES_PER_TEST: Final = 2
_READ: Final = 1_200  # bytes of a line, beside those of a secret: four for each character shown, and blanks before them
_ALSO: Final = 40  # further files that are named


@dataclass(frozen=True)
class Hits:
    """The matching lines of a file as number and text; `count` of them before some were left out."""

    path: str
    lines: tuple[tuple[int, str], ...]
    count: int


def compiled(pattern: str, *, literal: bool = False, any_case: bool = False) -> re2._Regexp:
    """Compile `pattern` so that `^` and `$` match at lines, and only a written line break matches one.

    Raises re2.error.
    """
    options = re2.Options()
    options.log_errors = False
    options.literal = literal
    options.case_sensitive = not any_case
    options.never_nl = r"\n" not in pattern and "\n" not in pattern
    return re2.compile(pattern if literal else LINEWISE + pattern, options)


def scan(
    present: Present, paths: Sequence[str], pattern: re2._Regexp, containing: bytes = b""
) -> tuple[list[Hits], int]:
    """Search the `paths` that have `containing`, in this order; return the hits, and how many paths were too many bytes."""
    most = _COUNTED if pattern.options.never_nl else _COUNTED_ACROSS
    affordable = present.affordable(paths)
    read = _READ + present.secrets.longest
    found = []
    for path, content in present.searched(affordable):
        if containing in content and (lines := list(_lines(content, pattern, most, read))):
            found.append(Hits(path, tuple(lines), len(lines)))
    return found, len(paths) - len(affordable)


def _lines(content: bytes, pattern: re2._Regexp, most: int, read: int) -> Iterator[tuple[int, str]]:
    position, number, counted = 0, 1, 0
    for _ in range(most):
        found = pattern.search(content, position)
        if found is None:
            return
        start = content.rfind(b"\n", position, found.start()) + 1 or position
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        number += content.count(b"\n", counted, start)
        yield number, content[start : min(end, start + read)].decode("utf-8", "replace").strip()
        position, counted = end + 1, start
        if position > len(content):
            return


def spread(present: Present, found: Sequence[Hits], words: Sequence[str], most: int) -> tuple[list[Hits], list[Hits]]:
    """Return `most` hits, a few of each file, and the files that are left: likely ones first, tests among them.

    `words` (lower case) make a path likely.
    """
    ordered = sorted(found, key=lambda hits: (present.unlikeliness(hits.path, words), -hits.count, hits.path))
    sources = [hits for hits in ordered if not is_test(hits.path)]
    tests = [hits for hits in ordered if is_test(hits.path)]
    rows = zip_longest(*(sources[n::_SOURCES_PER_TEST] for n in range(_SOURCES_PER_TEST)), tests)
    mixed = [hits for hits in chain.from_iterable(rows) if hits is not None]
    few = next((n for n in range(_MOST_IN_A_FILE, _FEW, -1) if sum(min(hits.count, n) for hits in mixed) <= most), _FEW)
    chosen: list[Hits] = []
    for hits in mixed:
        most -= min(hits.count, few)
        if most < 0:
            break
        # Definitions tell most, then the first ones.
        told = sorted(hits.lines, key=lambda line: not DEFINING.search(line[1]))[:few]
        chosen.append(Hits(hits.path, tuple(sorted(told)), hits.count))
    return chosen, mixed[len(chosen) :]


def left_out(chosen: Sequence[Hits], others: Sequence[Hits], unsearched: int) -> list[str]:
    """Return the sentences that say which hits and files are not shown."""
    notes = []
    more = [
        f"{hits.path} ({_counted(hits.count - len(hits.lines))})" for hits in chosen if hits.count > len(hits.lines)
    ]
    if more:
        notes.append(f"More hits in: {', '.join(more[:_ALSO])}.")
    if others:
        named = ", ".join(f"{hits.path} ({_counted(hits.count)})" for hits in others[:_ALSO])
        rest = f", and {len(others) - _ALSO} more files" if len(others) > _ALSO else ""
        notes.append(f"Also in: {named}{rest}.")
    if unsearched:
        notes.append(f"{unsearched:,} files were not searched, because there are too many: narrow `within`.")
    return notes


def _counted(count: int) -> str:
    return str(count) if count < _SURE else f"{_SURE}+"
