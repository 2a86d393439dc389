"""What of a file the clues ask for, however it is known: by reading it now, or from a run before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from redimento.context.clues import Clues
from redimento.context.digest import Digest

NOTHING: Final[frozenset[str]] = frozenset()  # one for all files: Python makes an empty set of 216 bytes for each


@dataclass(frozen=True, slots=True)
class Match:
    """`hits`: term → occurrences. `defined`: the names told in prose that are defined.

    `length` is in words.
    """

    length: int
    hits: Mapping[str, int]
    defined: frozenset[str]
    imports: tuple[str, ...]


def match(found: Digest, clues: Clues) -> Match:
    """Return of a digest what the clues ask for. Words are taken in order: sums of floats depend on it."""
    words = found.words
    hits: dict[str, int] = {}
    for word, terms in clues.wanted.among(words).items():
        for term in terms:
            hits[term] = hits.get(term, 0) + words[word]
    return Match(
        length=sum(words.values()),
        hits=hits,
        defined=frozenset(name for name in clues.told_names.intersection(found.definitions) if name in words)
        or NOTHING,
        imports=found.imports,
    )
