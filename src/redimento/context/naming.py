"""Which files a work item names outright, by path and folder."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

_LEAST_PARTS: Final = 2  # a bare file name may mean any file, even one of the reporter's own

_Parts = tuple[str, ...]


def named_files(written: Iterable[str], paths: Iterable[str]) -> frozenset[str]:
    """Return those of `paths` that `written` names: one path ends with the other, a folder at least included.

    A path that fits several files names none of them, unless it is the whole path of one.
    """
    wanted = {tuple(part for part in path.lower().split("/") if part) for path in written}
    wanted = {parts for parts in wanted if len(parts) >= _LEAST_PARTS}
    names = {parts[-1] for parts in wanted}
    lengths = {len(parts) for parts in wanted}
    whole: defaultdict[_Parts, list[str]] = defaultdict(list)
    longer: defaultdict[_Parts, list[str]] = defaultdict(list)  # the wanted path is only the end of these
    for path in paths:
        if path.rpartition("/")[2].lower() not in names:
            continue
        parts = tuple(path.lower().split("/"))
        whole[parts].append(path)
        for length in lengths:
            if length < len(parts) and parts[-length:] in wanted:
                longer[parts[-length:]].append(path)
    shorter_lengths = sorted({len(parts) for parts in whole if len(parts) >= _LEAST_PARTS})
    found: set[str] = set()
    for parts in wanted:
        shorter = (parts[-length:] for length in shorter_lengths if length < len(parts))
        fitting = whole.get(parts) or [
            *longer.get(parts, ()),
            *(path for end in shorter for path in whole.get(end, ())),
        ]
        if len(fitting) == 1:
            found.update(fitting)
    return frozenset(found)
