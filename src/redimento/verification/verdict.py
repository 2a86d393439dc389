"""Judge a change: run the checks on it, let the old tests judge it too, and ask its own tests for proof."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from redimento.change.edit import Change
from redimento.change.guards.protected import is_allowed
from redimento.sandbox.bench import Workbench
from redimento.sandbox.files import read_regular
from redimento.settings import CheckCommand
from redimento.text.wording import Sentence
from redimento.verification.canary import silenced
from redimento.verification.checks import run_alone, run_checks
from redimento.verification.comparison import compare, failures_of
from redimento.verification.evidence import ChangedTest, CheckResult, Checks, Failure, TestResult, Verdict
from redimento.verification.old_judge import Substitute, judge, run_old_judge
from redimento.verification.proof import prove
from redimento.verification.roles import Roles, is_test_path, roles_of
from redimento.verification.runners import narrowed
from redimento.verification.steering import Read
from redimento.verification.tampering import reaches_for_the_judge

_LARGEST_SCRIPT = 200_000  # bytes
_PATH = re.compile(r"[^\s,]+")
_TRIES = 5  # runs in which a test that is unsteady without the change has to fail once


@dataclass(frozen=True)
class Judged:
    """A change as it is judged: what is to be run, where, and how its files are exchanged for a while."""

    bench: Workbench
    change: Change
    roles: Roles
    substitute: Substitute


def verify(
    bench: Workbench,
    change: Change,
    before: Checks,
    *,
    substitute: Substitute,
    announced: Sequence[ChangedTest] = (),
    allow: Sequence[str] = (),
) -> Verdict:
    """Return the verdict on `change`, whose files are in the bench's tree, and leave the tree as it is.

    `before`: the baseline; without results every failure counts as new. `announced`: the existing tests that the answer
    names as made wrong by the work item. `allow`: patterns of files that the settings free, those that steer the checks
    among them. Never raises for what the commands do; see `sandbox.keeping` for what of the tree is guaranteed.
    """
    roles = roles_of(change, bench.settings.commands, bench.kept.files, _reader(bench))
    after = run_checks(bench, changed=change.paths)
    old = run_old_judge(bench, change, roles, substitute)
    compared = compare(before, after)
    rewritten = [file for file in change.files if file.path in roles.tests and file.before is not None]
    judged = judge(before, after, old, rewritten=rewritten, announced=announced)
    flaky = _flaky(Judged(bench, change, roles, substitute), before, after, compared.new)
    steering = [_steering(path) for path in roles.steering if not is_allowed(path, allow)]
    failures = [failure for failure in compared.new if failure not in flaky]
    source = [
        file for file in change.files if file.path in {*roles.source, *roles.loose} and not is_allowed(file.path, allow)
    ]
    tampering = reaches_for_the_judge(source, bench.settings.commands)
    # Proofs cost the most, and nobody reads them before the rest is right.
    proven = prove(
        bench, change, before, after, roles=roles, failed_old_forms=judged.failed_old_forms, substitute=substitute
    )
    return Verdict(
        before=before,
        after=after,
        new_failures=(*_disbelieved(before, after, old), *failures, *judged.failures, *steering, *tampering),
        known_failures=compared.known,
        flaky=flaky,
        fixed=compared.fixed,
        proofs=proven.proofs,
        old_judge=judged.checks,
        forbidden=judged.forbidden,
        harmless=judged.harmless,
        moved=compared.moved,
        unnoticed=proven.unnoticed,
    )


def _reader(bench: Workbench) -> Read:
    def read(path: str) -> str:
        return (read_regular(bench.tree / path, at_most=_LARGEST_SCRIPT) or b"").decode("utf-8", "replace")

    return read


def _steering(path: str) -> Failure:
    return Failure("", path, "", kind="steering", remark=Sentence("edits_its_judge", path=path))


def _disbelieved(before: Checks, after: Checks, old: Checks | None) -> Iterator[Failure]:
    for result in (*after.results, *(old.results if old else ())):
        base = before.of(result.name)
        known = set(base.damage) if base else set()
        meddled = [line for line in result.damage if line not in known and any(map(is_test_path, _PATH.findall(line)))]
        touched = Sentence("changed_tests_while_running", what=meddled[0]) if meddled else ""
        if sentence := touched or silenced(before.results, result):
            remark = Sentence("about_check", check=result.name, said=sentence)
            yield Failure(result.name, "", "", result.required, "judge", remark)
            return


def _flaky(judged: Judged, before: Checks, after: Checks, new: Sequence[Failure]) -> tuple[Failure, ...]:
    """Return those of the new failures that are flaky without the change, too.

    They pass when they are run again, and fail at least once on the untouched tree. A test that is unsteady only since
    the change is a failure of the change, and so is a new or altered test that does not pass at its first run.
    """
    found: list[Failure] = []
    for result in after.results:
        base = before.of(result.name)
        known = {test.id for test in base.tests} if base else set()
        mine = [
            failure
            for failure in new
            if failure.check == result.name and failure.kind == "fails" and (failure.test in known or not failure.test)
        ]
        # A check that ran out of time or drowned in output would do so again, at the same price.
        if mine and not result.reason and not result.report_problems:
            passing = _passing_again(judged.bench, judged.change, result, mine)
            found += _failing_before(judged, result, passing)
    return tuple(found)


def _passing_again(bench: Workbench, change: Change, result: CheckResult, mine: Sequence[Failure]) -> list[Failure]:
    again = run_alone(bench, _alone(bench, result, mine), changed=change.paths)
    names = {failure.test for failure in mine}
    if "" in names:
        return list(mine) if again.ok else []
    failing = {failure.test for failure in failures_of(again)}
    passing = {test.id for test in again.tests if test.outcome == "passed"}
    return [failure for failure in mine if failure.test in passing - failing]


def _failing_before(judged: Judged, result: CheckResult, suspects: Sequence[Failure]) -> list[Failure]:
    """Run the suspects on the untouched tree until each has failed once, a few times at most."""
    found: list[Failure] = []
    untouched = {file.path: file.before for file in judged.change.files}
    for _ in range(_TRIES):
        left = [failure for failure in suspects if failure not in found]
        if not left:
            break
        with judged.substitute(untouched):
            again = run_alone(judged.bench, _alone(judged.bench, result, left), changed=judged.change.paths)
        failing = {failure.test for failure in failures_of(again)}
        found += [failure for failure in left if failure.test in failing]
    return found


def _alone(bench: Workbench, result: CheckResult, failures: Sequence[Failure]) -> CheckCommand:
    """Return the command of a check that runs these tests alone, where the runner lets us."""
    command = next(command for command in bench.settings.commands if command.name == result.name)
    names = {failure.test for failure in failures}
    tests: list[TestResult] = [test for test in result.tests if test.id in names]
    return replace(command, run=narrowed(command.run, tests, bench.tree) or command.run)
