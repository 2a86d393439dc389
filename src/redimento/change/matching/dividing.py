"""Which of several lines of equal signs divides a block: headings in a file may be underlined by such lines, too."""

from __future__ import annotations

import re
from collections.abc import Sequence

_RULE = re.compile(r"={5,}\s*$")
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
    if len(standing) > 1:
        further = old.removeprefix(standing[-2][0])
        # Only the underline is further evidence, and the file has it either way.
        if not any(_is_word(line) for line in further.split("\n")) and not _UNDERLINE.search(new):
            return None
    lines = new.split("\n")
    if not _RULE.match(lines[0]) or any(map(_RULE.match, lines[2:3])):  # a title between two lines
        return old, new
    # The divider was written twice, unless files like this one have such lines.
    while lines and _RULE.match(lines[0]):
        del lines[0]
    if prose or any(map(_RULE.match, text.split("\n"))) or not any(map(str.strip, lines)):
        return None
    return old, "\n".join(lines)


def _stands(text: str, old: str) -> bool:
    """Return whether whole lines of the file are exactly these; no lines are only in an empty file."""
    return f"\n{old}" in f"\n{text}" + "\n" * (not text.endswith("\n")) if old.strip() else not text.strip()


def _is_word(line: str) -> bool:
    return bool(line.strip()) and not _RULE.match(line)
