"""The Tree port over a folder that is not a git repository."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path, PurePosixPath

from redimento.context.tree import Entry, PastChange, PastCommit


class FolderTree:
    """All regular files under `root` except those in `.git` and `.redimento`; `.gitignore` is not applied."""

    commit = ""  # a plain folder has none

    def __init__(self, root: Path) -> None:
        self._root = root

    def entries(self) -> Sequence[Entry]:
        """Return the files sorted by path, without links, unreadable files and names that are not text."""
        return sorted(self._walk(self._root, ""), key=lambda entry: entry.path)

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of each file that can be read; a path out of the folder cannot."""
        for path in paths:
            content = self._content(path)
            if content is not None:
                yield path, content

    def history(self, limit: int) -> Sequence[PastCommit]:  # noqa: ARG002 - part of the port; a plain folder has no history
        return ()

    def changes(self, path: str, lines: tuple[int, int] | None, limit: int) -> Sequence[PastChange]:  # noqa: ARG002 - likewise
        return ()

    def _walk(self, folder: Path, prefix: str) -> Iterator[Entry]:
        pending = [(folder, prefix)]
        while pending:
            where, before = pending.pop()
            try:
                found = list(os.scandir(where))
            except OSError:
                continue
            for each in found:
                if each.name.lower() in {".git", ".redimento"} or not _is_text(each.name) or each.is_symlink():
                    continue
                path = f"{before}{each.name}"
                if each.is_dir(follow_symlinks=False):
                    pending.append((Path(each.path), f"{path}/"))
                elif each.is_file(follow_symlinks=False) and os.access(each.path, os.R_OK):
                    yield Entry(path, each.stat(follow_symlinks=False).st_size)

    def _content(self, path: str) -> bytes | None:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\0" in path or ".git" in map(str.lower, parts):
            return None
        # Each folder of the path is opened without following links: a link may lead anywhere.
        opened = -1
        try:
            opened = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            for part in parts:
                inner = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=opened)
                os.close(opened)
                opened = inner
            if not stat.S_ISREG(os.fstat(opened).st_mode):
                return None
            with os.fdopen(opened, "rb", closefd=False) as file:
                return file.read()
        except (OSError, UnicodeError):
            return None
        finally:
            if opened >= 0:
                os.close(opened)


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
