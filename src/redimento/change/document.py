"""A text file in a form that is easy to edit, with its encoding, byte-order mark and line endings."""

from __future__ import annotations

import codecs
import re
import tokenize
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from io import BytesIO

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_BREAK = re.compile("\r\n|\n")


class NotTextError(Exception):
    """The bytes are not text: they contain a NUL, or their encoding is unknown."""


@dataclass(frozen=True)
class Document:
    """Text with LF only, and the ending that the file has at each line break."""

    text: str
    endings: tuple[str, ...]
    encoding: str = "utf-8"
    mark: bytes = b""


def decode(content: bytes, path: str = "") -> Document:
    """Decode the bytes of a file. Raises NotTextError.

    UTF-16 needs its byte-order mark. What is not UTF-8 is read in the encoding that a Python file declares, else as
    Windows-1252, else as Latin-1; both keep every byte that an edit leaves alone.
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


def new_document(text: str) -> Document:
    """Return a document in UTF-8 with LF."""
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
    # In a file with line feeds, a lone carriage return is content (a progress bar in a fixture), not an ending.
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


def splice(document: Document, pieces: Iterable[tuple[int, int, str]]) -> Document:
    """Replace the characters from start to end with a new text, for each (start, end, text) in ascending order.

    Line breaks present in both keep their endings; added ones take the ending of the break before them.
    """
    texts: list[str] = []
    endings: list[str] = []
    position = line = 0
    for start, end, new in pieces:
        first = line + document.text.count("\n", position, start)
        gone = document.text.count("\n", start, end)
        wanted = new.count("\n")
        endings += document.endings[line : first + min(gone, wanted)]
        endings += max(0, wanted - gone) * (endings[-1:] or [_usual_ending(document)])
        texts += document.text[position:start], new
        position, line = end, first + gone
    text = "".join([*texts, document.text[position:]])
    return replace(document, text=text, endings=(*endings, *document.endings[line:]))


def _usual_ending(document: Document) -> str:
    """Return the most common line ending."""
    return Counter(document.endings).most_common(1)[0][0] if document.endings else "\n"


def rewritten(document: Document, text: str) -> Document:
    """Replace the whole text, keeping the line endings and whether the file ends with one."""
    old = document.text
    if old and text and old.endswith("\n") != text.endswith("\n"):
        text = text + "\n" if old.endswith("\n") else text.rstrip("\n")
    start = _common(old, text)
    start = old.rfind("\n", 0, start) + 1
    tail = _common(old[start:][::-1], text[start:][::-1])
    shared = old[len(old) - tail :]
    tail = len(shared) - (shared.find("\n") + 1) if "\n" in shared else 0
    return splice(document, [(start, len(old) - tail, text[start : len(text) - tail])])


def _common(one: str, two: str) -> int:
    """Return the length of the common prefix. Bisection compares slices, which is faster than a loop over characters."""
    low, high = 0, min(len(one), len(two))
    while low < high:
        middle = (low + high + 1) // 2
        if one[:middle] == two[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def plain(text: str) -> str:
    """Return foreign text with LF for every line break and without a byte-order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
