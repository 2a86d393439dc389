"""Foreign text inside our Markdown: readable, but unable to change the page around it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from redimento.text import wording
from redimento.text.foreign import neutralise

_NUMBER_LINK = re.compile(r"([#!])(?=\d)")  # Azure links `#12` to a work item and `!12` to a pull request
_MARKS = re.compile(r"([\\`*_\[\]|])")


def prose(text: str) -> str:
    """Return foreign prose that keeps its Markdown, but no HTML, image, mention or link to other items."""
    text = neutralise(text).replace("<", "&lt;").replace("![", r"!\[")
    return _NUMBER_LINK.sub(r"\\\1", text)


def plain(text: str) -> str:
    """Return foreign text for a commit message: text as it is, without a link to other items."""
    return _NUMBER_LINK.sub(r"\\\1", neutralise(text))


def inline(text: str, most: int = 200) -> str:
    """Return foreign text as one line of at most `most` characters before escaping; only code spans stay markup."""
    line = " ".join(neutralise(text).split())
    if len(line) > most:
        line = line[: most - 1].rstrip() + "…"
    return "".join(code(piece, most) if is_code else _escaped(piece) for piece, is_code in split_at_code(line))


def split_at_code(text: str) -> Iterator[tuple[str, bool]]:
    """Split text at its backticks; yield each piece and whether it is a code span."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # an unpaired backtick opens nothing
        pieces[-2:] = ["`".join(pieces[-2:])]
    return ((piece, index % 2 == 1) for index, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    return _NUMBER_LINK.sub(r"\\\1", _MARKS.sub(r"\\\1", text).replace("<", "&lt;"))


def code(text: str, most: int = 120) -> str:
    """Return foreign text as inline code on one line."""
    line = " ".join(neutralise(text).split()).replace("`", "'").replace("|", "¦")
    if not line:
        return ""
    return f"`{line[: most - 1] + '…' if len(line) > most else line}`"


def units(text: str) -> int:
    """Return the length in UTF-16 units, as Azure DevOps counts it."""
    return len(text.encode("utf-16-le")) // 2


wording.add_filter("prose", prose)
wording.add_filter("plain", plain)
wording.add_filter("inline", inline)
wording.add_filter("code", code)
