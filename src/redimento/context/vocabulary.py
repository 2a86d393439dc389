"""Which words of a repository stand for the wanted terms: each distinct word is judged once."""

from __future__ import annotations

from collections.abc import Container
from collections.abc import Set as AbstractSet
from itertools import chain
from typing import Final

from redimento.context.words import identifiers, terms

_MOST_JUDGED: Final = 200_000  # words; beyond that it forgets and starts again


class Wanted:
    """A lookup from words of files to the wanted terms that they stand for."""

    def __init__(self, wanted: Container[str]) -> None:
        self._wanted = wanted
        self._judged: set[str] = set()
        self._found: dict[str, tuple[str, ...]] = {}  # the judged words that stand for any

    def terms(self, word: str) -> tuple[str, ...]:
        """Return the wanted terms that a word stands for; `()` for most words."""
        if word not in self._judged:
            self._judge({word})
        return self._found.get(word, ())

    def among(self, words: AbstractSet[str]) -> dict[str, tuple[str, ...]]:
        """Return those of `words` that stand for any, sorted, with their terms."""
        self._judge(words)
        found = self._found
        return {word: found[word] for word in sorted(filter(found.__contains__, words))}

    def in_text(self, text: str) -> tuple[list[str], int]:
        """Return the wanted terms in `text`, in order and with repetitions, and its number of identifiers."""
        words = identifiers(text)
        self._judge(set(words))
        found = self._found
        return list(chain.from_iterable(map(found.__getitem__, filter(found.__contains__, words)))), len(words)

    def _judge(self, words: AbstractSet[str]) -> None:
        if len(self._judged) > _MOST_JUDGED:
            self._judged.clear()
            self._found.clear()
        fresh = words - self._judged
        self._judged |= fresh
        for word in fresh:
            found = [term for term in terms(word) if term in self._wanted]
            if found:
                self._found[word] = tuple(found)
