"""What running the team's commands showed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["passed", "failed", "error", "skipped"]
Ending = Literal["failed", "passed", "error", "absent"]

# Build tools that leave out tests whose inputs are as before: no test in the report is then no sign of trouble.
_RUNS_WHAT_CHANGED = re.compile(r"\b(?:gradlew?|bazel|bazelisk|turbo|nx)\b")


@dataclass(frozen=True)
class TestResult:
    """One test of a JUnit report. `id` is stable over runs: class name and name, joined by "::"."""

    __test__ = False  # a name that pytest would otherwise collect

    id: str
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    file: str = ""


@dataclass(frozen=True)
class CheckResult:
    """One command, run once. `reason` names an unusual end (deadline, output cap, not found), else ""."""

    name: str
    command: str
    required: bool
    exit_code: int | None  # None: it did not end by itself
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
    """All commands, run once on one state of the tree."""

    results: tuple[CheckResult, ...] = ()
    isolation: str = "process"

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.results if result.required)


@dataclass(frozen=True)
class Failure:
    """Something that fails: a test of a check, or the check itself when it names no tests (`test` empty)."""

    check: str
    test: str
    message: str
    required: bool = True


@dataclass(frozen=True)
class Proof:
    """A test that the change adds or alters: how it ended on the old source and on the new one.

    "failed" is an assertion's word; every other trouble (import, compilation, a crash) is "error". `test` is the name
    of the check where it names no tests.
    """

    test: str
    before: Ending
    after: Ending

    @property
    def proves(self) -> bool:
        return self.before == "failed" and self.after == "passed"


@dataclass(frozen=True)
class Verdict:
    """A change judged: what it broke, what was broken before, what it proves."""

    before: Checks
    after: Checks
    new_failures: tuple[Failure, ...] = ()
    known_failures: tuple[Failure, ...] = ()
    flaky: tuple[Failure, ...] = ()
    fixed: tuple[Failure, ...] = ()
    proofs: tuple[Proof, ...] = ()

    @property
    def verified(self) -> bool:
        """True when at least one required check has something to say for the change and nothing required fails newly.

        A check that fails as a whole, before and after, sees nothing of the change. One that has lost all its tests may
        say 0 because the change keeps them from running.
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
