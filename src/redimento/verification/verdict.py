"""Judge a change: run the checks on it, let the old tests judge it too, and ask its own tests for proof."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from redimento.change.edit import Change
from redimento.change.guards.protected import is_allowed
from redimento.sandbox.bench import Workbench
from redimento.sandbox.files import read_regular
from redimento.text.wording import Sentence
from redimento.verification.canary import silenced
from redimento.verification.checks import run_checks, run_tests
from redimento.verification.comparison import compare, failures_of
from redimento.verification.evidence import ChangedTest, CheckResult, Checks, Failure, TestResult, Verdict
from redimento.verification.old_judge import Substitute, judge, run_old_judge
from redimento.verification.proof import prove
from redimento.verification.roles import is_test_path, roles_of
from redimento.verification.syntax import lossy
from redimento.verification.tampering import reaches_for_the_judge

_LARGEST_SCRIPT = 200_000  # bytes
_PATH = re.compile(r"[^\s,]+")
_TRIES = 5  # runs in which a test that is unsteady without the change has to fail once


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

    def read(path: str) -> str:
        return lossy(read_regular(bench.tree / path, at_most=_LARGEST_SCRIPT))

    roles = roles_of(change, bench.settings.commands, bench.kept.files, read)
    after = run_checks(bench, changed=change.paths)
    old = run_old_judge(bench, change, roles, substitute)
    compared = compare(before, after)
    rewritten = [file for file in change.files if file.path in roles.tests and file.before is not None]
    judged = judge(before, after, old, rewritten=rewritten, announced=announced)
    flaky = _flaky(bench, change, substitute, before=before, after=after, new=compared.new)
    steering = [
        Failure("", path, "", kind="steering", remark=Sentence("edits_its_judge", path=path))
        for path in roles.steering
        if not is_allowed(path, allow)
    ]
    failures = [failure for failure in compared.new if failure not in flaky]
    source = [
        file for file in change.files if file.path in {*roles.source, *roles.loose} and not is_allowed(file.path, allow)
    ]
    tampering = reaches_for_the_judge(source, bench.settings.commands)
    # Proofs cost the most, and nobody reads them before the rest is right.
    proofs, unnoticed = prove(
        bench, change, before, after, roles=roles, failed_old_forms=judged.failed_old_forms, substitute=substitute
    )
    return Verdict(
        before=before,
        after=after,
        new_failures=(*_disbelieved(before, after, old), *failures, *judged.failures, *steering, *tampering),
        known_failures=compared.known,
        flaky=flaky,
        fixed=compared.fixed,
        proofs=tuple(proofs),
        old_judge=judged.checks,
        forbidden=judged.forbidden,
        harmless=judged.harmless,
        moved=compared.moved,
        unnoticed=tuple(unnoticed),
    )


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


def _flaky(
    bench: Workbench,
    change: Change,
    substitute: Substitute,
    *,
    before: Checks,
    after: Checks,
    new: Sequence[Failure],
) -> tuple[Failure, ...]:
    """Return those of the new failures that are flaky without the change, too.

    They pass when they are run again, and fail at least once on the untouched tree. A test that is unsteady only since
    the change is a failure of the change, and so is a new or altered test that does not pass at its first run.
    """
    found: list[Failure] = []
    untouched = {file.path: file.before for file in change.files}
    for result in after.results:
        base = before.of(result.name)
        known = {"", *(test.id for test in base.tests)} if base else {""}
        suspects = [one for one in new if one.check == result.name and one.kind == "fails" and one.test in known]
        # A check that ran out of time or drowned in output would do so again, at the same price.
        if result.reason or result.report_problems or not suspects:
            continue
        again = run_tests(bench, result.name, _tests(result, suspects), changed=change.paths)
        if any(not failure.test for failure in suspects):
            suspects = suspects if again.ok else []
        else:
            passing = {test.id for test in again.tests if test.outcome == "passed"}
            suspects = [failure for failure in suspects if failure.test in passing - _failing(again)]
        for _ in range(_TRIES if suspects else 0):
            with substitute(untouched):
                again = run_tests(bench, result.name, _tests(result, suspects), changed=change.paths)
            found += [failure for failure in suspects if failure.test in _failing(again)]
            suspects = [failure for failure in suspects if failure not in found]
            if not suspects:
                break
    return tuple(found)


def _tests(result: CheckResult, failures: Sequence[Failure]) -> list[TestResult]:
    names = {failure.test for failure in failures}
    return [test for test in result.tests if test.id in names]


def _failing(result: CheckResult) -> set[str]:
    return {failure.test for failure in failures_of(result)}
