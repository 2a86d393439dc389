"""What a file has of the clues."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from redimento.context.clues import Clues
from redimento.context.digest import definitions, imports, words

NOTHING: Final[frozenset[str]] = frozenset()  # shared: an empty set takes 216 bytes, and most files have one


@dataclass(frozen=True, slots=True)
class Match:
    """`length` in words; `hits`: term → occurrences; `defined`: the names told in prose that the file defines."""

    length: int
    hits: Mapping[str, int]
    defined: frozenset[str]
    imports: tuple[str, ...]


def match(content: bytes, language: str, clues: Clues) -> Match:
    """Match a file with the clues. Words are taken in order: sums of floats depend on it."""
    found = words(content)
    wanted = clues.wanted.among(distinct := set(found))
    counts = Counter(filter(wanted.__contains__, found))
    hits: dict[str, int] = {}
    for word, terms in wanted.items():
        for term in terms:
            hits[term] = hits.get(term, 0) + counts[word]
    told = clues.told_names & distinct
    return Match(
        length=len(found),
        hits=hits,
        defined=told.intersection(definitions(content, language)) or NOTHING if told else NOTHING,
        imports=tuple(imports(content, language)),
    )
