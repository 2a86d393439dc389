"""One pass over the tree: of each file that may be shown, only what can matter to this work item."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from redimento.context import exclusion
from redimento.context.clues import Clues
from redimento.context.digest import digest
from redimento.context.languages import Role, language, role
from redimento.context.tree import Entry, Tree
from redimento.context.words import terms


@dataclass(frozen=True, slots=True)
class File:
    """One file that may be shown. `hits`: term → weight-free count; `defined`: names of the clues that it defines."""

    path: str
    size: int  # bytes
    role: Role
    language: str
    length: int  # words
    hits: Mapping[str, int]
    defined: frozenset[str]  # every name that it defines and that matters
    imports: tuple[str, ...]


_PART: Final = re.compile(r"[/.\-]+")
_KNOWN_WORDS: Final = 400_000  # the memory of the vocabulary: beyond it, words are judged anew


class _Relevance:
    """Which terms of the clues a word stands for; each distinct word is judged once."""

    def __init__(self, clues: Clues) -> None:
        self._wanted = clues.terms.keys()
        self._names = clues.names.keys()
        self._known: set[str] = set()
        self.terms: dict[str, tuple[str, ...]] = {}

    def relevant(self, words: Mapping[str, int]) -> Iterable[str]:
        """Return those of `words` that stand for a wanted term."""
        if len(self._known) > _KNOWN_WORDS:
            self._known.clear()
        fresh = words.keys() - self._known
        for word in fresh:
            found = tuple(term for term in terms(word) if term in self._wanted)
            if found:
                self.terms[word] = found
        self._known |= fresh
        return words.keys() & self.terms.keys()

    def names(self, defined: Iterable[str]) -> frozenset[str]:
        return frozenset(self._names & set(defined))


def listed(entries: Sequence[Entry], exclude: Sequence[str]) -> list[Entry]:
    """Return the entries that may be shown, going by name and size alone."""
    return [entry for entry in entries if not exclusion.reason(entry.path, entry.size, exclude)]


def survey(tree: Tree, entries: Sequence[Entry], clues: Clues) -> list[File]:
    """Digest source files and tests among `entries` and keep what `clues` ask for, in path order."""
    sizes = {entry.path: entry.size for entry in entries if entry.size and role(entry.path) in ("source", "test")}
    relevance = _Relevance(clues)
    files: list[File] = []
    for path, content in tree.read(sorted(sizes)):
        if exclusion.looks_binary(content) or exclusion.looks_generated(content):
            continue
        kept = digest(content, language(path))
        hits: dict[str, int] = {}
        for word in relevance.relevant(kept.words):
            for term in relevance.terms[word]:
                hits[term] = hits.get(term, 0) + kept.words[word]
        files.append(
            File(
                path=path,
                size=sizes[path],
                role=role(path),
                language=language(path),
                length=sum(kept.words.values()),
                hits=hits,
                defined=relevance.names(kept.definitions),
                imports=kept.imports,
            )
        )
    return files


def path_terms(path: str) -> frozenset[str]:
    """Return the search terms that a path is made of."""
    return frozenset(term for part in _PART.split(path) for term in terms(part))
