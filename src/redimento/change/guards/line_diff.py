"""Which lines a change adds and deletes, in near-linear time for any content."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Added:
    """An added line: its number in the new file, counted from 1, and its text."""

    number: int
    text: str


def changed_lines(before: str, after: str) -> tuple[tuple[Added, ...], tuple[str, ...]]:
    """Return the added lines and the deleted ones.

    A patience diff: lines that are unique on both sides and keep their order are anchors. Between two anchors, everything
    but the common lines at either end counts as changed, so the result is never smaller than a minimal diff.
    """
    old, new = _lines(before), _lines(after)
    found = blocks(old, new)
    added = tuple(Added(number + 1, new[number]) for _, (first, last) in found for number in range(first, last))
    return added, tuple(line for (first, last), _ in found for line in old[first:last])


def blocks(old: Sequence[str], new: Sequence[str]) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the slices of `old` and `new` that differ, in order."""
    found = []
    left = right = 0
    for a, b in [*_anchors(old, new), (len(old), len(new))]:
        first, last_old, last_new = 0, a, b
        while left + first < a and right + first < b and old[left + first] == new[right + first]:
            first += 1
        while last_old > left + first and last_new > right + first and old[last_old - 1] == new[last_new - 1]:
            last_old, last_new = last_old - 1, last_new - 1
        if last_old > left + first or last_new > right + first:
            found.append(((left + first, last_old), (right + first, last_new)))
        left, right = a, b
    return found


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Return the longest sequence of (old, new) positions of unique lines that increases on both sides."""
    count_old, count_new = Counter(old), Counter(new)
    where = {line: number for number, line in enumerate(new) if count_new[line] == 1}
    pairs = [(number, where[line]) for number, line in enumerate(old) if count_old[line] == 1 and line in where]
    tails: list[int] = []
    heads: list[int] = []
    back: list[int] = []
    for index, (_, position) in enumerate(pairs):
        depth = bisect_left(tails, position)
        back.append(heads[depth - 1] if depth else -1)
        if depth == len(tails):
            tails.append(position)
            heads.append(index)
        else:
            tails[depth], heads[depth] = position, index
    run: list[tuple[int, int]] = []
    index = heads[-1] if heads else -1
    while index >= 0:
        run.append(pairs[index])
        index = back[index]
    return run[::-1]
