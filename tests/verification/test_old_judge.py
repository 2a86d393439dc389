"""What the old judge says of a change: tables of runs."""

from __future__ import annotations

import pytest

from redimento.change.edit import FileChange
from redimento.verification.evidence import ChangedTest, CheckResult, Checks, Outcome, TestResult
from redimento.verification.old_judge import OldJudgement, judge

REWRITTEN = FileChange(
    "tests/test_a.py", b"def test_a():\n    assert f() == 1\n", b"def test_a():\n    assert f() == 2\n"
)
ANNOUNCED = ChangedTest("tests/test_a.py::test_a", "the item wants two", 1)


def check(code: int = 0, **tests: Outcome) -> Checks:
    found = tuple(
        TestResult(f"tests.test_a::{name}", outcome, failing=int(outcome in {"failed", "error"}))
        for name, outcome in tests.items()
    )
    return Checks((CheckResult("tests", "pytest", True, code, 0.1, "output", found),))  # noqa: FBT003  as it is reported


def said(before: Checks, after: Checks, old: Checks | None, *announced: ChangedTest) -> OldJudgement:
    return judge(before, after, old, rewritten=(REWRITTEN,), announced=announced)


def kinds(judgement: OldJudgement) -> list[tuple[str, str]]:
    return [(failure.kind, failure.test.rpartition("::")[2]) for failure in judgement.failures]


@pytest.mark.parametrize(
    ("before", "after", "old", "expected"),
    [
        (check(test_a="passed"), check(test_a="passed"), check(test_a="passed"), []),
        (check(test_a="passed"), check(test_a="passed"), check(1, test_a="failed"), [("rewritten", "test_a")]),
        (check(test_a="passed"), check(), check(1, test_a="failed"), [("rewritten", "test_a")]),
        # what fails either way counts in the run on the change
        (check(test_a="passed"), check(1, test_a="failed"), check(1, test_a="failed"), []),
        (check(1, test_a="failed"), check(test_a="passed"), check(1, test_a="failed"), []),
        (check(test_a="passed", test_b="passed"), check(test_a="passed", test_b="passed"), check(test_a="passed"), [("missing", "test_b")]),
        (check(test_a="passed"), check(test_a="passed"), check(test_a="skipped"), [("missing", "test_a")]),
        (check(test_a="passed"), check(test_a="skipped"), check(test_a="skipped"), []),
        # a suite that cannot load has lost its tests for that reason
        (check(test_a="passed"), check(test_a="passed"), check(2), [("rewritten", "")]),
        # where only an exit code speaks
        (check(), check(), check(), []),
        (check(), check(), check(1), [("rewritten", "")]),
        (check(1), check(), check(1), []),
        (check(1), check(), check(2), [("rewritten", "")]),
    ],
)  # fmt: skip
def test_only_what_the_old_judge_alone_has_against_the_change_counts(
    before: Checks, after: Checks, old: Checks, expected: list[tuple[str, str]]
) -> None:
    assert kinds(said(before, after, old)) == expected


def test_a_rewritten_test_that_the_answer_names_with_its_criterion_is_forbidden_behaviour_not_a_failure() -> None:
    judgement = said(check(test_a="passed"), check(test_a="passed"), check(1, test_a="failed"), ANNOUNCED)
    assert (judgement.failures, judgement.forbidden) == ((), (ANNOUNCED,))
    assert judgement.failed_old_forms == {"tests.test_a::test_a"}  # it proves nothing all the same


@pytest.mark.parametrize("named", ["tests/test_a.py", "tests"])
def test_without_reports_the_file_or_the_check_can_be_named(named: str) -> None:
    judgement = said(check(), check(), check(1), ChangedTest(named, "the item wants two", 1))
    assert judgement.failures == ()
    assert [one.test for one in judgement.forbidden] == [named]


@pytest.mark.parametrize("named", ["tests/test_b.py", "test_b", "lint"])
def test_another_name_justifies_nothing(named: str) -> None:
    judgement = said(
        check(test_a="passed"), check(test_a="passed"), check(1, test_a="failed"), ChangedTest(named, "why")
    )
    assert kinds(judgement) == [("rewritten", "test_a")]


def test_a_file_whose_old_form_cannot_load_is_justified_by_its_name_or_a_test_in_it() -> None:
    before, now = check(test_a="passed", test_b="passed"), check(test_a="passed", test_b="passed")
    judgement = said(before, now, check(test_b="passed"), ANNOUNCED)
    assert (kinds(judgement), judgement.forbidden) == ([], (ANNOUNCED,))


def test_no_name_justifies_a_test_that_is_missing_from_a_file_that_was_not_rewritten() -> None:
    passing = Checks(
        (
            CheckResult(
                "tests",
                "pytest",
                required=True,
                exit_code=0,
                seconds=0.1,
                output="",
                tests=(TestResult("tests.test_z::test_z", "passed"),),
            ),
        )
    )
    without = Checks((CheckResult("tests", "pytest", required=True, exit_code=0, seconds=0.1, output=""),))
    judgement = said(passing, passing, without, ChangedTest("tests/test_z.py::test_z", "why", 1))
    assert kinds(judgement) == [("missing", "test_z")]


def test_without_reports_every_rewritten_file_has_to_be_named() -> None:
    other = FileChange("tests/test_b.py", b"assert f()\n", b"assert True\n")
    judgement = judge(
        check(), check(), check(1), rewritten=(REWRITTEN, other), announced=(ChangedTest("tests/test_a.py", "why", 1),)
    )
    assert kinds(judgement) == [("rewritten", "")]


def test_a_rewritten_test_whose_old_form_passes_is_harmless() -> None:
    passing = check(test_a="passed")
    assert said(passing, passing, passing).harmless == ("tests.test_a::test_a",)
    assert said(passing, passing, None) == OldJudgement()
