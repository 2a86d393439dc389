"""Find which file imports which, from the targets as written; the same way for every language."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final

from redimento.context.languages import extension
from redimento.context.survey import File

Graph = Sequence[tuple[int, ...]]  # for each file the places of those it imports

_INDEX_FILES: Final = frozenset({"__init__", "index", "mod", "lib", "main"})
_LOOKS_TEXT: Final = "css scss sass less pcss html htm hbs ejs tpl jinja j2 cshtml razor xaml"
_LOOKS: Final = frozenset(_LOOKS_TEXT.split())
_SEPARATOR: Final = re.compile(r"[./:\\]+")
_DEEPEST: Final = 5  # trailing parts of a path that name a file
_MOST_FILES: Final = 12  # a target that fits more files than this means none in particular


def import_graph(files: Sequence[File]) -> list[tuple[int, ...]]:
    """Return for each file the indices in `files` of those it imports."""
    places = _places(files)
    known: dict[tuple[str, str], tuple[int, ...]] = {}
    looks = _looks(files)
    graph: list[tuple[int, ...]] = []
    for number, file in enumerate(files):
        folder = posixpath.dirname(file.path)
        targets: set[int] = set()
        for target in file.imports:
            key = (folder if target.startswith(".") or file.language == "rust" else "", target)
            if key not in known:
                known[key] = _resolve(key[0], target, places)
            targets.update(known[key])
        targets.update(looks.get(number, ()))
        targets.discard(number)
        graph.append(tuple(sorted(targets)))
    return graph


def _looks(files: Sequence[File]) -> dict[int, tuple[int, ...]]:
    """Return for each component the style sheets and templates with its stem, as `_Cart.scss` for `Cart.tsx`.

    Of several components with the stem it belongs to those whose folders have most names in common with its own.
    """
    components: defaultdict[str, list[int]] = defaultdict(list)
    for number, file in enumerate(files):
        if file.language and file.role == "source":
            components[_plain_stem(file.path)].append(number)
    found: defaultdict[int, tuple[int, ...]] = defaultdict(tuple)
    for number, file in enumerate(files):
        if extension(file.path.rpartition("/")[2]) in _LOOKS:
            own = set(file.path.split("/")[:-1])
            same = components.get(_plain_stem(file.path), ())
            if 0 < len(same) <= _MOST_FILES:
                shared = [len(own.intersection(files[other].path.split("/")[:-1])) for other in same]
                for other, count in zip(same, shared, strict=True):
                    if count == max(shared):
                        found[other] = (*found[other], number)
    return found


def _plain_stem(path: str) -> str:
    return module_parts(path)[-1].lower().lstrip("_").replace("-", "").replace("_", "")


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
