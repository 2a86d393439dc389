"""Judge a change: run the checks, keep the new failures, rerun possibly flaky ones, and prove the new tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from redimento.change.edit import Change
from redimento.sandbox.bench import Workbench
from redimento.verification.checks import run_check, run_checks
from redimento.verification.comparison import compare, failures_of
from redimento.verification.evidence import CheckResult, Checks, Failure, Verdict
from redimento.verification.proof import Withheld, prove
from redimento.verification.runners import narrowed


def verify(bench: Workbench, change: Change, before: Checks, *, withheld: Withheld) -> Verdict:
    """Return the verdict on `change`, which is already written to the bench's tree; the tree stays the same.

    `before` is the baseline; without results, every failure is new. Inside `withheld(paths)` the tree has the old
    content of `paths`. Never raises for what the commands do; see `sandbox.keeping` for what is guaranteed about the tree.
    """
    after = run_checks(bench, changed=change.paths)
    compared = compare(before, after)
    flaky = _flaky(bench, change, after, compared.new)
    return Verdict(
        before=before,
        after=after,
        new_failures=tuple(failure for failure in compared.new if failure not in flaky),
        known_failures=compared.known,
        flaky=flaky,
        fixed=compared.fixed,
        proofs=prove(bench, change, before, after, withheld=withheld),
    )


def _flaky(bench: Workbench, change: Change, after: Checks, new: Sequence[Failure]) -> tuple[Failure, ...]:
    """Rerun new failures once, on their own if the runner allows it, and return those that pass."""
    passed: list[Failure] = []
    for result in after.results:
        mine = [failure for failure in new if failure.check == result.name]
        # A check that timed out or printed too much would do so again, at the same cost.
        if mine and not result.reason:
            passed += _passing_now(bench, change, result, mine)
    return tuple(passed)


def _passing_now(bench: Workbench, change: Change, result: CheckResult, mine: Sequence[Failure]) -> list[Failure]:
    command = next(command for command in bench.settings.commands if command.name == result.name)
    names = {failure.test for failure in mine}
    alone = narrowed(command.run, [test for test in result.tests if test.id in names], bench.tree)
    again = run_check(bench, replace(command, run=alone or command.run), changed=change.paths)
    if "" in names:
        return list(mine) if again.ok else []
    failing = {failure.test for failure in failures_of(again)}
    passing = {test.id for test in again.tests if test.outcome == "passed"}
    return [failure for failure in mine if failure.test in passing - failing]
