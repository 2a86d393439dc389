"""Give every test of a report an id that is the same in the next run, and that no other test has."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from redimento.verification.reports.cases import Case

_UNDEFINED = frozenset({"undefined", "null"})  # jest-junit's group of a test outside of all groups
_NO_CLASS = frozenset({"test", "suite"}) | _UNDEFINED  # node:test writes "test" for every test
_MODULE = re.compile(r"test_\w+|\w+_test")
_PATH = re.compile(r"[/\\]|\.[A-Za-z]\w{0,4}$")


def named(cases: Collection[Case], roots: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the id and the file of each test of a report.

    `roots`: the tree as reports may spell it. Class and name are enough unless the class says nothing: because it only
    repeats the title (mocha, jest), or because all tests of the report have the same one (node:test). Then the file
    and the suites around the test stand for it.
    """
    constant = _constant_class(cases)
    for case in cases:
        file = _inside(case.file, roots)
        yield _id(case, file, [_inside(suite, roots) for suite in case.suites], constant), file


def _constant_class(cases: Collection[Case]) -> str:
    """Return the class name that all tests have although they stand in different suites or files, or ""."""
    names = {case.classname for case in cases}
    places = {(case.suites, case.file) for case in cases}
    if len(names) != 1 or len(places) == 1:
        return ""
    name = names.pop()
    # A suite or file of that name: there just is no other class.
    return "" if any(name in suites or _names_file(name, file) for suites, file in places) else name


def _id(case: Case, file: str, suites: Sequence[str], constant: str) -> str:
    group, name = case.classname or (suites[-1] if suites else ""), case.name
    # pytest's module test_cart.py may hold a test of the same name.
    repeats = bool(group) and not _MODULE.fullmatch(group) and (group == name or name.endswith(f" {group}"))
    if case.classname and (group in _NO_CLASS or (group == constant and not repeats)):
        place = file or next((suite for suite in suites if _PATH.search(suite)), "")
        titles = [suite for suite in suites if not _PATH.search(suite) and suite not in _UNDEFINED]
        return _joined(place, " ".join([*titles, name]))
    if repeats:
        # The suite may be named after a file, or after the group that the title begins with.
        outer = suites[-1] if suites and suites[-1] not in _UNDEFINED and not name.startswith(suites[-1]) else ""
        return _joined(file or outer, name)
    place = file if file and not _names_file(group, file) else ""
    return _joined(place, _joined(group, name.removeprefix(f"{group}.") or name))


def _joined(group: str, name: str) -> str:
    return f"{group}::{name}" if group else name


def _names_file(group: str, file: str) -> bool:
    """Return whether a class or module name tells which file it is in, as `tests.test_cart.TestTotal` does."""
    stem = re.sub(r"\.\w+$", "", re.split(r"[/\\]", file)[-1])
    dotted = re.sub(r"[/\\:]", ".", group)
    return bool(stem) and f".{stem}." in f".{dotted}."


def _inside(path: str, roots: Sequence[str]) -> str:
    """Return `path` relative to the tree; reports of mocha and phpunit have absolute paths."""
    for root in roots:
        path = path.removeprefix(root)
    return path.removeprefix("./")
