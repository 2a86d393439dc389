"""The results of the team's commands, and the verdict drawn from them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["passed", "failed", "error", "skipped"]
Ending = Literal["failed", "passed", "error", "absent"]

# Build tools that skip tests with unchanged inputs: from them a report without tests is normal.
_RUNS_WHAT_CHANGED = re.compile(r"\b(?:gradlew?|bazel|bazelisk|turbo|nx)\b")


@dataclass(frozen=True)
class TestResult:
    """One test of a JUnit report. `id` is stable across runs: class name and name, joined by "::"."""

    __test__ = False  # otherwise pytest would collect it

    id: str
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    file: str = ""


@dataclass(frozen=True)
class CheckResult:
    """One run of one command. `reason` explains an unusual end (timeout, too much output, not found), else ""."""

    name: str
    command: str
    required: bool
    exit_code: int | None  # None: did not end by itself
    seconds: float
    output: str  # neutralised, head and tail only
    tests: tuple[TestResult, ...] = ()
    reason: str = ""
    skipped: bool = False  # none of its paths changed

    @property
    def ok(self) -> bool:
        return self.skipped or (self.exit_code == 0 and not self.reason)

    @property
    def speaks(self) -> bool:
        """Whether the check ran and something in it passed."""
        return not self.skipped and (self.ok or self.has_passed_tests)

    @property
    def has_passed_tests(self) -> bool:
        return any(test.outcome == "passed" for test in self.tests)


@dataclass(frozen=True)
class Checks:
    """One run of all commands on one state of the tree."""

    results: tuple[CheckResult, ...] = ()
    isolation: str = "process"

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.results if result.required)


@dataclass(frozen=True)
class Failure:
    """A failing test, or a failing check without a failing test (`test` is empty)."""

    check: str
    test: str
    message: str
    required: bool = True


@dataclass(frozen=True)
class Proof:
    """A test that the change adds or alters: its results on the old and on the new source.

    "failed" means a failed assertion; any other problem (import, compilation, crash) is "error". `test` is the name of
    the check if the check reports no tests.
    """

    test: str
    before: Ending
    after: Ending

    @property
    def proves(self) -> bool:
        return self.before == "failed" and self.after == "passed"


@dataclass(frozen=True)
class Verdict:
    """What a change broke, what was broken before, and what its tests prove."""

    before: Checks
    after: Checks
    new_failures: tuple[Failure, ...] = ()
    known_failures: tuple[Failure, ...] = ()
    flaky: tuple[Failure, ...] = ()
    fixed: tuple[Failure, ...] = ()
    proofs: tuple[Proof, ...] = ()

    @property
    def verified(self) -> bool:
        """Whether something in a required check passed and no required check has new failures.

        A check that failed as a whole before and after says nothing about the change. A check that lost all its tests
        may exit with 0 because the change keeps them from running.
        """
        required = [result for result in self.after.results if result.required]
        if any(self._has_lost_its_tests(result) for result in required):
            return False
        speaks = any(result.speaks for result in required)
        return speaks and not any(failure.required for failure in self.new_failures)

    def _has_lost_its_tests(self, result: CheckResult) -> bool:
        if result.skipped or not result.ok or result.has_passed_tests or _RUNS_WHAT_CHANGED.search(result.command):
            return False
        return any(old.name == result.name and old.has_passed_tests for old in self.before.results)
