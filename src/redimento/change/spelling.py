"""Which file of the tree a path means: models write prefixes of diffs, slashes and whole paths of the disk."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from redimento.change import beneath
from redimento.change.edit import Edit, Rename, Replace, Undivided
from redimento.change.guards import paths


def settled(root: Path, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    """Return the edits with the paths that they mean beneath `root`; a path that exists as it is written means itself."""
    written: set[str] = set()
    with beneath.opened(root) as descriptor:

        def exists(path: str) -> bool:
            folder, _, name = path.rpartition("/")
            return path in written or (not paths.problem(path) and name in beneath.names_in(descriptor, folder))

        done: list[Edit] = []
        for edit in edits:
            old = isinstance(edit, Undivided) or (isinstance(edit, Replace) and bool(edit.search.strip()))
            meant = replace(edit, path=_meant(edit.path, root, exists, old=old))
            if isinstance(meant, Rename):
                meant = replace(meant, new_path=_meant(meant.new_path, root, exists, old=False))
                written.add(meant.new_path)
            written.add(meant.path)
            done.append(meant)
    return tuple(done)


def _meant(path: str, root: Path, exists: Callable[[str], bool], *, old: bool) -> str:
    """Return the path that is meant. `old`: the file has to exist."""
    if exists(path):
        return path
    name = path.replace("\\", "/")
    for place in (root.absolute(), root.resolve()):
        name = name.removeprefix(f"{place.as_posix()}/")
    while name.startswith("./"):
        name = name.removeprefix("./")
    relative = _without_prefix(name.lstrip("/"), exists, old=old)
    known = exists(relative) or "/" not in relative or exists(relative.partition("/")[0])
    return relative if known or not name.startswith("/") else name


def _without_prefix(path: str, exists: Callable[[str], bool], *, old: bool) -> str:
    """Remove the prefix of a diff, unless it is a folder. Where both may be meant, only an edit of old text tells which."""
    folder, _, rest = path.partition("/")
    if folder not in {"a", "b"} or exists(path):
        return path
    if exists(folder):
        return rest if old and exists(rest) else path
    return rest if exists(rest) or ("/" in rest and exists(rest.partition("/")[0])) else path
