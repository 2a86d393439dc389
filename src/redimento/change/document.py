"""A text file in a form that is easy to edit, and its own hand: encoding, byte-order mark and line endings."""

from __future__ import annotations

import codecs
import re
import tokenize
from collections import Counter
from dataclasses import dataclass, replace
from io import BytesIO

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BREAK = re.compile("\r\n|\n")


class NotTextError(Exception):
    """The bytes are no text: a NUL, or an encoding that nothing tells."""


@dataclass(frozen=True)
class Document:
    """Text with LF only, and for each of its line breaks the ending that the file has there."""

    text: str
    endings: tuple[str, ...]
    encoding: str = "utf-8"
    mark: bytes = b""


def decode(content: bytes, path: str = "") -> Document:
    """Read a file's bytes. Raises NotTextError.

    UTF-16 needs its mark. Bytes that are no UTF-8 are read as the encoding that a Python file declares, else as
    Windows-1252, else as Latin-1: both keep every byte they do not touch.
    """
    mark, encoding = next(((m, e) for m, e in _MARKS if content.startswith(m)), (b"", ""))
    body = content[len(mark) :]
    candidates = [encoding] if encoding else ["utf-8", *_declared(content, path), "cp1252", "latin-1"]
    for candidate in candidates:
        try:
            text = body.decode(candidate)
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" in text:
            break
        plain, endings = _split(text)
        return Document(plain, endings, candidate, mark)
    raise NotTextError


def fresh(text: str) -> Document:
    """Return a new document in UTF-8 with LF."""
    return Document(text, ("\n",) * text.count("\n"))


def _declared(content: bytes, path: str) -> list[str]:
    if not path.endswith((".py", ".pyi")):
        return []
    try:
        return [tokenize.detect_encoding(BytesIO(content[:1024]).readline)[0]]
    except (SyntaxError, UnicodeDecodeError):
        return []


def _split(text: str) -> tuple[str, tuple[str, ...]]:
    if "\r" not in text:
        return text, ("\n",) * text.count("\n")
    if "\n" not in text:
        return text.replace("\r", "\n"), ("\r",) * text.count("\r")
    # A lone carriage return in a file that has line feeds is content (a progress bar in a fixture), not an ending.
    return text.replace("\r\n", "\n"), tuple(_BREAK.findall(text))


def encode(document: Document) -> bytes:
    """Return the bytes of the file. Raises UnicodeEncodeError when its encoding lacks a character."""
    kinds = set(document.endings)
    if kinds <= {"\n"}:
        text = document.text
    elif len(kinds) == 1:
        text = document.text.replace("\n", kinds.pop())
    else:
        lines = document.text.split("\n")
        text = "".join(line + ending for line, ending in zip(lines, (*document.endings, ""), strict=True))
    return document.mark + text.encode(document.encoding)


def splice(document: Document, start: int, end: int, new: str) -> Document:
    """Replace the characters from `start` to `end` by `new`.

    Line breaks that stand in both keep their endings; further ones take the ending of the break before them.
    """
    first = document.text.count("\n", 0, start)
    gone = document.text.count("\n", start, end)
    wanted = new.count("\n")
    kept = document.endings[first : first + min(gone, wanted)]
    added = (wanted - len(kept)) * ((kept or document.endings[:first])[-1:] or (usual_ending(document),))
    endings = document.endings[:first] + kept + added + document.endings[first + gone :]
    return replace(document, text=document.text[:start] + new + document.text[end:], endings=endings)


def usual_ending(document: Document) -> str:
    """Return the ending that most lines have."""
    return Counter(document.endings).most_common(1)[0][0] if document.endings else "\n"


def rewritten(document: Document, text: str) -> Document:
    """Return the document with a new text as a whole, in the old hand: endings, and whether the last line ends."""
    old = document.text
    if old and text and old.endswith("\n") != text.endswith("\n"):
        text = text + "\n" if old.endswith("\n") else text.rstrip("\n")
    start = _common(old, text)
    start = old.rfind("\n", 0, start) + 1
    tail = _common(old[start:][::-1], text[start:][::-1])
    shared = old[len(old) - tail :]
    tail = len(shared) - (shared.find("\n") + 1) if "\n" in shared else 0
    return splice(document, start, len(old) - tail, text[start : len(text) - tail])


def _common(one: str, two: str) -> int:
    """Return the length of the common beginning, found by halving: slices compare at the speed of memory."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == two[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def plain(text: str) -> str:
    """Return a stranger's text with LF for every line break, without a byte-order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
