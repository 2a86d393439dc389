"""What a change needs besides the places that it changes: the nearest tests, to write more of their kind, and build files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from redimento.context.close_reading import read_closely
from redimento.context.clues import Clues
from redimento.context.packing import HEADING, pack
from redimento.context.ranking import Ranked
from redimento.context.selection import Excerpt
from redimento.context.survey import File
from redimento.context.tokens import estimate
from redimento.context.tree import Tree, texts

_MOST_TESTS: Final = 4
_MOST_BUILD_FILES: Final = 2
_BUILD_SHARE: Final = 0.25
_LEAST: Final = 200  # tokens: less of a file shows nothing of its kind
_BELOW: Final = -100.0  # the score: below every ranked file


def nearest_tests(
    tree: Tree, files: Sequence[File], tests: Mapping[str, Sequence[str]], clues: Clues, cache: Path | None
) -> tuple[Ranked, ...]:
    """Read the first test of each of the most likely sources. `tests`: source, most likely first → its tests."""
    tested = {own[0]: source for source, own in reversed(list(tests.items())) if own}
    chosen = [file for file in files if file.path in tested and not file.asked]
    order = list(dict.fromkeys(own[0] for own in tests.values() if own))[:_MOST_TESTS]
    readings = read_closely(tree, [file for file in chosen if file.path in order], clues, cache)
    found = {one.file.path: Ranked(one, _BELOW, (f"the nearest test of {tested[one.file.path]}",)) for one in readings}
    return tuple(found[path] for path in order if path in found)


def companions(
    tree: Tree, build_files: Sequence[str], tests: Sequence[Ranked], clues: Clues, budget: int
) -> list[Excerpt]:
    """Return `tests` and `build_files`, the most important first, within `budget` tokens.

    What is too long shows its head and, of tests, the places that fit the clues.
    """
    heads = _heads(tree, build_files, int(budget * _BUILD_SHARE))
    left = budget - sum(one.tokens for one in heads)
    found: list[Excerpt] = []
    for number, one in enumerate(tests):
        share = left // (len(tests) - number)
        if share < _LEAST:
            break
        found += pack([one], clues, share)
        left = budget - sum(shown.tokens for shown in (*heads, *found))
    return [*found, *heads]


def _heads(tree: Tree, paths: Sequence[str], budget: int) -> list[Excerpt]:
    found: list[Excerpt] = []
    for path, content in texts(tree, paths[:_MOST_BUILD_FILES]):
        lines = content.removesuffix("\n").split("\n")
        whole = Excerpt(path, "\n".join(lines), 0, _BELOW, None, ("builds the module",))
        excerpt = whole
        count = len(lines)
        while (tokens := HEADING + estimate(excerpt.text)) > budget and count:
            count = min(count - 1, int(count * 0.9 * budget / tokens))
            text = "\n".join([*lines[:count], f"⋮ lines {count + 1}-{len(lines)} left out"])
            excerpt = replace(whole, text=text, spans=((1, count),))
        if count and tokens <= budget and (excerpt is whole or tokens >= _LEAST):
            found.append(replace(excerpt, tokens=tokens))
            budget -= tokens
    return found
