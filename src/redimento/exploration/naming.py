"""Which files a written path means, and which are nearest to one that names none."""

from __future__ import annotations

import heapq
import re
from collections.abc import Collection, Iterable
from typing import Final

from redimento.context.imports import module_parts
from redimento.exploration.present import Present, folded

LONGEST: Final = 1_000  # characters of a path
_FEW: Final = 8
_COMPARED: Final = 200  # paths whose name is near, and whose folders are compared as well
_AS_NEAR: Final = 0.5  # of what the nearest path has in common
_SHOWN: Final = 200  # characters of foreign text that a sentence repeats
_SLASHES: Final = re.compile(r"[\\/]+")
_MODULE: Final = re.compile(r"\w+(?:\.\w+)+")


def cleaned(written: str) -> str:
    """Return a path as git writes it: `/` between folders, no `./` before them."""
    path = _SLASHES.sub("/", written.strip().strip("`'\""))
    while path.startswith("./"):
        path = path[2:]
    return path


def echo(written: str) -> str:
    """Return foreign text in code marks, on one line, and no longer than a sentence can bear."""
    text = " ".join(written[:_SHOWN].replace("`", "'").split())
    return f"`{text}{'…' if len(written) > _SHOWN else ''}`"


def files_meant(present: Present, written: str) -> list[str]:
    """Return the files that `written` (cleaned) may mean: one if it is clear, the likely ones first if it is not.

    It may differ in case, be the end of a path or begin above the repository, or be the name of a module.
    """
    if written in present.sizes:
        return [written]
    wanted = folded(written).strip("/")
    named = present.by_name.get(wanted.rpartition("/")[2], [])
    spelled = [path for path in named if folded(path) == wanted]
    ends = [path for path in named if folded(path).endswith(f"/{wanted}")]
    above = [path for path in named if "/" in path and wanted.endswith(f"/{folded(path)}")]
    found = (
        spelled
        or ends
        or sorted(above, key=len)[-1:]
        or (modules_meant(present, written) if _MODULE.fullmatch(written) else [])
    )
    exact = [path for path in found if path.endswith(f"/{written}")]
    return likely_first(present, exact if len(exact) == 1 else found)


def modules_meant(present: Present, name: str) -> list[str]:
    """Return the files that code imports under the dotted `name`."""
    parts = name.split(".")
    return [path for path in present.by_module.get(parts[-1], []) if module_parts(path)[-len(parts) :] == parts]


def folder_meant(present: Present, written: str) -> str | None:
    """Return the folder that `written` (cleaned) means, "" for the root; None if it is none, or not clear which."""
    path = written.strip("/")
    if path in {"", "."}:
        return ""
    if path in present.folders:
        return path
    wanted = folded(path)
    same = [folder for folder in present.folders if folded(folder) == wanted]
    found = same or [folder for folder in present.folders if folded(folder).endswith(f"/{wanted}")]
    return found[0] if len(found) == 1 else None


def likely_first(present: Present, paths: Iterable[str]) -> list[str]:
    """Return `paths`, those that the context selection took for likely first."""
    return sorted(paths, key=lambda path: (present.best.get(path, len(present.best)), path))


def nearest(paths: Collection[str], written: str) -> list[str]:
    """Return the few of `paths` that are spelled most like `written`, in time linear in their number."""
    wanted = folded(written[-LONGEST:]).strip("/")
    grams = _grams(wanted.rpartition("/")[2])
    pairs = ((sum(map(_name(path).__contains__, grams)), path) for path in paths)
    close = heapq.nlargest(_COMPARED, (pair for pair in pairs if pair[0]))
    name, whole = grams, _grams(wanted)

    def alike(path: str) -> float:
        lower = folded(path)
        return 2 * _share(name, _grams(_name(path))) + _share(whole, _grams(lower))

    scored = sorted(((-alike(path), path) for _, path in close))
    return [path for score, path in scored[:_FEW] if score <= _AS_NEAR * scored[0][0]]


def _name(path: str) -> str:
    return f"^{folded(path.rpartition('/')[2])}"


def _grams(text: str) -> frozenset[str]:
    marked = f"^{text.lstrip('^')}"
    return frozenset(marked[start : start + 3] for start in range(max(1, len(marked) - 2)))


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))
