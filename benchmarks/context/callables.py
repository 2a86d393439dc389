"""The public `select` in the form of the scorer: f(tree, issue, budget, meta) → what `redimento context --json` prints."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redimento.commands.opening import open_tree
from redimento.context.explain import as_json
from redimento.context.select import Consideration, consider, fill
from redimento.context.tree import Entry, PastChange, PastCommit, Tree
from redimento.settings import ContextSettings

LARGEST_BUDGET = 128_000


@dataclass(frozen=True)
class Folder:
    """A plain folder with all its files."""

    root: str
    commit: str = ""

    def entries(self) -> Sequence[Entry]:
        """Return every regular file in path order."""
        found = []
        for place, folders, names in os.walk(self.root):
            folders[:] = [name for name in folders if name != ".git"]
            for name in names:
                full = f"{place}/{name}"
                if not os.path.islink(full):  # noqa: PTH114 - making thousands of Paths costs more than the walk
                    found.append(Entry(full[len(self.root) + 1 :], os.stat(full).st_size))  # noqa: PTH116 - as above
        return sorted(found, key=lambda entry: entry.path)

    def read(self, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
        """Yield path and content of each file, in the order asked for."""
        for path in paths:
            yield path, Path(self.root, path).read_bytes()

    def history(self, limit: int) -> Sequence[PastCommit]:  # noqa: ARG002 - part of the port
        """Return nothing: a plain folder has no history."""
        return ()

    def changes(self, path: str, lines: tuple[int, int] | None, limit: int) -> Sequence[PastChange]:  # noqa: ARG002 - likewise
        """Return nothing, for the same reason."""
        return ()


def tree_of(folder: str) -> Tree:
    """Return a git checkout as a run sees it; any other folder with all its files."""
    return open_tree(Path(folder)) if Path(folder, ".git").exists() else Folder(folder)


_LAST: dict[str, tuple[Tree, Consideration]] = {}


def redimento(tree: str, issue: str, budget: int | None, meta: Mapping[str, Any]) -> dict[str, Any]:
    """Select from a folder. A case is ranked once for all budgets, so only the time of the first one counts."""
    known = _LAST.get(meta["id"])
    if known is None:
        folder = tree_of(tree)
        known = (folder, consider(folder, issue, settings=ContextSettings()))
        _LAST.clear()
        _LAST[meta["id"]] = known
    return as_json(fill(*known, budget=budget or LARGEST_BUDGET), {})
