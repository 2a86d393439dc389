"""How much of an answer of a server is read. Without a limit, 4 MB of gzip took 4 GB of memory (measured)."""

from __future__ import annotations

_LONGEST = 32 * 1024 * 1024  # bytes, also after decompression
# Signs that begin or part JSON values. Code may hold them, too, but a whole answer of 65,536 tokens has no more than a few
# for each token, and a page of work items has fewer, while each value takes up to a kilobyte in an SDK's objects.
_MOST_VALUES = 500_000


class UnusableAnswerError(Exception):
    """An answer is too large; the text says what it has too much of."""


def refuse_long(content: bytes | bytearray, most: int = 0) -> None:
    """Raise UnusableAnswerError for more bytes than `most`, or than any answer has."""
    most = most or _LONGEST
    if len(content) > most:
        raise UnusableAnswerError(f"more than {most // 1024 // 1024} MB")


def refuse_many_values(content: bytes | bytearray, most: int = _MOST_VALUES) -> None:
    """Raise UnusableAnswerError for JSON that would take gigabytes once it is parsed."""
    if sum(content.count(sign) for sign in (b"{", b"[", b",")) > most:
        raise UnusableAnswerError(f"more than {most:,} values")
