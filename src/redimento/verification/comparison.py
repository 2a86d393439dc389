"""Compare the checks of a changed tree with those of the untouched one: only what is new counts against the change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from redimento.verification.assertions import did_not_build
from redimento.verification.evidence import CheckResult, Checks, Failure

_LONGEST_MESSAGE = 4_000

FailureKey = tuple[str, str]  # check, test


@dataclass(frozen=True)
class Comparison:
    new: tuple[Failure, ...]
    known: tuple[Failure, ...]
    fixed: tuple[Failure, ...]


def failures_of(result: CheckResult) -> tuple[Failure, ...]:
    """Return what fails in one check: its failing tests, or the check itself where no test says why it failed.

    A failing test counts even when the command says 0, for some build tools are told to go on after failures. A check
    that did not end by itself, or could not build all of the program, fails as a whole: its tests are not complete.
    """
    tests = tuple(
        Failure(result.name, test.id, test.message, result.required)
        for test in result.tests
        if test.outcome in {"failed", "error"}
    )
    complete = not result.reason and not did_not_build(result.output)
    if result.ok or (tests and complete):
        return tests
    message = f"{result.reason}\n{result.output[-_LONGEST_MESSAGE:]}".strip()
    return (*tests, Failure(result.name, "", message, result.required))


def compare(before: Checks, after: Checks) -> Comparison:
    """Sort the failures of `after` into new and known ones, and name those of `before` that are gone."""
    old, now = _failures(before), _failures(after)
    return Comparison(
        new=tuple(failure for key, failure in now.items() if key not in old),
        known=tuple(failure for key, failure in now.items() if key in old),
        fixed=tuple(failure for key, failure in old.items() if key not in now and _seen_passing(key, after)),
    )


def _failures(checks: Checks) -> Mapping[FailureKey, Failure]:
    return {(failure.check, failure.test): failure for result in checks.results for failure in failures_of(result)}


def _seen_passing(key: FailureKey, checks: Checks) -> bool:
    check, test = key
    result = next((result for result in checks.results if result.name == check), None)
    if result is None or result.skipped:
        return False
    if not test:
        return result.ok
    return any(known.id == test and known.outcome == "passed" for known in result.tests)
