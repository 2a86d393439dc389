"""Which tests belong to a source file, by custom: its stem, a mirrored folder, an import."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

from redimento.context.imports import Graph, module_parts
from redimento.context.languages import role
from redimento.context.survey import File

_AFFIX: Final = re.compile(r"^tests?_(?=.)|(?<=.)[_\-]?tests?$|(?<=.)[_\-]spec$")
_MOST_OF_A_STEM: Final = 100  # tests: a stem that more of them share says nothing
_MOST_TESTS: Final = 3  # of a file
_SAME_STEM: Final = 3.0  # the worth of each custom
_SAME_BEGINNING: Final = 1.5
_SHARED_FOLDER: Final = 1.0
_OTHER_FOLDER: Final = 0.3
_IMPORT: Final = 2.0


def tested_stem(path: str) -> str:
    """Return the stem of the source that a test file is named after, in lower case: `cart` for `Cart.test.tsx`."""
    return _AFFIX.sub("", path.rpartition("/")[2].partition(".")[0].lower())


def likely_tests(
    paths: Sequence[str], sources: Sequence[str], importers: Mapping[str, Mapping[str, float]]
) -> dict[str, tuple[str, ...]]:
    """Return for each of `sources` the tests among `paths` that custom gives it, most likely first, three at most.

    `importers`: source → test that imports it → 1, less for a test that imports much.
    """
    by_stem: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        if role(path) == "test":
            stem = tested_stem(path)
            by_stem[stem].append(path)
            for end, character in enumerate(stem):
                if character in "_-" and end:
                    by_stem[f"{stem[:end]}*"].append(path)
                    break
    return {source: _likely(source, by_stem, importers.get(source, {})) for source in sources}


def test_importers(files: Sequence[File], graph: Graph) -> dict[str, dict[str, float]]:
    """Return by source the tests that import it; each counts 1, or less if it imports much."""
    found: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for file, targets in zip(files, graph, strict=True):
        if file.role == "test":
            for target in targets:
                found[files[target].path][file.path] = 1 / math.sqrt(len(targets))
    return found


def _likely(source: str, by_stem: Mapping[str, Sequence[str]], importers: Mapping[str, float]) -> tuple[str, ...]:
    stem = module_parts(source)[-1].lower()
    worth: dict[str, float] = {}
    for key, value in ((stem, _SAME_STEM), (f"{stem}*", _SAME_BEGINNING)):
        for test in by_stem.get(key, ())[:_MOST_OF_A_STEM]:
            worth[test] = worth.get(test, 0.0) + value
    for test, share in importers.items():
        worth[test] = worth.get(test, 0.0) + _IMPORT * share
    own = _folders(source)
    for test in worth:
        theirs = _folders(test)
        worth[test] += _SHARED_FOLDER * len(own & theirs) - _OTHER_FOLDER * len(own ^ theirs)
    return tuple(sorted(worth, key=lambda test: (-worth[test], test))[:_MOST_TESTS])


@lru_cache(maxsize=10_000)
def _folders_of(folder: str) -> frozenset[str]:
    return frozenset(_AFFIX.sub("", part) for part in folder.lower().split("/")) if folder else frozenset()


def _folders(path: str) -> frozenset[str]:
    return _folders_of(path.rpartition("/")[0])
