"""Which of several lines of equal signs divides a block: headings in a file may be underlined by such lines, too."""

from __future__ import annotations

import re
from collections.abc import Sequence

from redimento.change.matching import match

_RULE = re.compile(r"={5,}\s*$")
_LONGEST_RULE = 200
_UNDERLINE = re.compile(r"^([=\-~^\"'*+#`])\1{2,}[ \t]*$", re.MULTILINE)

Reading = tuple[str, str]  # the old text and the new one


def meant(text: str, readings: Sequence[Reading], *, prose: bool) -> Reading | None:
    """Return the reading whose old text is in the file, None if none is or it is not clear which one is meant.

    `readings`: in the order of their dividers, so each old text begins with the ones before it. `prose`: the file is text
    for people, where such a line may be new.
    """
    standing = [reading for reading in readings if _stands(text, reading[0])]
    if not standing:
        return None
    old, new = standing[-1]
    # A longer old text with a slip in it, such as another quotation mark.
    if any(match.find(text, *reading) is not None for reading in readings[readings.index(standing[-1]) + 1 :]):
        return None
    if len(standing) > 1:
        further = old.removeprefix(standing[-2][0])
        # Only the underline is further evidence, and the file has it either way.
        if not any(_is_word(line) for line in further.split("\n")) and not _UNDERLINE.search(new):
            return None
    lines = new.split("\n")
    has_rules = any(map(_RULE.match, text.split("\n")))
    if _RULE.match(lines[0]) and lines[2:3] == lines[:1]:  # a title between two lines
        return old, new
    if _divides_again(lines, prose=prose, has_rules=has_rules):
        return None
    if not _RULE.match(lines[0]):
        return old, new
    # The divider was written twice, unless files like this one have such lines.
    while lines and _RULE.match(lines[0]):
        del lines[0]
    if prose or has_rules or not any(map(str.strip, lines)):
        return None
    return old, "\n".join(lines)


def _divides_again(lines: Sequence[str], *, prose: bool, has_rules: bool) -> bool:
    """Return whether the new text holds a divider: between two copies, or at its end and not as an underline."""
    *title, last = "\n".join(lines).rstrip().split("\n")
    middle = len(lines) // 2 - 1  # the last line is empty
    if middle > 0 and _RULE.match(lines[middle]) and lines[:middle] == lines[middle + 1 : -1]:
        return True
    if not _RULE.match(last):
        return False
    return abs(len("".join(title[-1:]).strip()) - len(last)) > 1 if prose else not has_rules


def underlines_twice(text: str, start: int, end: int, new: str) -> bool:
    """Return whether the new text ends with an underline, and the old one of the heading follows."""
    below = text[end : end + _LONGEST_RULE].partition("\n")[0]
    rule, known = (piece.rstrip("\n").rpartition("\n")[2] for piece in (new, text[start:end]))
    return (
        new.endswith("\n")
        and all(map(_UNDERLINE.fullmatch, (rule, below)))
        and rule[0] == below[0]
        and not _UNDERLINE.fullmatch(known)
    )


def _stands(text: str, old: str) -> bool:
    """Return whether whole lines of the file are exactly these; no lines are only in an empty file."""
    return f"\n{old}" in f"\n{text}" + "\n" * (not text.endswith("\n")) if old.strip() else not text.strip()


def _is_word(line: str) -> bool:
    return bool(line.strip()) and not _RULE.match(line)
