from __future__ import annotations

from dataclasses import replace

import pytest

from redimento.verification.comparison import compare, failures_of
from redimento.verification.evidence import CheckResult, Checks, Outcome, TestResult, Verdict


def result(name: str = "unit", *, code: int | None = 0, reason: str = "", **tests: Outcome) -> CheckResult:
    found = tuple(TestResult(test, outcome, message=f"message of {test}") for test, outcome in tests.items())
    return CheckResult(name, "make test", True, code, 1.0, "the output", found, reason)  # noqa: FBT003 - required


def advisory(name: str, *, code: int = 0, **tests: Outcome) -> CheckResult:
    return replace(result(name, code=code, **tests), required=False)


def names(failures: tuple[object, ...]) -> list[tuple[str, str]]:
    return [(getattr(failure, "check"), getattr(failure, "test")) for failure in failures]  # noqa: B009


def test_failing_tests_stand_for_their_check() -> None:
    assert names(failures_of(result(code=1, a="failed", b="passed", c="error", d="skipped"))) == [
        ("unit", "a"), ("unit", "c"),
    ]  # fmt: skip


def test_a_check_without_failing_tests_fails_as_a_whole() -> None:
    (failure,) = failures_of(result(code=2, a="passed"))
    assert (failure.test, failure.told) == ("", "It ended with exit code 2.\nthe output")


def test_a_failing_test_counts_even_if_the_command_succeeds() -> None:
    assert names(failures_of(result(code=0, a="failed"))) == [("unit", "a")]


def test_a_check_that_did_not_end_fails_with_its_reason() -> None:
    failures = failures_of(result(code=None, reason="timed out after 5 s", a="failed"))
    assert names(failures) == [("unit", "a"), ("unit", "")]
    assert failures[1].told.startswith("timed out")


def test_only_what_is_new_counts_against_the_change() -> None:
    before = Checks((result(code=1, old="failed", mended="failed", good="passed"), result("lint", code=1)))
    after = Checks((result(code=1, old="failed", mended="passed", good="failed"), result("lint", code=1)))
    compared = compare(before, after)
    assert names(compared.new) == [("unit", "good")]
    assert names(compared.known) == [("unit", "old"), ("lint", "")]
    assert names(compared.fixed) == [("unit", "mended")]


def test_a_test_that_vanished_is_not_fixed() -> None:
    compared = compare(Checks((result(code=1, gone="failed"),)), Checks((result(code=0, other="passed"),)))
    assert compared.fixed == ()


def test_a_crash_is_new_if_only_single_tests_failed_before() -> None:
    compared = compare(Checks((result(code=1, old="failed"),)), Checks((result(code=2),)))
    assert names(compared.new) == [("unit", "")]


def test_a_new_build_failure_is_not_hidden_by_a_test_that_failed_before() -> None:
    before = Checks((result(code=1, old="failed", elsewhere="passed"),))
    stopped = replace(result(code=1, old="failed"), output="[ERROR] COMPILATION ERROR :\n[ERROR] Cart.java:[3,1]")
    assert names(compare(before, Checks((stopped,))).new) == [("unit", "")]
    assert names(compare(Checks((stopped,)), Checks((stopped,))).new) == []


@pytest.mark.parametrize(
    ("now", "command", "verified"),
    [
        (result(), "make test", False),
        (result(a="skipped"), "make test", False),
        (result(b="passed"), "make test", False),
        (result(a="passed", b="failed"), "make test", False),
        (result(a="passed", b="passed"), "make test", True),
        (result(), "./gradlew test", True),
    ],
)
def test_a_check_that_succeeds_but_lost_a_test_verifies_nothing(
    now: CheckResult, command: str, *, verified: bool
) -> None:
    before = Checks((result(a="passed"), result("lint")))
    after = Checks((replace(now, command=command), result("lint")))
    assert Verdict(before, after, compare(before, after).new).verified == verified


@pytest.mark.parametrize(
    ("before", "after", "verified"),
    [
        ((), (advisory("style"),), False),
        ((result(code=1), advisory("style")), (result(code=1), advisory("style")), False),
        ((result(), advisory("style")), (replace(result(), skipped=True), advisory("style")), False),
        ((result(), advisory("style", a="passed")), (result(), advisory("style")), True),
        ((result(), advisory("style")), (result(), advisory("style", code=1)), True),
        ((result(),), (result(code=1),), False),
    ],
    ids=[
        "only advisory",
        "required fails as before",
        "required skipped",
        "advisory lost tests",
        "advisory fails",
        "broken",
    ],
)
def test_only_required_checks_decide_whether_a_change_is_verified(
    before: tuple[CheckResult, ...], after: tuple[CheckResult, ...], *, verified: bool
) -> None:
    new = compare(Checks(before), Checks(after)).new
    assert Verdict(Checks(before), Checks(after), new_failures=new).verified == verified


def test_without_a_baseline_every_failure_is_new() -> None:
    assert names(compare(Checks(), Checks((result(code=1, a="failed"),))).new) == [("unit", "a")]


def test_a_skipped_check_fixes_nothing() -> None:
    skipped = CheckResult("unit", "make", True, None, 0, "", skipped=True)  # noqa: FBT003 - required
    assert compare(Checks((result(code=1),)), Checks((skipped,))).fixed == ()
