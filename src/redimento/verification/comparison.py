"""Compare the checks of a changed tree with those of the untouched one: only what is new counts against the change."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from redimento.text.wording import Sentence
from redimento.verification.assertions import did_not_build
from redimento.verification.evidence import CheckResult, Checks, Failure, TestResult

_LONGEST_MESSAGE = 4_000
# Build tools that leave out tests whose inputs are as before: a test that is not in the report is no sign of trouble.
_RUNS_WHAT_CHANGED = re.compile(r"\b(?:gradlew?|bazel|bazelisk|turbo|nx)\b")


@dataclass(frozen=True)
class Comparison:
    """Failures that are new, known and gone. `moved`: tests under a new name, old → new."""

    new: tuple[Failure, ...]
    known: tuple[Failure, ...]
    fixed: tuple[Failure, ...]
    moved: tuple[tuple[str, str], ...]


def failures_of(result: CheckResult, before: CheckResult | None = None) -> tuple[Failure, ...]:
    """Return what fails in one check: its failing tests, and the check itself where they do not explain how it ended."""
    tests = tuple(Failure(result.name, test.id, test.message, result.required) for test in result.tests if test.fails)
    trouble = _unexplained(result, before, len(tests))
    if not trouble:
        return tests
    return (*tests, Failure(result.name, "", result.output[-_LONGEST_MESSAGE:], result.required, remark=trouble))


def _unexplained(result: CheckResult, before: CheckResult | None, failing: int) -> str:
    """Return what the tests of a report leave unexplained about how their check ended, "" when nothing.

    The exit code says what a report does not: a suite that could not load, a coverage gate, a crash after the tests.
    """
    if result.skipped:
        return ""
    if result.reason or result.report_problems:
        return Sentence("several", sentences=[*filter(None, (result.reason, *result.report_problems))])
    if did_not_build(result.output) and not result.ok:
        return Sentence("not_built")
    if result.exit_code == 0:
        if failing and before and before.exit_code and any(test.fails for test in before.tests):
            return Sentence("ended_with_0_despite_failures", before=before.exit_code)
        return ""
    if not failing:
        return Sentence("ended_with", exit_code=result.exit_code)
    # mocha ends with the number of failed tests.
    usual = {before.exit_code} if before is not None and before.exit_code else {result.exit_code}
    if result.exit_code in usual or result.exit_code == sum(test.failing or 1 for test in result.tests if test.fails):
        return ""
    return Sentence("ended_otherwise", exit_code=result.exit_code, before=before.exit_code if before else 0)


def compare(before: Checks, after: Checks) -> Comparison:
    """Sort the failures of `after` into new and known ones, and name those of `before` that are gone.

    A test that passed before and is absent or skipped now is a new failure of kind "missing".
    """
    new: list[Failure] = []
    known: list[Failure] = []
    moved: list[tuple[str, str]] = []
    for result in after.results:
        base = before.of(result.name)
        old = {failure.test: failure for failure in failures_of(base)} if base else {}
        failures = failures_of(result, base)
        for failure in failures:
            (known if failure.test in old and not _is_worse(failure.test, result, base) else new).append(failure)
        # A check that fails as a whole has lost tests for that reason.
        lost, followed = ([], []) if any(not failure.test for failure in failures) else missing(result, base)
        new += lost
        moved += followed
    return Comparison(tuple(new), tuple(known), tuple(_fixed(before, after)), tuple(moved))


def _is_worse(test: str, result: CheckResult, base: CheckResult | None) -> bool:
    """Return whether more of the tests with this id fail than before, or the whole check ends otherwise."""
    if base is None:
        return True
    if not test:
        return (result.exit_code, result.reason) != (base.exit_code, base.reason)
    now, then = _test(result, test), _test(base, test)
    return then is None or now is None or now.failing > then.failing


def _test(result: CheckResult, test_id: str) -> TestResult | None:
    return next((test for test in result.tests if test.id == test_id), None)


def _fixed(before: Checks, after: Checks) -> Iterator[Failure]:
    for base in before.results:
        now = after.of(base.name)
        if now is None:
            continue
        for failure in failures_of(base):
            test = _test(now, failure.test) if failure.test else None
            if (test is not None and test.outcome == "passed") or (not failure.test and now.ok):
                yield failure


def missing(result: CheckResult, base: CheckResult | None) -> tuple[list[Failure], list[tuple[str, str]]]:
    """Return the tests that passed in `base` and are absent or skipped in `result`, and those that have a new name."""
    if base is None or result.skipped:
        return [], []
    now = {test.id: test for test in result.tests}
    fresh = _fresh(now, {test.id for test in base.tests})
    leaves_out = _RUNS_WHAT_CHANGED.search(result.command) is not None
    lost: list[Failure] = []
    moved: list[tuple[str, str]] = []
    for then in base.tests:
        test = now.get(then.id)
        passing = (test.copies - test.failing if test.outcome != "skipped" else 0) if test else 0
        if then.outcome != "passed" or (test is not None and test.fails) or passing >= then.copies:
            continue
        other = fresh.get(_title_of(then.id)) or fresh.get(_family_of(then.id)) or ""
        if test is None and (leaves_out or other):
            moved += [] if leaves_out else [(then.id, other)]
            continue
        remark = Sentence("test_lost", skipped=test is not None and test.outcome == "skipped")
        lost.append(Failure(result.name, then.id, "", result.required, "missing", remark))
    return lost, moved


def _fresh(now: Mapping[str, TestResult], known: set[str]) -> Mapping[str, str]:
    """Return the passing tests that are new, by their title and by their title without parameters."""
    found: dict[str, str] = {}
    for test_id, test in now.items():
        if test_id not in known and test.outcome == "passed":
            found.setdefault(_title_of(test_id), test_id)
            found.setdefault(_family_of(test_id), test_id)
    return found


def _title_of(test_id: str) -> str:
    """Return the last part of an id: what the test is called where it is declared."""
    return test_id.rpartition("::")[2]


def _family_of(test_id: str) -> str:
    """Return an id without its parameters, which all cases of a parametrised test share."""
    return re.sub(r"[\[({].*[\])}]$", "", test_id, flags=re.DOTALL)
