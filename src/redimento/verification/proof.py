"""Fail-to-pass: which tests a change adds or alters, and how they end on the source from before the change."""

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
    """Tell whether a path is a test, or belongs to tests (fixtures, snapshots), by the customs of common languages."""
    pure = PurePosixPath(path)
    folders = pure.parts[:-1]
    if any(folder.lower() in _TEST_FOLDERS for folder in folders):
        return True
    # .NET keeps tests in a project of its own: Shop.Tests/CartTests.cs
    if pure.suffix in {".cs", ".fs", ".vb"} and any(_TEST_PROJECT.fullmatch(folder) for folder in folders):
        return True
    if pure.suffix in _CLASS_SUFFIXES and _TEST_CLASS.fullmatch(pure.stem):
        return True
    return _TEST_NAME.fullmatch(pure.stem) is not None


def prove(bench: Workbench, change: Change, before: Checks, after: Checks, *, withheld: Withheld) -> tuple[Proof, ...]:
    """Return a proof for every test that the change adds or alters, as far as a check runs it.

    `withheld(paths)` puts the old content of `paths` into the tree for as long as it is entered. In a compiled language
    a new test that uses new names cannot be built with the old source: "error", which proves less than "failed".
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
    if not source:  # nothing but tests changed: the source of before is the source of now
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
    """Without a report only the check as a whole can speak, and only when it passed on the untouched tree."""
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
    # A file that cannot be imported or compiled reports no test: the run fails, and the test is not there.
    return "absent" if old.ok else "error"


def _ending_of_check(old: CheckResult) -> Ending:
    if old.ok:
        return "passed"
    return "failed" if not old.reason and is_assertion(old.output) else "error"


def altered_tests(
    files: Sequence[FileChange], tests: Sequence[TestResult], known: frozenset[str] = frozenset()
) -> list[TestResult]:
    """Return those of `tests` that stand in one of `files` and read otherwise than before the change.

    `known`: the ids that were reported before the change; any other is new, though it may be a row of a table that the
    declaration of its test does not show.
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
    """Tell whether `test` is declared in `after`, and is new there or reads otherwise than in `before`."""
    now = next((text for name in _names(test) if (text := _declaration(after, name))), "")
    return bool(now) and (is_new or now not in before)


def _may_stand_in(path: str, test: TestResult) -> bool:
    if test.file:
        return path.endswith(test.file) or test.file.endswith(path)
    pure = PurePosixPath(path)
    if pure.suffix == ".py":
        return _is_module(pure.with_suffix("").parts, test.id.partition("::")[0].split("."))
    # Java and C# name the class, vitest the path; jest and Go name neither, and the declaration has to do.
    return pure.suffix not in {".java", ".kt"} or pure.stem in test.id


def _is_module(path: tuple[str, ...], words: list[str]) -> bool:
    """Tell whether a dotted class name begins with this module, perhaps seen from a folder inside the repository."""
    if path[-1] not in words:
        return False
    length = words.index(path[-1]) + 1
    return list(path[-length:]) == words[:length]


def _names(test: TestResult) -> list[str]:
    """Return how the test may be called where it is declared, longest first."""
    name = test.id.partition("::")[2] or test.id
    words = re.split(r"[\[({]", name)[0].strip()
    # Groups and subtests, innermost first: the name of one that a table makes may stand nowhere.
    groups = [part.rpartition(".")[2].strip() for part in reversed(re.split(r"::| > |/", words))]
    # jest-junit writes "group name" as one text: any end of it may be the title.
    parts = name.split(" ")
    ends = [" ".join(parts[number:]) for number in range(len(parts))]
    return [one for one in dict.fromkeys([name, *ends, words, *groups]) if one]


@lru_cache(maxsize=512)  # all cases of a parametrised test are declared in one place
def _declaration(text: str, name: str) -> str:
    """Return the lines from where `name` is declared to the end of its body, judged by indentation."""
    if name not in text:
        return ""
    lines = text.splitlines()
    exact = re.escape(name)
    # As a title in quotes or as a function; anywhere else it may be any word.
    pattern = re.compile(rf"""(["'`]){exact}\1|(?<![\w.]){exact}\s*\(""")
    start = next((number for number, line in enumerate(lines) if pattern.search(line)), None)
    if start is None:
        return ""
    depth = _indent(lines[start])
    end = start + 1
    while end < len(lines) and (not lines[end].strip() or _indent(lines[end]) > depth or lines[end].strip() == "{"):
        end += 1
    # Decorators and attributes stand above: a new parameter makes another test.
    while start > 0 and _indent(lines[start - 1]) == depth and lines[start - 1].lstrip()[:1] in {"@", "["}:
        start -= 1
    return "\n".join(lines[start:end]).rstrip()


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _text(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace").replace("\r\n", "\n")
