"""Whether a test as a model names it is the one that a report names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache


def same_test(named: str, seen: str) -> bool:
    """Return whether the model's name and the report's name mean the same test.

    Models write `tests/test_cart.py::TestTotal::test_empty`, reports `tests.test_cart.TestTotal::test_empty`: the last
    part must be equal, and the other named parts must occur in the report's name, in order. mocha, jest and node:test
    prefix a test's title with the titles of its groups, separated only by a space; models may write ` > ` there. Go's reports
    name the package in place of the file.
    """
    path, _, rest = named.partition("::")
    if path.endswith("_test.go"):  # the last folder is the package; those above it may not be in its name
        named = f"{path.rpartition('/')[0].rpartition('/')[2]}::{rest}"
    named, case = _without_case(named)
    wanted = _words(named)
    # Parsing the report's name is the slow part, and most names differ: 30 names in 20,000 tests took 2.8 s without this.
    if not wanted or wanted[-1].split()[-1] not in seen:
        return False
    seen, seen_case = _without_case(seen)
    found = _words(seen)
    title, words = wanted[-1].split(), " ".join(found).split()
    if words[-len(title) :] != title:
        return False
    if case and case != seen_case:  # a name without a case means all cases of a parametrised test
        return False
    above = words[: -len(title)]
    if len(found) == 1:  # a report without files or classes: only groups may stand before the title
        return not above or _in_order([word for part in _groups(named) for word in part.split()], above)
    known = " ".join(wanted[:-1]).split()
    # A report may know less than the model, the file without its folder.
    return _in_order(known, above) or (bool(above) and known[-len(above) :] == above)


def _in_order(words: Sequence[str], all_words: Sequence[str]) -> bool:
    rest = iter(all_words)
    return all(word in rest for word in words)


def _groups(named: str) -> list[str]:
    """Return what stands between file and title in a model's name of a test."""
    parts = [part.strip() for part in re.split(r"::|\s>\s", named)[:-1]]
    return [part for part in parts if not re.search(r"/|\.\w+$", part)]


def _without_case(name: str) -> tuple[str, str]:
    """Split `test_a[1-b]` into the test and its case."""
    test, bracket, case = name.partition("[") if name.endswith("]") else (name, "", "")
    return (test, bracket + case) if test else (name, "")


@lru_cache(maxsize=4096)
def _words(name: str) -> list[str]:
    name = re.sub(r"\.(py|[cm]?[jt]sx?|java|kt|cs|go|rs)(?=::|$| )", "", name)
    return [word.strip() for word in re.split(r"::|[/\\.>#:]", name) if word.strip()]
