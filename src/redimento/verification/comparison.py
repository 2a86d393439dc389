"""Compare the checks before and after a change: only new failures count against it."""

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
    """Return the failures of one check: its failing tests, or the check itself if no test explains the failure.

    A failing test counts even if the command exits with 0: some build tools are configured to ignore failures. A check
    that did not end by itself, or could not build the whole program, also fails as a whole: its tests are incomplete.
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
    """Split the failures of `after` into new and known ones, and list those of `before` that pass now."""
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
