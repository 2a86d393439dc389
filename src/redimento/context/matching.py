"""What of a file the clues ask for, however it is known: by reading it now, or from a run before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from redimento.context.clues import Clues
from redimento.context.digest import Digest


@dataclass(frozen=True, slots=True)
class Match:
    """`hits`: term → occurrences. `named`: name of the clues → occurrences. `defined`: those of the names that are defined;
    `defined_terms`: the terms that the definitions are made of. `length` is in words.
    """  # fmt: skip

    length: int
    hits: Mapping[str, int]
    named: Mapping[str, int]
    defined: frozenset[str]
    defined_terms: frozenset[str]
    imports: tuple[str, ...]


def match(found: Digest, clues: Clues) -> Match:
    """Return of a digest what the clues ask for. Words are taken in order: sums of floats depend on it."""
    words, definitions = found.words, frozenset(found.definitions)
    hits: dict[str, int] = {}
    wanted = clues.wanted.among(words)
    for word, terms in wanted.items():
        for term in terms:
            hits[term] = hits.get(term, 0) + words[word]
    named = {name: words[name] for name in sorted(words.keys() & clues.names.keys())}
    return Match(
        length=sum(words.values()),
        hits=hits,
        named=named,
        defined=definitions & named.keys(),
        defined_terms=frozenset(term for name in definitions & wanted.keys() for term in wanted[name]),
        imports=found.imports,
    )
