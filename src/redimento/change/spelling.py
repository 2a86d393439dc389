"""Paths that differ in letter case or Unicode form alone, which Windows and macOS take for one file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from redimento.change.edit import Change, Delete, Edit, Rename
from redimento.change.guards.paths import fold

NamesIn = Callable[[str], frozenset[str]]


class Spellings:
    """The spellings that exist in the tree and in a change, to find a path that is another spelling of one of them."""

    def __init__(self, edits: Sequence[Edit], already: Change, names_in: NamesIn) -> None:
        self._names_in = names_in
        self._seen = {
            fold(part): part for file in already.files if file.after is not None for part in parts_of(file.path)
        }
        self._leaving = {edit.path for edit in edits if isinstance(edit, Rename | Delete)}
        self._renamed = {
            edit.new_path: edit.path
            for edit in edits
            if isinstance(edit, Rename) and edit.new_path != edit.path and fold(edit.new_path) == fold(edit.path)
        }
        self._given_up = set(self._renamed.values())

    def twin(self, path: str) -> str:
        """Return the other spelling of the path or of a folder above it, "" if none.

        A rename may change the case of a name, and that of a folder if nothing stays in it.
        """
        if path in self._given_up:
            return ""
        existing = self._existing(path)
        if existing and not self._gives_way(existing, path):
            return existing
        for part in parts_of(path):
            other = self._seen.get(fold(part), part)
            if other != part and not self._gives_way(other, path):
                return other
            self._seen[fold(part)] = part
        return ""

    def _existing(self, path: str) -> str:
        """Return an existing path that a case-insensitive file system treats as `path`, "" if none."""
        for folder, part in zip(["", *parts_of(path)], parts_of(path), strict=False):
            name = part.rpartition("/")[2]
            names = self._names_in(folder)
            if name not in names:
                twin = next((other for other in sorted(names) if fold(other) == fold(name)), "")
                return f"{folder}/{twin}".lstrip("/") if twin else ""
        return ""

    def _gives_way(self, twin: str, path: str) -> bool:
        old = self._renamed.get(path, "")
        return twin == old or (twin in parts_of(old) and self._leaving.issuperset(self._below(twin)))

    def _below(self, folder: str) -> Iterable[str]:
        names = self._names_in(folder)
        if not names:
            yield folder
        for name in names:
            yield from self._below(f"{folder}/{name}")


def alike(paths: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each path with the one before it that is another spelling of it."""
    seen: dict[str, str] = {}
    for path in paths:
        if (other := seen.setdefault(fold(path), path)) != path:
            yield path, other


def parts_of(path: str) -> list[str]:
    """Return every folder above the path, outermost first, and the path itself."""
    names = path.split("/")
    return ["/".join(names[: depth + 1]) for depth in range(len(names))]
