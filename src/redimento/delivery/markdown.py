"""Foreign text inside our Markdown: readable, and without power over the page it stands on."""

from __future__ import annotations

import re

from redimento.text import wording
from redimento.text.foreign import neutralise

_NUMBER_LINK = re.compile(r"([#!])(?=\d)")  # Azure links `#12` to a work item and `!12` to a pull request
_MARKS = re.compile(r"([\\`*_\[\]|])")


def prose(text: str) -> str:
    """Return foreign prose: its own Markdown stays, but no HTML, image, mention or link to other items works."""
    text = neutralise(text).replace("<", "&lt;").replace("![", r"!\[")
    return _NUMBER_LINK.sub(r"\\\1", text)


def inline(text: str, most: int = 200) -> str:
    """Return foreign text as one line of at most `most` characters; code spans stay, nothing else is markup."""
    line = " ".join(neutralise(text).split())
    if len(line) > most:
        line = line[: most - 1].rstrip() + "…"
    pieces = line.split("`")
    if len(pieces) % 2 == 0:  # an odd mark opens nothing
        pieces[-2:] = ["`".join(pieces[-2:])]
    return "".join(code(piece, most) if place % 2 else _escaped(piece) for place, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    return _NUMBER_LINK.sub(r"\\\1", _MARKS.sub(r"\\\1", text).replace("<", "&lt;"))


def code(text: str, most: int = 120) -> str:
    """Return foreign text as inline code on one line."""
    line = " ".join(neutralise(text).split()).replace("`", "'").replace("|", "¦")
    if not line:
        return ""
    return f"`{line[: most - 1] + '…' if len(line) > most else line}`"


def units(text: str) -> int:
    """Return the length in UTF-16 units, in which Azure DevOps counts."""
    return len(text.encode("utf-16-le")) // 2


wording.add_filter("prose", prose)
wording.add_filter("inline", inline)
wording.add_filter("code", code)
