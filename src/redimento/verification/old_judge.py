"""The old judge: tests and test settings as they were, on the new source.

A change may bring new tests, rewrite old ones and touch what steers them; what it brings to its own trial is taken out
for this one run, so that the checks that judged the old code judge the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from redimento.change.edit import Change, FileChange
from redimento.sandbox.bench import Workbench
from redimento.text.wording import Sentence
from redimento.verification.altered_tests import altered_tests, may_stand_in
from redimento.verification.checks import run_checks
from redimento.verification.comparison import failures_of, missing
from redimento.verification.evidence import ChangedTest, CheckResult, Checks, Failure, TestResult
from redimento.verification.roles import Roles
from redimento.verification.test_names import same_test

# Puts other contents of some of the changed files into the tree for as long as it is entered; None: absent.
Substitute = Callable[[Mapping[str, bytes | None]], AbstractContextManager[None]]

_TAIL = 1_500


@dataclass(frozen=True)
class OldJudgement:
    """What the old judge said. `failed_old_forms`: tests whose old form fails on the new source, justified or not."""

    checks: Checks | None = None
    failures: tuple[Failure, ...] = ()
    forbidden: tuple[ChangedTest, ...] = ()
    harmless: tuple[str, ...] = ()
    failed_old_forms: frozenset[str] = frozenset()


def run_old_judge(bench: Workbench, change: Change, roles: Roles, substitute: Substitute) -> Checks | None:
    """Run the checks without what the change brings to its own trial; None when it brings nothing."""
    before = {file.path: file.before for file in change.files if file.path in roles.judging}
    if not before:
        return None
    with substitute(before):
        return run_checks(bench, changed=change.paths, stage="old tests")


def judge(
    before: Checks,
    after: Checks,
    old: Checks | None,
    *,
    rewritten: Sequence[FileChange],
    announced: Sequence[ChangedTest],
) -> OldJudgement:
    """Return what the run `old` has against the change that `after` does not show.

    `rewritten`: the test files that the change alters or removes; `announced`: the existing tests that the
    answer names as made wrong by the work item.
    """
    if old is None:
        return OldJudgement()
    failures: list[Failure] = []
    forbidden: list[ChangedTest] = []
    harmless: list[str] = []
    failed: set[str] = set()
    for result in old.results:
        now, base = after.of(result.name), before.of(result.name)
        if result.skipped or now is None:
            continue
        against = _against(result, now, base)
        for failure in against:
            failed.add(failure.test)
            named = _announcement(failure, result, rewritten, announced)
            if named is None:
                failures.append(failure)
            else:
                forbidden.append(named)
        passed = {test.id for test in base.tests if test.outcome == "passed"} if base else set()
        passed -= {failure.test for failure in against}
        harmless += [
            test.id for test in altered_tests(rewritten, result.tests) if test.outcome == "passed" and test.id in passed
        ]
    return OldJudgement(old, tuple(failures), tuple(dict.fromkeys(forbidden)), tuple(harmless), frozenset(failed))


def _against(result: CheckResult, now: CheckResult, base: CheckResult | None) -> list[Failure]:
    """Return what fails or is missing with the old judge alone: what fails either way counts in the other run."""
    known = {failure.test for failure in failures_of(base)} if base else set()
    either_way = {failure.test for failure in failures_of(now, base)}
    found = [
        _rewritten(result, failure) for failure in failures_of(result, base) if failure.test not in known | either_way
    ]
    # Where only an exit code speaks, it has to be the one of the untouched tree.
    is_other = base is not None and result.exit_code and result.exit_code != base.exit_code
    if is_other and not result.tests and not found and "" not in either_way:
        found.append(_rewritten(result, Failure(result.name, "", result.output, result.required)))
    if any(not failure.test for failure in found):  # it has lost tests for that reason
        return found
    either_way |= {failure.test for failure in missing(now, base)[0]}
    return found + [failure for failure in missing(result, base)[0] if failure.test not in either_way]


def _rewritten(result: CheckResult, failure: Failure) -> Failure:
    remark = Sentence("fails_in_its_old_form", test=failure.test)
    return Failure(result.name, failure.test, failure.told[-_TAIL:], result.required, "rewritten", remark)


def _announcement(
    failure: Failure, result: CheckResult, rewritten: Sequence[FileChange], announced: Sequence[ChangedTest]
) -> ChangedTest | None:
    """Return the announcement that justifies a failure of the old judge.

    Where the old form of a file cannot even load, or only an exit code speaks, the file has to be named, or a test in it.
    """
    files = [file.path for file in rewritten if _is_about(failure, file.path)]
    if failure.kind == "missing" and not files:
        return None
    for one in announced:
        if same_test(one.test, failure.test) if failure.test else one.test == result.name:
            return one
    named = {one.test.partition("::")[0]: one for one in announced}
    if files and all(path in named for path in files):
        return named[files[0]]
    return None


def _is_about(failure: Failure, path: str) -> bool:
    """Return whether a failure of the old judge is, or may be, that of a rewritten file."""
    if not failure.test:
        return True
    # pytest reports a file that cannot load as a test of that name.
    ids = (failure.test, f"{failure.test.rpartition('::')[2]}::")
    if failure.test.endswith(path):  # so does node:test, by the whole path
        return True
    loading = failure.kind == "missing" or "collection" in failure.message or "import" in failure.message.lower()
    return loading and any(may_stand_in(path, TestResult(one, "failed")) for one in ids)
