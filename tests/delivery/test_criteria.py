from __future__ import annotations

import pytest

from redimento.authoring.answer import CriterionClaim
from redimento.delivery.criteria import Standing, assess, same_test, unanswered
from redimento.verification.evidence import CheckResult, Checks, Outcome, Proof, TestResult, Verdict


def checks(outcome: Outcome | None) -> Checks:
    tests = () if outcome is None else (TestResult("tests.test_cart.Total::test_sum", outcome),)
    return Checks((CheckResult("tests", "pytest", required=True, exit_code=0, seconds=0.1, output="", tests=tests),))


def verdict(before: Outcome | None, after: Outcome | None, proofs: tuple[Proof, ...] = ()) -> Verdict:
    return Verdict(checks(before), checks(after), proofs=proofs)


DONE = CriterionClaim(1, "done", ("tests/test_cart.py::Total::test_sum",), "cart.py")
PROOF = Proof("tests.test_cart.Total::test_sum", "failed", "passed")


@pytest.mark.parametrize(
    ("claim", "seen", "standing"),
    [
        (DONE, verdict(None, "passed", (PROOF,)), "proved"),
        (DONE, verdict("passed", "passed"), "passes"),
        (DONE, verdict("passed", "failed"), "fails"),
        (DONE, verdict("passed", "skipped"), "fails"),
        (DONE, verdict(None, None), "claimed"),
        (DONE, None, "claimed"),
        (CriterionClaim(1, "done"), verdict(None, "passed"), "claimed"),
        (CriterionClaim(1, "partly"), verdict(None, "passed"), "partly"),
        (CriterionClaim(1, "not", (), "no access"), verdict(None, "passed"), "not"),
        (CriterionClaim(2, "done"), verdict(None, "passed"), "unanswered"),
    ],
)
def test_what_stands_behind_a_criterion(claim: CriterionClaim, seen: Verdict | None, standing: Standing) -> None:
    (evidence,) = assess(["The sum is right"], [claim], seen)
    assert evidence.standing == standing


def test_a_test_that_should_have_failed_before_is_told_from_an_older_one() -> None:
    (new,) = assess(["x"], [DONE], verdict(None, "passed", (Proof(PROOF.test, "passed", "passed"),)))
    (old,) = assess(["x"], [DONE], verdict("passed", "passed"))

    assert [test.changed for test in (*new.tests, *old.tests)] == [True, False]


def test_of_a_parametrised_test_the_worst_case_speaks() -> None:
    proofs = (Proof("tests.t::test_a[1]", "failed", "passed"), Proof("tests.t::test_a[2]", "failed", "failed"))
    (evidence,) = assess(["x"], [CriterionClaim(1, "done", ("tests/t.py::test_a",))], verdict(None, "passed", proofs))
    assert evidence.standing == "fails"


@pytest.mark.parametrize(
    ("named", "seen", "same"),
    [
        ("tests/test_cart.py::test_sum", "tests.test_cart::test_sum", True),
        ("tests/test_cart.py::Total::test_sum", "tests.test_cart.Total::test_sum", True),
        ("test_sum", "tests.test_cart::test_sum", True),
        ("tests/test_cart.py::test_sum", "tests.test_cart::test_sum[3]", True),
        ("tests/test_cart.py::test_sum[3]", "tests.test_cart::test_sum[3]", True),
        ("tests/test_cart.py::test_sum[3]", "tests.test_cart::test_sum[4]", False),
        ("tests/test_cart.py::test_sum[3]", "tests.test_cart::test_sum", False),
        ("test/copy.js::keeps the source", "test/copy.js::Copy: keeps the source", True),
        ("test/copy.js::keeps the source", "test/copy.js::Copy keeps the source", True),
        ("test/copy.js::the source", "test/copy.js::Copy seeks the resource", False),
        ("test/move.js::keeps the source", "test/copy.js::Copy keeps the source", False),
        ("tests/test_cart.py::test_sum", "tests.test_stock::test_sum", False),
        ("tests/test_cart.py::test_sum", "tests.test_cart::test_sums", False),
        ("src/cart.test.ts > totals", "src/cart.test.ts::totals", True),
        ("CartTest.addsUp", "com.shop.CartTest::addsUp", True),
        ("", "tests.test_cart::test_sum", False),
    ],
)
def test_names_of_one_test_in_a_claim_and_in_a_report(named: str, seen: str, *, same: bool) -> None:
    assert same_test(named, seen) is same


def test_criteria_that_no_claim_speaks_of_are_found_by_number() -> None:
    assert unanswered(["a", "b", "c"], [CriterionClaim(2, "done")]) == ((1, "a"), (3, "c"))
