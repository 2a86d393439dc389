"""Judge a change: run the checks on it, count only what is new, rerun what may be flaky, ask its tests for proof."""

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
    """Return the verdict on `change`, which already stands in the bench's tree, and leave the tree as it is.

    `before`: the baseline; without results every failure counts as new. `withheld(paths)` is entered to put the old
    content of the change's source files into the tree, and left to put the new one back. Never raises for what the
    commands do; see `keeping` for what of the tree is guaranteed.
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
    """Run new failures once more, alone where the runner lets us, and return those that pass then."""
    passed: list[Failure] = []
    for result in after.results:
        mine = [failure for failure in new if failure.check == result.name]
        # A check that ran out of time or drowned in output would do so again, at the same price.
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
