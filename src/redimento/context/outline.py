"""A map of the repository: its folders with the names of their files, the most promising ones first, within a budget."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Final

from redimento.context.languages import extension, role
from redimento.context.tokens import estimate

_DEEPEST: Final = 5  # folders of a path that are told apart where no file is named
_FOLDERS_SHARE: Final = 0.25  # of the budget: folders with counts
_LEAST_OF_A_NAME: Final = 3  # tokens
_FURTHER: Final = 0.5  # the worth of a folder, from that of the folder above or below
_NO_CODE: Final = 0.25  # the worth of a file that is neither source nor test
_CROWD: Final = 0.25  # and of the names of one folder after the first `_MOST_AT_ONCE`
_MOST_KINDS: Final = 4
_MOST_AT_ONCE: Final = 40


def outline(paths: Sequence[str], budget: int, best: Sequence[str] = (), tests: Sequence[str] = ()) -> str:
    """Return one line per folder with the names of its files, or the number of files in it and below by kind.

    `best`: files that may be changed, most promising first; `tests`: tests that belong to them. The names of these come
    first, then those of the files beside them, then those of other folders, the nearest first.
    """
    folders = _folders(paths)
    depth = _depth(folders, budget)
    if not depth:
        return ""
    order = list(_by_worth(folders, best, tests, budget // _LEAST_OF_A_NAME))
    beyond = bisect_right(
        range(len(order) + 1), budget, key=lambda count: estimate(_drawn(folders, order[:count], depth))
    )
    return _drawn(folders, order[: beyond - 1], depth)


@dataclass(frozen=True, slots=True)
class _Folder:
    names: tuple[str, ...]
    kinds: Counter[str]


def _folders(paths: Iterable[str]) -> dict[str, _Folder]:
    """Return the folders that hold files, by path; "" is the root. A name that is no text is counted only."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        folder, _, name = path.rpartition("/")
        names[folder].append(name)
    return {
        folder: _Folder(tuple(own), Counter(extension(name) or "other" for name in own))
        for folder, own in sorted(names.items())
    }


def _depth(folders: Mapping[str, _Folder], budget: int) -> int:
    """Return how many folders of a path are told apart where no file is named, 0 if there is no room for any."""
    best, before = 0, ""
    for depth in range(1, _DEEPEST + 1):
        text = _drawn(folders, (), depth)
        if text == before or estimate(text) > (budget * _FOLDERS_SHARE if best else budget):
            break
        best, before = depth, text
    return best


def _by_worth(folders: Mapping[str, _Folder], best: Sequence[str], tests: Sequence[str], most: int) -> Iterator[str]:
    """Yield at most `most` paths, in the order in which they deserve to be named."""
    first = dict.fromkeys(path for path in (*tests, *best) if path.isprintable())
    worth = _worth(folders, (*best, *tests))
    values: dict[str, float] = {}
    for folder, own in folders.items():
        for number, name in enumerate(own.names):
            path = f"{folder}/{name}" if folder else name
            code = role(path) in {"source", "test"}
            values[path] = worth[folder] * (1 if code else _NO_CODE) * (1 if number < _MOST_AT_ONCE else _CROWD)
    rest = (
        path
        for path in sorted(values, key=lambda path: (-values[path], path))
        if path not in first and path.isprintable()
    )
    return islice(chain(first, rest), most)


def _worth(folders: Iterable[str], best: Sequence[str]) -> dict[str, float]:
    """Return the worth of each folder: that of its most promising file, or a share of that of the folders around it."""
    worth: dict[str, float] = {}
    for place, path in enumerate(best):
        value, folder = 1 / (1 + place), path
        while folder:
            folder = folder.rpartition("/")[0]
            if worth.get(folder, 0.0) >= value:
                break
            worth[folder] = value
            value *= _FURTHER
    for folder in folders:  # sorted: what is above comes first
        above, share = folder, 1.0
        while above not in worth and above:
            above, share = above.rpartition("/")[0], share * _FURTHER
        worth[folder] = worth.get(above, 0.0) * share
    return worth


def _drawn(folders: Mapping[str, _Folder], named: Iterable[str], depth: int) -> str:
    """Return the lines: names where any are `named`, otherwise counts, for folders as deep as `depth`."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for path in named:
        folder, _, name = path.rpartition("/")
        names[folder].append(name)
    counted: dict[str, Counter[str]] = {}
    for folder, own in folders.items():
        if folder not in names:
            counted.setdefault("/".join(folder.split("/")[:depth]), Counter()).update(own.kinds)
    return "".join(
        _line(
            folder,
            sorted(names.get(folder, ())),
            len(folders[folder].names) if folder in names else 0,
            counted.get(folder),
        )
        for folder in sorted({*names, *counted})
    )


def _line(folder: str, names: Sequence[str], files: int, counted: Counter[str] | None) -> str:
    """Return `src/shop/: cart.py, order.py, … (3 more); below 12 md`, or `docs/ 12 md` without any name."""
    plain = "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in folder or "."
    )
    more = f", … ({files - len(names)} more)" if files > len(names) else ""
    kinds = ", ".join(f"{count} {kind}" for kind, count in counted.most_common(_MOST_KINDS)) if counted else ""
    if not names:
        return f"{plain}/ {kinds}\n"
    return f"{plain}/: {', '.join(names)}{more}{f'; below {kinds}' if kinds else ''}\n"
