"""A text file in a form that is easy to edit, with its encoding, byte-order mark and line endings."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from redimento.text.encoding import Encoding, encoding_of

_BREAK = re.compile("\r\n|\n")
_UTF8 = Encoding("utf-8")


class UnwritableError(Exception):
    """The text cannot be written in the encoding of the file; the message completes a sentence that begins with the path."""


@dataclass(frozen=True)
class Document:
    """Text with LF only, and the ending that the file has at each line break."""

    text: str
    endings: tuple[str, ...]
    encoding: Encoding = _UTF8


def decode(content: bytes, path: str = "", declared: str = "") -> Document:
    """Decode the bytes of a file. Raises NotTextError.

    `declared` names the encoding that the settings of the repository give to the path. Every byte that an edit leaves
    alone is kept.
    """
    encoding = encoding_of(content, path, declared)
    return Document(*_split(content[len(encoding.mark) :].decode(encoding.codec, encoding.errors)), encoding)


def new_document(text: str) -> Document:
    """Return a document in UTF-8 with LF."""
    return Document(text, ("\n",) * text.count("\n"))


def _split(text: str) -> tuple[str, tuple[str, ...]]:
    if "\r" not in text:
        return text, ("\n",) * text.count("\n")
    if "\n" not in text:
        return text.replace("\r", "\n"), ("\r",) * text.count("\r")
    # In a file with line feeds, a lone carriage return is content (a progress bar in a fixture), not an ending.
    return text.replace("\r\n", "\n"), tuple(_BREAK.findall(text))


def encode(document: Document, before: bytes = b"") -> bytes:
    """Return the bytes of the file, which had the content `before`. Raises UnwritableError.

    Every encoding that the file may be in has to read the new bytes as they are meant, or to find no character in them
    that the file did not have: then an addition is right whichever it is, and no character was cut.
    """
    encoding, text = document.encoding, _with_endings(document)
    try:
        body = text.encode(encoding.codec, encoding.errors)
    except UnicodeEncodeError as error:
        raise UnwritableError(
            f"is encoded as {encoding.codec}, which lacks {text[error.start]!r}: use another character"
        ) from error
    read = body.decode(encoding.codec, encoding.errors)
    if read != text:
        lost = _first_new(text, read) or text[:1]
        raise UnwritableError(f"is encoded as {encoding.codec}, which does not keep {lost!r}: use another character")
    was = before[len(encoding.mark) :]
    for rival in encoding.rivals:
        read = body.decode(rival, "surrogateescape")
        if read != text and _first_new(read, was.decode(rival, "surrogateescape")):
            added = _first_new(text, was.decode(encoding.codec, encoding.errors)) or "the new text"
            raise UnwritableError(
                f"does not say how it is encoded: {encoding.codec} and {rival} both fit, and differ on {added!r}. Add "
                "ASCII characters only, and keep or replace whole lines that hold others"
            )
    return encoding.mark + body


def _first_new(text: str, known: str) -> str:
    """Return the first character beyond ASCII that is new in the text, "" if none is."""
    old = set(known)
    return next((character for character in text if character > "\x7f" and character not in old), "")


def _with_endings(document: Document) -> str:
    kinds = set(document.endings)
    if kinds <= {"\n"}:
        return document.text
    if len(kinds) == 1:
        return document.text.replace("\n", kinds.pop())
    lines = document.text.split("\n")
    return "".join(line + ending for line, ending in zip(lines, (*document.endings, ""), strict=True))


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
