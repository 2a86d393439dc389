"""Find which file imports which, from the targets as written; the same way for every language."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping, Sequence
from typing import Final

from redimento.context.survey import File

_INDEX_FILES: Final = frozenset({"__init__", "index", "mod", "lib", "main"})
_SEPARATOR: Final = re.compile(r"[./:\\]+")
_DEEPEST: Final = 5  # trailing parts of a path that name a file
_MOST_FILES: Final = 12  # a target that fits more files than this means none in particular


def import_graph(files: Sequence[File]) -> list[tuple[int, ...]]:
    """Return for each file the indices in `files` of those it imports."""
    places = _places(files)
    known: dict[tuple[str, str], tuple[int, ...]] = {}
    graph: list[tuple[int, ...]] = []
    for number, file in enumerate(files):
        folder = posixpath.dirname(file.path)
        targets: set[int] = set()
        for target in file.imports:
            key = (folder if target.startswith(".") or file.language == "rust" else "", target)
            if key not in known:
                known[key] = _resolve(key[0], target, places)
            targets.update(known[key])
        targets.discard(number)
        graph.append(tuple(sorted(targets)))
    return graph


def module_parts(path: str) -> list[str]:
    """Return the parts of the name under which code imports the file: no extension, no `__init__` or `index`."""
    parts = path.split("/")
    parts[-1] = parts[-1].partition(".")[0]
    return parts[:-1] if parts[-1] in _INDEX_FILES and len(parts) > 1 else parts


def _places(files: Sequence[File]) -> dict[tuple[str, ...], tuple[int, ...]]:
    """Return every name of a file: the last one to five parts of its module name; for Go, of its folder."""
    places: dict[tuple[str, ...], tuple[int, ...]] = {}
    for number, file in enumerate(files):
        parts = module_parts(file.path)
        if file.language == "go":
            parts = file.path.split("/")[:-1]
        for count in range(1, min(_DEEPEST, len(parts)) + 1):
            key = tuple(parts[-count:])
            known = places.get(key, ())
            if len(known) <= _MOST_FILES:  # beyond that it makes no difference
                places[key] = (*known, number)
    return places


def _resolve(folder: str, target: str, places: Mapping[tuple[str, ...], tuple[int, ...]]) -> tuple[int, ...]:
    relative = target.startswith(".")
    parts = [part for part in _SEPARATOR.split(target) if part and part not in {"crate", "self", "super", "@"}]
    if relative:
        parts = _beside(folder, target, parts)
    for end in (len(parts), len(parts) - 1):  # the last part may be a name defined in the file
        if end < 1 or (parts[end - 1],) not in places:
            continue  # most targets belong to other projects
        for start in range(max(0, end - _DEEPEST), end):
            if end - start == 1 and end > 1 and not relative:
                break  # one common word of a longer name would fit too many files
            found = places.get(tuple(parts[start:end]), ())
            if found and len(found) <= _MOST_FILES:
                return found
    return ()


def _beside(folder: str, target: str, parts: list[str]) -> list[str]:
    """Return the parts of a target relative to the folder of the importing file (`./x`, `..x.y`)."""
    if "/" in target:
        parts = posixpath.normpath(posixpath.join(folder, target)).split("/")
        parts[-1] = parts[-1].partition(".")[0]
        return parts[:-1] if parts[-1] in _INDEX_FILES else parts
    ups = len(target) - len(target.lstrip(".")) - 1
    above = folder.split("/") if folder else []
    return (above[: len(above) - ups] if ups else above) + parts
