"""Join an answer that was cut off with what the model sent next."""

from __future__ import annotations

import re

_MARK = re.compile(r"^[ \t]*(<{5,}|>{5,})[ \t]*[A-Z]", re.MULTILINE)
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})[^\n]*\n")
_PROSE = re.compile(
    r"\W*(?:here|sure|continu|certainly|of course|sorry|apolog|okay|ok\b|understood|below|as requested|the (?:rest|remaining))",
    re.IGNORECASE,
)
_MOST_REPEATED = 50  # lines
_TELLING = 12  # letters and digits; fewer may follow each other twice in a file


def joined(cut: str, rest: str) -> str | None:
    """Return the whole text, where the rest goes on in the middle of a line, or repeats the last lines.

    None if the rest begins anew, or it is not clear how the two fit.
    """
    if not _inside_block(cut):
        return cut + rest
    if _first_sign(cut, rest) == "<" or _PROSE.match(rest):
        return None
    begun = _last_line(cut)
    if fence := _FENCE.match(rest):
        if not begun:
            return None  # it may belong to the file
        rest = rest[fence.end() :]
    repeated = _repeated(cut, rest)
    if repeated and not begun and sum(map(str.isalnum, repeated)) < _TELLING:
        return None
    if begun and not repeated and rest.startswith(("  ", "\t")):
        return None  # rather the next line
    return cut + rest[len(repeated) :]


def goes_on(cut: str, rest: str) -> bool:
    """Return whether the rest closes a block that was cut off, instead of beginning anew."""
    return _inside_block(cut) and _first_sign(cut, rest) == ">"


def _first_sign(cut: str, rest: str) -> str:
    """Return the sign of the first mark in the rest, whose start may be in the line that was cut."""
    begun = _last_line(cut)
    mark = _MARK.search(begun + rest if set(begun.strip()) == {">"} else rest)
    return mark[1][0] if mark else ""


def _last_line(text: str) -> str:
    return text[text.rfind("\n") + 1 :]


def _inside_block(text: str) -> bool:
    signs = [found[1][0] for found in _MARK.finditer(text)]
    return bool(signs) and signs[-1] == "<"


def _repeated(cut: str, rest: str) -> str:
    """Return the longest end of `cut`, from the start of a line, with which `rest` begins."""
    repeated = ""
    start = len(cut)
    for _ in range(_MOST_REPEATED):
        start = cut.rfind("\n", 0, max(0, start - 1)) + 1
        # A line of equal signs that was cut may well go on with equal signs.
        if len(set(cut[start:].strip())) > 1 and rest.startswith(cut[start:]):
            repeated = cut[start:]
        if not start:
            break
    return repeated
