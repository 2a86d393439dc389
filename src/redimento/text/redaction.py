"""Keep the secrets of a run out of every text."""

from __future__ import annotations

import html
import re
from base64 import b64encode
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import Any, TypeVar, cast

from redimento.text.foreign import AFTER_ESCAPE, UNSEEN, neutralise
from redimento.text.wording import Sentence

T = TypeVar("T")

# `FAQ.some_long_name` is code, and `%3DAQ.…` a key behind a percent-encoded sign.
_KEYS = re.compile(r"AIza[0-9A-Za-z_-]{20,}|(?:(?<![A-Z])|(?<=%[0-9A-F][0-9A-F]))AQ\.[0-9A-Za-z_-]{20,}")
_KEY_STARTS = ("AIza", "AQ.")  # finding these first takes a tenth of the time
REDACTED = "***"
_SHORTEST = 8  # shorter values would blank out ordinary words
_DEEPEST = 3  # wrappings around wrappings: a percent-encoded value in a JSON string in a page
# How a character of a secret can be written, and what can stand between two: percent-encoding, escapes of JSON, Markdown
# and HTML, line breaks with the quotation marks of the next line, unseen characters. Nothing here overlaps itself. The
# regex engine looks for the class in front ten times as fast as it would try all that can follow.
_WRAPPING = re.compile(
    rf"[%\\&=\n{UNSEEN}](?:(?<=%)([0-9A-Fa-f]{{2}})"
    r"|(?<=\\)(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([^A-Za-z0-9\s])|[rn][ \t>]*)"
    r"|(?<=&)((?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,8});)"
    rf"|(?<==)\r?\n[ \t>]*|(?<=\r)\n[ \t>]*|(?<=\n)[ \t>]*|(?<=\x1b){AFTER_ESCAPE}|(?<=[{UNSEEN}]))"
)


@dataclass(frozen=True)
class Secrets:
    """The secrets of a run: `known` from its start, and `issued` during it, which is asked each time a text is cleaned.

    A secret is found as it is, percent-encoded, in base64, escaped, and with line breaks or unseen characters in it. What
    looks like a Gemini key counts, too. Values of fewer than 8 characters are ignored.
    """

    known: tuple[str, ...] = field(default=(), repr=False)
    issued: Callable[[], Iterable[str]] = field(default=tuple, repr=False)

    def clean(self, text: str) -> str:
        """Return foreign text that is safe to print, and without secrets."""
        return neutralise(self.redact(text))

    def redact(self, text: str) -> str:
        """Return `text` with `***` for each secret."""
        needles = tuple(needle for secret in self._values() for needle in _forms(secret))
        if _holds(text, needles, _DEEPEST):
            text = _without(text, _spans(text, needles, _DEEPEST))
        return _KEYS.sub(REDACTED, text) if any(map(text.__contains__, _KEY_STARTS)) else text

    def reveals(self, text: str) -> bool:
        return self.redact(text) != text

    def redacted(self, value: T) -> T:
        """Return a dataclass or JSON value with every text in it redacted."""
        return cast("T", self._redacted(value))

    @property
    def longest(self) -> int:
        """The most characters that a secret takes where each of its characters is percent-encoded."""
        return 3 * max(map(len, self._values()), default=0)

    def _values(self) -> set[str]:
        return {secret for secret in (*self.known, *self.issued()) if len(secret) >= _SHORTEST}

    def _redacted(self, value: Any) -> Any:
        if isinstance(value, Sentence):
            return Sentence(value.name, **self._redacted(value.values))
        if isinstance(value, str):
            return self.redact(value)
        if isinstance(value, Mapping):
            return {self._redacted(key): self._redacted(one) for key, one in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            return type(value)(map(self._redacted, value))
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{one.name: self._redacted(getattr(value, one.name)) for one in fields(value)})
        return value


NO_SECRETS = Secrets()


@lru_cache(maxsize=64)
def _forms(secret: str) -> tuple[str, ...]:
    """Return the secret, and how base64 shows it at each of the three places where it can start in a group of bytes."""
    encoded = [_core(secret.encode(), shift) for shift in range(3)]
    safe = [form.replace("+", "-").replace("/", "_") for form in encoded]
    return tuple(dict.fromkeys((secret, *encoded, *safe)))


def _core(secret: bytes, shift: int) -> str:
    """Return the base64 of `secret` behind `shift` other bytes, without the characters that depend on its neighbours."""
    first = (0, 2, 3)[shift]
    whole = b64encode(bytes(shift) + secret).decode().rstrip("=")
    return whole[first : -1 if (shift + len(secret)) % 3 else None]


def _without(text: str, spans: Iterable[tuple[int, int]]) -> str:
    kept: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if start >= end:
            kept += (text[end:start], REDACTED)
        end = max(end, stop)
    return "".join((*kept, text[end:]))


def _holds(text: str, needles: Collection[str], depth: int) -> bool:
    """Return whether `_spans` finds anything, which takes a fifth of its time: nearly all texts hold no secret."""
    if not needles:
        return False
    if any(map(text.__contains__, needles)):
        return True
    parts = _WRAPPING.split(text)  # text, five groups, text, five groups, …, text
    if not depth or len(parts) == 1:
        return False
    size = _WRAPPING.groups + 1
    meant = map(_meant, *(parts[place::size] for place in range(1, size)))
    return _holds("".join(chain.from_iterable(zip(parts[::size], chain(meant, [""]), strict=True))), needles, depth - 1)


def _spans(text: str, needles: Iterable[str], depth: int) -> Iterator[tuple[int, int]]:
    """Yield where the needles are in `text`, also below at most `depth` wrappings."""
    for needle in needles:
        start = text.find(needle)
        while start >= 0:
            yield start, start + len(needle)
            start = text.find(needle, start + len(needle))
    unwrapped = _unwrapped(text) if depth else None
    if unwrapped is not None:
        for start, stop in _spans(unwrapped.text, needles, depth - 1):
            yield unwrapped.place(start)[0], unwrapped.place(stop - 1)[1]


@dataclass(frozen=True)
class _Unwrapped:
    """A text without its outermost wrapping. Piece n starts at `starts[n]`, and was at `places[n]` in the wrapped text."""

    text: str
    starts: list[int]
    places: list[tuple[int, int]]

    def place(self, position: int) -> tuple[int, int]:
        """Return where a character was: a wrapped one takes several."""
        number = bisect_right(self.starts, position) - 1
        start, stop = self.places[number]
        end = self.starts[number + 1] if number + 1 < len(self.starts) else len(self.text)
        if stop - start != end - self.starts[number]:
            return start, stop
        at = start + position - self.starts[number]
        return at, at + 1


def _unwrapped(text: str) -> _Unwrapped | None:
    """Return `text` unwrapped, None if nothing in it is."""
    pieces: list[str] = []
    starts: list[int] = []
    places: list[tuple[int, int]] = []
    at = length = 0
    for found in _WRAPPING.finditer(text):
        for piece, start, stop in (
            (text[at : found.start()], at, found.start()),
            (_meant(*found.groups()), *found.span()),
        ):
            if piece:
                pieces.append(piece)
                starts.append(length)
                places.append((start, stop))
                length += len(piece)
        at = found.end()
    if not at:
        return None
    return _Unwrapped("".join((*pieces, text[at:])), [*starts, length], [*places, (at, len(text))])


@lru_cache(maxsize=4_096)
def _meant(percent: str | None, unit: str | None, code: str | None, mark: str | None, entity: str | None) -> str:
    """Return the character that is written in another way, "" for what only stands in between."""
    if number := percent or code or unit:
        return chr(int(number, 16))
    return mark or (html.unescape(f"&{entity}") if entity else "")
