"""Fail-to-pass: find the tests that a change adds or alters, and run them on the old source."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import lru_cache
from pathlib import PurePosixPath

from redimento.change.edit import Change, FileChange
from redimento.sandbox.bench import Workbench
from redimento.settings import CheckCommand
from redimento.verification.assertions import is_assertion
from redimento.verification.checks import run_check
from redimento.verification.evidence import CheckResult, Checks, Ending, Proof, TestResult
from redimento.verification.runners import is_test_runner, narrowed

Withheld = Callable[[Sequence[str]], AbstractContextManager[None]]

_TEST_FOLDERS = frozenset({"test", "tests", "__tests__", "spec", "specs", "testdata", "__snapshots__"})
_TEST_NAME = re.compile(r"test_.*|.*_test|conftest|.*[.\-](?:test|spec)|.*_spec")
_TEST_CLASS = re.compile(r"Test[A-Z]\w*|\w*(?:Test|Tests|TestCase|Spec|Specs)|\w*[a-z]IT")
_CLASS_SUFFIXES = frozenset({".java", ".kt", ".scala", ".groovy", ".cs", ".fs", ".vb", ".swift", ".php"})
_TEST_PROJECT = re.compile(r".*[.\-_]?tests?", re.IGNORECASE)


def is_test_path(path: str) -> bool:
    """Return whether a path is a test or belongs to tests (fixtures, snapshots), by the conventions of common languages."""
    pure = PurePosixPath(path)
    folders = pure.parts[:-1]
    if any(folder.lower() in _TEST_FOLDERS for folder in folders):
        return True
    # .NET has separate test projects: Shop.Tests/CartTests.cs
    if pure.suffix in {".cs", ".fs", ".vb"} and any(_TEST_PROJECT.fullmatch(folder) for folder in folders):
        return True
    if pure.suffix in _CLASS_SUFFIXES and _TEST_CLASS.fullmatch(pure.stem):
        return True
    return _TEST_NAME.fullmatch(pure.stem) is not None


def prove(bench: Workbench, change: Change, before: Checks, after: Checks, *, withheld: Withheld) -> tuple[Proof, ...]:
    """Return a proof for every test that the change adds or alters and a check runs.

    Inside `withheld(paths)` the tree has the old content of `paths`. In a compiled language, a test that uses new names
    cannot be built with the old source: the result is "error", which proves less than "failed".
    """
    tests = [file for file in change.files if is_test_path(file.path) and file.after is not None]
    source = [file.path for file in change.files if not is_test_path(file.path)]
    if not tests:
        return ()
    known = {result.name: frozenset(test.id for test in result.tests) for result in before.results}
    altered = [
        (result, altered_tests(tests, result.tests, known.get(result.name, frozenset()))) for result in after.results
    ]
    if wanted := [(result, chosen) for result, chosen in altered if chosen]:
        return _prove_by_test(bench, wanted, change, source, withheld)
    passing = frozenset(result.name for result in before.results if result.ok and not result.skipped)
    candidates = [
        result for result in after.results if result.name in passing and not result.skipped and not result.tests
    ]
    return _prove_by_check(bench, candidates, change, source, withheld)


def _prove_by_test(
    bench: Workbench,
    wanted: Sequence[tuple[CheckResult, Sequence[TestResult]]],
    change: Change,
    source: Sequence[str],
    withheld: Withheld,
) -> tuple[Proof, ...]:
    if not source:  # only tests changed, so old and new source are the same
        return tuple(Proof(test.id, _ending(test), _ending(test)) for _, tests in wanted for test in tests)
    proofs = []
    for result, tests in wanted:
        command = _command(bench, result.name)
        chosen = narrowed(command.run, tests, bench.tree)
        with withheld(source):
            old = run_check(bench, replace(command, run=chosen or command.run), changed=change.paths)
        proofs += [Proof(test.id, _ending_before(old, test), _ending(test)) for test in tests]
    return tuple(proofs)


def _prove_by_check(
    bench: Workbench, results: Sequence[CheckResult], change: Change, source: Sequence[str], withheld: Withheld
) -> tuple[Proof, ...]:
    """Without a report, use the check as a whole, if it passed on the untouched tree."""
    proofs = []
    for result in results:
        command = _command(bench, result.name)
        if not source or not is_test_runner(command.run):
            continue
        with withheld(source):
            old = run_check(bench, command, changed=change.paths)
        proofs.append(Proof(result.name, _ending_of_check(old), "passed" if result.ok else "failed"))
    return tuple(proofs)


def _command(bench: Workbench, name: str) -> CheckCommand:
    return next(command for command in bench.settings.commands if command.name == name)


def _ending(test: TestResult) -> Ending:
    match test.outcome:
        case "failed":
            return "failed" if is_assertion(test.message) else "error"
        case "skipped":
            return "absent"
        case outcome:
            return outcome


def _ending_before(old: CheckResult, test: TestResult) -> Ending:
    found = next((known for known in old.tests if known.id == test.id), None)
    if found is not None:
        return _ending(found)
    # A file that cannot be imported or compiled reports no tests, but the run fails.
    return "absent" if old.ok else "error"


def _ending_of_check(old: CheckResult) -> Ending:
    if old.ok:
        return "passed"
    return "failed" if not old.reason and is_assertion(old.output) else "error"


def altered_tests(
    files: Sequence[FileChange], tests: Sequence[TestResult], known: frozenset[str] = frozenset()
) -> list[TestResult]:
    """Return those of `tests` that are declared in `files` and were added or altered by the change.

    `known`: the ids reported before the change. Any other id is new, even if the declaration looks the same: it may be
    a new row of a parameter table.
    """
    texts = [(file.path, _text(file.before), _text(file.after)) for file in files]
    return [
        test
        for test in tests
        if any(
            _may_stand_in(path, test) and _is_altered(test, before, after, is_new=bool(known) and test.id not in known)
            for path, before, after in texts
        )
    ]


def _is_altered(test: TestResult, before: str, after: str, *, is_new: bool) -> bool:
    """Return whether `test` is declared in `after`, and is new or differs from `before`."""
    now = next((text for name in _names(test) if (text := _declaration(after, name))), "")
    return bool(now) and (is_new or now not in before)


def _may_stand_in(path: str, test: TestResult) -> bool:
    if test.file:
        return path.endswith(test.file) or test.file.endswith(path)
    pure = PurePosixPath(path)
    if pure.suffix == ".py":
        return _is_module(pure.with_suffix("").parts, test.id.partition("::")[0].split("."))
    # Java and C# report the class, vitest the path; jest and Go neither, so the declaration must decide.
    return pure.suffix not in {".java", ".kt"} or pure.stem in test.id


def _is_module(path: tuple[str, ...], words: list[str]) -> bool:
    """Return whether a dotted class name starts with this module, possibly relative to a subfolder of the repository."""
    if path[-1] not in words:
        return False
    length = words.index(path[-1]) + 1
    return list(path[-length:]) == words[:length]


def _names(test: TestResult) -> list[str]:
    """Return the names that the test may have in its declaration, most specific first."""
    name = test.id.partition("::")[2] or test.id
    words = re.split(r"[\[({]", name)[0].strip()
    # Groups and subtests, innermost first: a generated name may not occur in the source.
    groups = [part.rpartition(".")[2].strip() for part in reversed(re.split(r"::| > |/", words))]
    # jest-junit joins group and title with a space, so any suffix may be the title.
    parts = name.split(" ")
    ends = [" ".join(parts[number:]) for number in range(len(parts))]
    return [one for one in dict.fromkeys([name, *ends, words, *groups]) if one]


@lru_cache(maxsize=512)  # all cases of a parametrised test share a declaration
def _declaration(text: str, name: str) -> str:
    """Return the lines of the declaration of `name`, up to the end of its body by indentation."""
    if name not in text:
        return ""
    lines = text.splitlines()
    exact = re.escape(name)
    # A title in quotes or a function; elsewhere it may be an ordinary word.
    pattern = re.compile(rf"""(["'`]){exact}\1|(?<![\w.]){exact}\s*\(""")
    start = next((number for number, line in enumerate(lines) if pattern.search(line)), None)
    if start is None:
        return ""
    depth = _indent(lines[start])
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > depth or lines[end].strip() == "{"):
        end += 1
    # Include decorators and attributes: a new parameter makes it a different test.
    while start > 0 and _indent(lines[start - 1]) == depth and lines[start - 1].lstrip()[:1] in {"@", "["}:
        start -= 1
    return "\n".join(lines[start:end]).rstrip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace").replace("\r\n", "\n")
