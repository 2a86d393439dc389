"""Indent a replacement like the place where its search text matched."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import pairwise
from math import gcd

_LARGEST_ALIGNMENT = 2_000  # lines; a longer alignment takes seconds
_OPENS_BLOCK = (":", "{", "(", "[", "=>", ",")


def indent_of(line: str) -> str:
    """Return the leading white space of a line; "" for a blank line."""
    body = line.lstrip()
    return line[: len(line) - len(body)] if body else ""


def is_uniform(search: Sequence[str], found: Sequence[str]) -> bool:
    """Return whether the found lines are all indented by the same amount more, or less, than the search lines."""
    return _uniform(_indents(search, found)) is not None


def has_already(search: Sequence[str], indent: str, replacement: Sequence[str]) -> bool:
    """Return whether the replacement has the indentation of the file, although its search text was quoted without.

    After a single line that was quoted without it, the first line of the replacement may lack it as well.
    """
    first, *rest = (line for line in replacement if line.strip())
    if not indent or indent_of(search[0]) or not all(line.startswith(indent) for line in rest):
        return False
    if first.startswith(indent):
        return True
    deeper = first.rstrip().endswith(_OPENS_BLOCK)
    return len(search) == 1 and bool(rest) and (not deeper or len(indent_of(rest[0])) > len(indent))


def reindent(search: Sequence[str], found: Sequence[str], replacement: Sequence[str]) -> list[str]:
    """Return the replacement lines with the indentation style of the found lines.

    `search` and `found` are the non-blank lines that matched, pair by pair.
    """
    indents = _indents(search, found)
    base = min((actual for _, actual in indents), key=len)
    if any(map(str.strip, replacement)) and has_already(search, base, replacement):
        first, *rest = replacement
        return [base + first.removeprefix(base) if first.strip() else first, *rest]
    uniform = _uniform(indents)
    if uniform is not None:
        return [_shifted(line, *uniform) if line.strip() else line for line in replacement]
    table: dict[str, str] = {}
    for wanted, actual in indents:
        if table.setdefault(wanted, actual) != actual:
            return _aligned(search, found, replacement)
    unit = _unit(table)
    return [_translated(line, table, unit) if line.strip() else line for line in replacement]


def _indents(search: Sequence[str], found: Sequence[str]) -> list[tuple[str, str]]:
    return [(indent_of(wanted), indent_of(actual)) for wanted, actual in zip(search, found, strict=True)]


def _uniform(indents: Sequence[tuple[str, str]]) -> tuple[str, str] | None:
    """Return (prefix to remove, prefix to add), at most one of them non-empty; None if not uniform."""
    wanted, actual = indents[0]
    if actual.endswith(wanted):
        more = actual.removesuffix(wanted)
        return ("", more) if all(a == more + w for w, a in indents) else None
    if wanted.endswith(actual):
        less = wanted.removesuffix(actual)
        return (less, "") if all(w == less + a for w, a in indents) else None
    return None


def _shifted(line: str, less: str, more: str) -> str:
    if not less:
        return more + line
    return line.removeprefix(less) if line.startswith(less) else line.lstrip()


def _unit(table: dict[str, str]) -> tuple[int, str]:
    """Return the columns of one indentation step in the search text, and the step in the file."""
    steps = sorted((len(wanted.expandtabs(4)), actual) for wanted, actual in table.items())
    columns = gcd(*(width for width, _ in steps)) or 4
    for (narrow, inner), (wide, outer) in pairwise(steps):
        count = (wide - narrow) // columns
        if count and outer.startswith(inner) and (len(outer) - len(inner)) % count == 0:
            return columns, outer[len(inner) : len(inner) + (len(outer) - len(inner)) // count]
    return columns, "\t" if any("\t" in actual for _, actual in steps) else " " * columns


def _translated(line: str, table: dict[str, str], unit: tuple[int, str]) -> str:
    """Look up the line's indentation in the table, or extend the widest known one that is narrower."""
    indent, body = indent_of(line), line.lstrip()
    if indent in table:
        return table[indent] + body
    columns, step = unit
    width = len(indent.expandtabs(4))
    known = max((w for w in table if len(w.expandtabs(4)) < width), key=len, default=None)
    if known is not None:
        return table[known] + step * ((width - len(known.expandtabs(4))) // columns) + body
    lowest = min(table, key=len)
    missing = (len(lowest.expandtabs(4)) - width) // columns * len(step)
    return table[lowest][: max(0, len(table[lowest]) - missing)] + body


def _aligned(search: Sequence[str], found: Sequence[str], replacement: Sequence[str]) -> list[str]:
    """Indent each unchanged line like the file, and a new line like the unchanged line above it."""
    if len(search) + len(replacement) > _LARGEST_ALIGNMENT:
        return list(replacement)
    pairs: dict[int, int] = {}
    matcher = SequenceMatcher(None, [s.strip() for s in search], [r.strip() for r in replacement], autojunk=False)
    for block in matcher.get_matching_blocks():
        pairs |= {block.b + step: block.a + step for step in range(block.size)}
    lines, last = [], 0
    for number, line in enumerate(replacement):
        last = pairs.get(number, last)
        shift = _uniform([(indent_of(search[last]), indent_of(found[last]))]) or ("", "")
        lines.append(_shifted(line, *shift) if line.strip() else line)
    return lines
