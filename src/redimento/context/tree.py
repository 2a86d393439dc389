"""The Tree port: the files of a repository, however they are stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from redimento.text.editorconfig import charset_of, properties
from redimento.text.encoding import NotTextError, text_of


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: path with forward slashes, size in bytes, git blob id ("" if it has none)."""

    path: str
    size: int
    blob: str = ""


@dataclass(frozen=True)
class PastCommit:
    """A commit of the history: its subject and the files it changed."""

    subject: str
    paths: tuple[str, ...]


@dataclass(frozen=True)
class PastChange:
    """What a commit did to one file: its date (ISO 8601) and subject, and the difference with one line around it."""

    date: str
    subject: str
    difference: str


class Files(Protocol):
    """Files that can be read by their paths."""

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of each file that can be read, in the order asked for."""
        ...


class Tree(Files, Protocol):
    """A checked-out repository, or a plain folder."""

    @property
    def commit(self) -> str:
        """The commit that the files are from, "" for a plain folder."""
        ...

    def entries(self) -> Sequence[Entry]:
        """Return every regular file that git tracks, or would track: nothing that `.gitignore` hides, no links."""
        ...

    def history(self, limit: int) -> Sequence[PastCommit]:
        """Return at most `limit` commits, newest first; none if the clone has no history."""
        ...

    def changes(self, path: str, lines: tuple[int, int] | None, limit: int) -> Sequence[PastChange]:
        """Return at most `limit` changes of a file, or of its lines (first and last), newest first.

        None if the clone lacks the commits or their contents.
        """
        ...


@dataclass(frozen=True)
class Part:
    """The files of one folder of a tree, and those named in `also`; the history is that of the whole tree."""

    whole: Tree
    folder: str
    also: tuple[str, ...] = ()

    @property
    def commit(self) -> str:
        return self.whole.commit

    def entries(self) -> Sequence[Entry]:
        below = (f"{self.folder}/", *(name for name in self.also if name.endswith("/")))
        return [one for one in self.whole.entries() if one.path.startswith(below) or one.path in self.also]

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        return self.whole.read(paths)

    def history(self, limit: int) -> Sequence[PastCommit]:
        return self.whole.history(limit)

    def changes(self, path: str, lines: tuple[int, int] | None, limit: int) -> Sequence[PastChange]:
        return self.whole.changes(path, lines, limit)


def part(tree: Tree, folder: str, also: tuple[str, ...] = ()) -> Tree:
    """Return the part of a tree that is in `folder`, or all of it if that is ""."""
    return Part(tree, folder, also) if folder else tree


def texts(files: Files, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield path and text of each file that is text, in the given order."""
    known: dict[str, bytes | None] = {}

    def read(path: str) -> bytes | None:
        if path not in known:
            known[path] = next((content for _, content in files.read([path])), None)
        return known[path]

    for path, content in files.read(paths):
        declared = "" if content.isascii() else charset_of(properties(path, read))
        with suppress(NotTextError):
            yield path, text_of(content, path, declared)
