"""Words of code: identifiers, their parts, and the stems of these."""

from __future__ import annotations

import re
from typing import Final

_IDENTIFIER: Final = re.compile(r"[^\W\d]\w*")
_PART: Final = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W_A-Za-z\d]+")
_LONGEST: Final = 60  # longer runs are hashes and encoded data
_MOST_PARTS: Final = 100_000
_ASCII: Final = range(0x80)
_BLANKED: Final = bytes(
    code if code in _ASCII and (chr(code).isalnum() or chr(code) == "_") else 0x20 for code in range(256)
)
_DIGITS: Final = "0123456789"

_STOP_TEXT: Final = (
    "the a an of to in is it and or for on with that this be as are was not if from by at but i we you when "
    "which have has can do does should would will there so my me use using used no yes all any then than more "
    "also only into how what why where e g etc via its our your they them one two like just because see here "
    "need want could may been being very some such these those about after before other same still s t re ve "
    "ll don doesn isn didn won"
)
STOP: Final = frozenset(_STOP_TEXT.split())
_SHORTEST: Final = 4  # letters: shorter words are left alone
_ENDINGS: Final = (("ing", 3), ("ed", 3))  # an ending is removed if so many letters remain


def stem(word: str) -> str:
    """Return a lower-case English word without plural, -ing, -ed and final e, so that its forms match."""
    if len(word) < _SHORTEST:
        return word
    if word.endswith("ies") and len(word) > _SHORTEST:
        return word[:-3] + "i"
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending, stays in _ENDINGS:
        if word.endswith(ending) and len(word) >= len(ending) + stays:
            word = word[: -len(ending)]
            break
    if len(word) < _SHORTEST:
        return word
    if word[-1] == word[-2] and word[-1] not in "aeiouls":
        return word[:-1]
    if word.endswith("e"):
        return word[:-1]
    return word[:-1] + "i" if word.endswith("y") else word


class _Terms(dict[str, str]):
    """Part of an identifier → its search term, "" if it has none. There are far fewer parts than identifiers."""

    def __missing__(self, part: str) -> str:
        if len(self) > _MOST_PARTS:
            self.clear()
        lower = part.lower()
        found = self[part] = stem(lower) if len(part) > 1 and lower not in STOP else ""
        return found


_TERMS: Final = _Terms()


def terms(identifier: str) -> tuple[str, ...]:
    """Return the search terms of an identifier: the stems of its parts.

    With several parts, or a digit (`S3`, `sha256`), it is a term itself, in lower case.
    """
    parts = _PART.findall(identifier)
    found = [term for part in parts if (term := _TERMS[part])]
    if (len(parts) > 1 or not identifier.isalpha()) and len(identifier) <= _LONGEST:
        found.append(identifier.lower())
    return tuple(dict.fromkeys(found) if len(found) > 1 else found)


def identifiers(text: str) -> list[str]:
    """Return every identifier or word of `text`, in order."""
    if not text.isascii():
        return [word for word in _IDENTIFIER.findall(text) if len(word) <= _LONGEST]
    # Three times as fast as the expression. In a run that begins with digits, the word is what follows them.
    runs = text.encode("ascii").translate(_BLANKED).decode("ascii").split()
    words = list(filter(str.isidentifier, runs))
    numbers = sum(map(str.isdigit, runs)) if len(words) < len(runs) else 0
    if len(words) + numbers < len(runs):
        words = [word for run in runs if (word := run.lstrip(_DIGITS))]
    return words if max(map(len, words), default=0) <= _LONGEST else [word for word in words if len(word) <= _LONGEST]
