"""The Tree port over a folder that is not a git repository."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from redimento.context.tree import Entry, PastChange, PastCommit


class FolderTree:
    """All regular files under `root` except those in `.git` and `.redimento`; `.gitignore` is not applied."""

    commit = ""  # a plain folder has none

    def __init__(self, root: Path) -> None:
        self._root = root

    def entries(self) -> Sequence[Entry]:
        """Return the files sorted by path, without links, unreadable files and names that are not text."""
        return sorted(self._files(), key=lambda entry: entry.path)

    def _files(self) -> Iterator[Entry]:
        for folder, inner, names in os.walk(self._root):  # follows no links
            inner[:] = filter(_is_shown, inner)
            for path in (Path(folder, name) for name in names if _is_shown(name)):
                if os.access(path, os.R_OK) and path.is_file() and not path.is_symlink():
                    yield Entry(path.relative_to(self._root).as_posix(), path.stat().st_size)

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of each file that can be read; a path out of the folder, or through a link, cannot."""
        root = self._root.resolve()
        for path in paths:
            with suppress(OSError, ValueError):  # the second for a NUL
                place = (root / path).resolve()
                inside = place == root / path and place.is_relative_to(root)
                if inside and place.is_file() and ".git" not in map(str.lower, place.relative_to(root).parts):
                    yield path, place.read_bytes()

    def history(self, limit: int) -> Sequence[PastCommit]:  # noqa: ARG002 - part of the port; a plain folder has no history
        return ()

    def changes(self, path: str, lines: tuple[int, int] | None, limit: int) -> Sequence[PastChange]:  # noqa: ARG002 - likewise
        return ()


def _is_shown(name: str) -> bool:
    return name.lower() not in {".git", ".redimento"} and name.encode("utf-8", "ignore") == os.fsencode(name)
