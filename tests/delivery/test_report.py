from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from redimento.change.edit import Change, FileChange
from redimento.delivery.criteria import CriterionEvidence, NamedTest
from redimento.delivery.report import (
    CheckLine,
    FileLine,
    check_lines,
    file_lines,
    further_proofs,
    history,
    in_words,
    old_judge_sentence,
)
from redimento.verification.evidence import CheckResult, Checks, Failure, Outcome, Proof, TestResult, Verdict


def test_added_and_removed_lines_are_counted() -> None:
    change = Change(
        (
            FileChange("a.py", b"1\n2\n3\n", b"1\n2x\n3\n4\n"),
            FileChange("new.py", None, b"1\n2\n"),
            FileChange("old.py", b"1\n", None),
        )
    )
    assert file_lines(change) == (
        FileLine("a.py", 2, 1, "changed"),
        FileLine("new.py", 2, 0, "added"),
        FileLine("old.py", 0, 1, "deleted"),
    )


def check(exit_code: int | None = 0, *outcomes: Outcome, **different: Any) -> CheckResult:
    tests = tuple(TestResult(f"t::{number}", outcome) for number, outcome in enumerate(outcomes))
    plain = CheckResult("tests", "pytest", required=True, exit_code=exit_code, seconds=0, output="", tests=tests)
    return replace(plain, **different)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (None, "not run"),
        (check(), "passed"),
        (check(2), "failed, exit code 2"),
        (check(None, reason="stopped after 9 s"), "stopped after 9 s"),
        (check(None, "passed", reason="stopped after 9 s"), "stopped after 9 s"),
        (check(skipped=True), "not needed"),
        (check(0, "passed", "passed"), "2 passed"),
        (check(1, "passed", "failed", "error", "skipped"), "1 passed, 1 failed, 1 error"),
        (check(1, "error", "error"), "2 errors"),
        (check(1, "failed", "failed"), "2 failed"),
        (check(1, "passed"), "1 passed, exit code 1"),
        (check(1, "error"), "1 error"),
        (check(0, "skipped"), "no test ran"),
        (check(5, "skipped"), "exit code 5"),
    ],
)
def test_a_check_is_described_by_its_tests_or_its_exit(result: CheckResult | None, words: str) -> None:
    assert in_words(result) == words


def test_each_check_has_a_line_with_its_state_before_and_after() -> None:
    before = Checks((check(0, "passed", name="unit"), check(1, "failed", name="old")))
    after = Checks(
        (
            check(1, "failed", name="unit"),
            check(1, "failed", name="old"),
            check(0, name="lint", required=False),
            check(0, "passed", name="lost"),
            check(1, "failed", name="shaky"),
            check(0, name="docs", skipped=True),
            check(None, "passed", name="slow", reason="stopped after 9 s"),
        )
    )
    verdict = Verdict(
        before,
        after,
        new_failures=(Failure("unit", "t::0", "boom"), Failure("lost", "t::1", "gone", kind="missing")),
        flaky=(Failure("shaky", "t::0", "boom"),),
    )

    assert check_lines(verdict) == (
        CheckLine("unit", required=True, before="1 passed", after="1 failed", standing="fails"),
        CheckLine("old", required=True, before="1 failed", after="1 failed", standing="fails as before"),
        CheckLine("lint", required=False, before="not run", after="passed", standing="passes"),
        CheckLine("lost", required=True, before="not run", after="1 passed", standing="lost tests"),
        CheckLine("shaky", required=True, before="not run", after="1 failed", standing="flaky"),
        CheckLine("docs", required=True, before="not run", after="not needed", standing="not needed"),
        CheckLine("slow", required=True, before="not run", after="stopped after 9 s", standing="fails as before"),
    )


@pytest.mark.parametrize(
    ("tests", "sentence"),
    [
        (["passed"] * 211 + ["failed"], "The 212 tests as they were, on the new source: 211 pass, `t::211` fails."),
        (["passed"], "The 1 test as it was, on the new source: 1 passes."),
        (["failed", "error"], "The 2 tests as they were, on the new source: `t::0`, `t::1` fail."),
        ([], "The checks as they were, on the new source: the check `tests` passed."),
    ],
)
def test_the_tests_as_they_were_have_their_sentence(tests: list[Outcome], sentence: str) -> None:
    verdict = Verdict(Checks(), Checks(), old_judge=Checks((check(0, *tests),)))
    assert old_judge_sentence(verdict) == sentence


def test_what_failed_before_is_no_news_of_the_tests_as_they_were() -> None:
    verdict = Verdict(
        Checks((check(1, "failed"),)), Checks(), old_judge=Checks((check(1, "failed", "failed", "skipped"),))
    )
    assert old_judge_sentence(verdict) == (
        "The 3 tests as they were, on the new source: 1 fails as before, 1 skipped, `t::1` fails."
    )


@pytest.mark.parametrize(
    ("test", "words"),
    [
        (Proof("t", "failed", "passed"), "failed before ✓, passes after ✓"),
        (
            Proof("t", "failed", "passed", "it reads the source"),
            "proves nothing: it reads the source",
        ),
        (Proof("t", "passed", "passed"), "passed before, so it proves nothing; passes after ✓"),
        (Proof("t", "error", "passed"), "could not run on the old source, passes after ✓"),
        (Proof("t", "absent", "failed"), "did not run before, failed after ✗"),
        (Proof("t", "skipped", "passed"), "was skipped before, passes after ✓"),
        (NamedTest("t", "passed", "skipped"), "already passed before, skipped after ✗"),
        (NamedTest("t"), "not found in any test report"),
    ],
)
def test_the_history_of_a_test_is_told_in_words(test: Proof | NamedTest, words: str) -> None:
    assert history(test) == words


def test_further_proofs_are_those_that_no_criterion_names() -> None:
    named, other = Proof("tests.cart::test_up", "failed", "passed"), Proof("tests.cart::test_down", "passed", "passed")
    verdict = Verdict(Checks(), Checks(), proofs=(named, other))
    criteria = (CriterionEvidence(1, "Round up", "proved", (NamedTest("tests/cart.py::test_up"),)),)

    assert further_proofs(criteria, verdict) == (other,)
    assert further_proofs((), verdict) == (named, other)
    assert further_proofs(criteria, None) == ()
