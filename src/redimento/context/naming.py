"""Which files a work item names outright, by path and folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

_LEAST_PARTS: Final = 2  # a bare file name may mean any file, a file of the reader's own among them


def named_files(written: Iterable[str], paths: Iterable[str]) -> frozenset[str]:
    """Return those of `paths` that a path in `written` means: alike to the end of the shorter one, a folder at least.

    What fits several files names none of them, unless it is the whole path of one.
    """
    wanted = [tuple(part for part in path.lower().split("/") if part) for path in written]
    wanted = [parts for parts in wanted if len(parts) >= _LEAST_PARTS]
    if not wanted:
        return frozenset()
    names = {parts[-1] for parts in wanted}
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        name = path.rpartition("/")[2].lower()
        if name in names and "/" in path:
            by_name[name].append(path)
    found: set[str] = set()
    for parts in wanted:
        fitting = [path for path in by_name[parts[-1]] if _alike(parts, tuple(path.lower().split("/")))]
        whole = [path for path in fitting if path.lower() == "/".join(parts)]
        if len(whole or fitting) == 1:
            found.update(whole or fitting)
    return frozenset(found)


def _alike(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    shorter = min(len(one), len(other))
    return one[-shorter:] == other[-shorter:]
