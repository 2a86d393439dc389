"""One pass over the tree that keeps of each file only what can matter to this work item."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path
from typing import Final

from redimento.context import exclusion
from redimento.context.clues import Clues
from redimento.context.digest import Digest, digest
from redimento.context.index import keep, recall
from redimento.context.languages import Role, language, role
from redimento.context.matching import Match, match
from redimento.context.naming import named_files
from redimento.context.tree import Entry, Tree
from redimento.context.words import terms
from redimento.text.encoding import NotTextError, text_of


@dataclass(frozen=True, slots=True)
class File:
    """A file that may be shown, reduced to what the clues ask for.

    `hits`: term → occurrences. `defined`: the names told in prose that it defines.
    """

    path: str
    size: int  # bytes
    role: Role
    language: str
    length: int  # words
    hits: Mapping[str, int]
    defined: frozenset[str]
    imports: tuple[str, ...]
    asked: bool  # the item names its path
    key: str  # in the cache, of content and language; "" without a blob id


_Store = Callable[[Mapping[str, Digest | None]], None]
_PART: Final = re.compile(r"[/.\-]+")
_SURVEYED: Final[tuple[Role, ...]] = ("source", "test")
_KEPT_AT_ONCE: Final = 150_000  # distinct words of files that are held in memory until they are written: 40 MB


def listed(entries: Sequence[Entry], exclude: Sequence[str]) -> list[Entry]:
    """Return the entries that may be shown, by name and size alone."""
    return [entry for entry in entries if not exclusion.reason(entry.path, entry.size, exclude)]


def survey(tree: Tree, entries: Sequence[Entry], clues: Clues, cache: Path | None = None) -> list[File]:
    """Digest source files, tests and files that the item names; keep what `clues` ask for, in path order.

    `cache` is the folder of digests by blob id; a file without a blob id is always read.
    """
    asked = named_files(clues.told_paths, [entry.path for entry in entries])
    wanted = [entry for entry in entries if entry.size and (role(entry.path) in _SURVEYED or entry.path in asked)]
    by_key: dict[str, list[Entry]] = {}
    for entry in wanted:
        if entry.blob:
            by_key.setdefault(_key(entry), []).append(entry)
    files: dict[str, File | None] = {}
    for key, matched in recall(cache, by_key, clues):
        for entry in by_key[key]:
            files[entry.path] = _file(entry, matched, asked=entry.path in asked) if matched else None
    missing = [entry for entry in wanted if entry.path not in files]
    store = partial(keep, cache, sources=sum(entry.size for entry in wanted)) if cache else None
    files.update(_digested(tree, missing, clues, asked, store))
    return [file for _, file in sorted(files.items()) if file]


def _digested(
    tree: Tree, entries: Sequence[Entry], clues: Clues, asked: AbstractSet[str], store: _Store | None
) -> Iterator[tuple[str, File | None]]:
    """Read and digest files and store the digests; None for a file that may not be shown."""
    by_path = {entry.path: entry for entry in entries}
    fresh: dict[str, Digest | None] = {}
    held = 0
    for path, content in tree.read(by_path):
        entry = by_path[path]
        text = _plain(content, path)
        if text is not None and exclusion.looks_generated(text):
            text = None
        if store and entry.blob:
            found = None if text is None else digest(text, language(path))
            fresh[_key(entry)] = found
            held += len(found.words) if found else 0
            if held > _KEPT_AT_ONCE:
                store(fresh)
                fresh.clear()
                held = 0
        yield path, None if text is None else _file(entry, match(text, language(path), clues), asked=path in asked)
    if store:
        store(fresh)


def _plain(content: bytes, path: str) -> bytes | None:
    """Return the content in an encoding that keeps ASCII, None if it is binary. Words of other alphabets may be lost."""
    if not exclusion.looks_binary(content):
        return content
    try:
        return text_of(content, path).encode()
    except NotTextError:
        return None


def _key(entry: Entry) -> str:
    return f"{entry.blob}.{language(entry.path)}"


def _file(entry: Entry, matched: Match, *, asked: bool) -> File:
    return File(
        path=entry.path,
        size=entry.size,
        role=role(entry.path),
        language=language(entry.path),
        length=matched.length,
        hits=matched.hits,
        defined=matched.defined,
        imports=matched.imports,
        asked=asked,
        key=_key(entry) if entry.blob else "",
    )


def path_terms(path: str) -> tuple[str, ...]:
    """Return the search terms of a path, each once, in no order; a set would take five times the memory."""
    folder, _, name = path.rpartition("/")
    return tuple(_folder_terms(folder) | _terms_of(name))


@lru_cache(maxsize=10_000)  # a folder has many files
def _folder_terms(folder: str) -> frozenset[str]:
    return _terms_of(folder)


def _terms_of(path: str) -> frozenset[str]:
    return frozenset(term for part in _PART.split(path) for term in terms(part))
