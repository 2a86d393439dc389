"""Which file of the tree a path means.

Models write prefixes of diffs, slashes and whole paths of the disk. They write composed names (NFC), and macOS stores
decomposed ones (NFD).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

from redimento.change.edit import Edit, Rename, Replace, Undivided
from redimento.change.guards import paths

NamesIn = Callable[[str], frozenset[str]]


def meant(edits: Sequence[Edit], root: Path, names_in: NamesIn) -> tuple[Edit, ...]:
    """Return the edits with the paths that they mean beneath `root`; a path that exists as it is written means itself.

    `names_in` lists a folder of the tree.
    """
    written: set[str] = set()

    def exists(path: str) -> bool:
        folder, _, name = _stored(path, names_in).rpartition("/")
        return path in written or (not paths.problem(path) and name in names_in(folder))

    done: list[Edit] = []
    for edit in edits:
        old = isinstance(edit, Undivided) or (isinstance(edit, Replace) and bool(edit.search.strip()))
        found = replace(edit, path=_stored(_meant(edit.path, root, exists, old=old), names_in))
        if isinstance(found, Rename):
            found = replace(found, new_path=_stored(_meant(found.new_path, root, exists, old=False), names_in))
            written.add(found.new_path)
        written.add(found.path)
        done.append(found)
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


def _stored(path: str, names_in: NamesIn) -> str:
    if path.isascii() or paths.problem(path):
        return path
    folder = ""
    parts = path.split("/")
    for depth, name in enumerate(parts):
        if not name.isascii():
            names = names_in(folder)
            form = normalize("NFC", name)
            alike = [other for other in names if normalize("NFC", other) == form] if name not in names else []
            parts[depth] = alike[0] if len(alike) == 1 else name
        folder = "/".join(parts[: depth + 1])
    return "/".join(parts)
