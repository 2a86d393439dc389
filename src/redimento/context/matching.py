"""What a file has of the clues, whether it was read now or its digest is kept from an earlier run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from redimento.context.clues import Clues
from redimento.context.digest import Digest

NOTHING: Final[frozenset[str]] = frozenset()  # shared: an empty set takes 216 bytes, and most files have one


@dataclass(frozen=True, slots=True)
class Match:
    """`length` in words; `hits`: term → occurrences; `defined`: the names told in prose that the file defines."""

    length: int
    hits: Mapping[str, int]
    defined: frozenset[str]
    imports: tuple[str, ...]


def match(found: Digest, clues: Clues) -> Match:
    """Match a digest with the clues. Words are taken in order: sums of floats depend on it."""
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
