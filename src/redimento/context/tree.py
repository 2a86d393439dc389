"""The Tree port: the files of a repository, without saying how they are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: path with forward slashes, size in bytes, git blob id ("" when there is none)."""

    path: str
    size: int
    blob: str = ""


@dataclass(frozen=True)
class PastCommit:
    """A commit of the history: its subject, the files that it changed."""

    subject: str
    paths: tuple[str, ...]


class Tree(Protocol):
    """A checked-out repository, or a plain folder."""

    @property
    def commit(self) -> str:
        """The commit whose files these are, "" for a plain folder."""
        ...

    def entries(self) -> Sequence[Entry]:
        """Return every regular file that git tracks, or would track; never what `.gitignore` hides, never links."""
        ...

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of each file that can be read, in the order asked for."""
        ...

    def history(self, limit: int) -> Sequence[PastCommit]:
        """Return at most `limit` commits, newest first; empty where the clone has no history."""
        ...
