from __future__ import annotations

from dataclasses import replace

import pytest

from redimento.authoring.answer import CriterionClaim
from redimento.delivery.criteria import CriterionEvidence, NamedTest, Standing, assess, unanswered
from redimento.verification.evidence import CheckResult, Checks, Outcome, Proof, TestResult, Verdict
from redimento.verification.test_names import same_test


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
def test_the_standing_of_a_criterion_follows_from_its_claim_and_tests(
    claim: CriterionClaim, seen: Verdict | None, standing: Standing
) -> None:
    (evidence,) = assess(["The sum is right"], [claim], seen)
    assert evidence.standing == standing


def test_the_evidence_shows_how_each_named_test_ended() -> None:
    claim = replace(DONE, tests=(*DONE.tests, "tests/test_cart.py::test_gone"))
    (seen,) = assess(["The sum is right"], [claim], verdict("failed", "passed"))
    (unseen,) = assess(["The sum is right"], [claim], verdict("failed", None))
    (unchecked,) = assess(["The sum is right"], [claim], None)

    assert seen == CriterionEvidence(
        1,
        "The sum is right",
        "proved",
        (NamedTest(DONE.tests[0], "failed", "passed"), NamedTest("tests/test_cart.py::test_gone")),
        "cart.py",
    )
    assert unseen.tests == unchecked.tests == (NamedTest(DONE.tests[0]), NamedTest("tests/test_cart.py::test_gone"))


@pytest.mark.parametrize(
    ("standing", "status"),
    [("proved", "proved"), ("partly", "partly done"), ("not", "not done"), ("unanswered", "unanswered")],
)
def test_the_status_is_the_standing_in_readable_words(standing: Standing, status: str) -> None:
    assert CriterionEvidence(1, "The sum is right", standing).status == status


def test_criteria_keep_the_order_of_the_work_item() -> None:
    claims = [CriterionClaim(2, "partly"), CriterionClaim(1, "not"), CriterionClaim(9, "done")]
    found = assess(["a", "b", "c"], claims, None)
    assert [(each.id, each.text, each.standing) for each in found] == [
        (1, "a", "not"),
        (2, "b", "partly"),
        (3, "c", "unanswered"),
    ]


@pytest.mark.parametrize(
    ("outcomes", "worst"),
    [
        (("passed", "skipped"), "skipped"),
        (("skipped", "failed"), "failed"),
        (("failed", "error"), "error"),
        (("passed", "passed"), "passed"),
    ],
)
def test_the_worst_case_without_a_proof_counts(outcomes: tuple[Outcome, ...], worst: str) -> None:
    tests = tuple(TestResult(f"tests.t::test_a[{number}]", outcome) for number, outcome in enumerate(outcomes))
    result = replace(checks(None).results[0], tests=tests)
    seen = Verdict(checks(None), Checks((result,)))
    (evidence,) = assess(["x"], [CriterionClaim(1, "done", ("tests/t.py::test_a",))], seen)
    assert evidence.tests == (NamedTest("tests/t.py::test_a", "", worst),)


def test_a_new_test_is_distinguished_from_an_older_one() -> None:
    (new,) = assess(["x"], [DONE], verdict(None, "passed", (Proof(PROOF.test, "passed", "passed"),)))
    (old,) = assess(["x"], [DONE], verdict("passed", "passed"))

    assert [test.changed for test in (*new.tests, *old.tests)] == [True, False]


def test_the_worst_case_of_a_parametrised_test_counts() -> None:
    proofs = (Proof("tests.t::test_a[1]", "failed", "passed"), Proof("tests.t::test_a[2]", "failed", "failed"))
    (evidence,) = assess(["x"], [CriterionClaim(1, "done", ("tests/t.py::test_a",))], verdict(None, "passed", proofs))
    assert evidence.standing == "fails"
    assert evidence.tests == (NamedTest("tests/t.py::test_a", "failed", "failed", changed=True),)


def test_a_case_that_did_not_fail_before_counts_over_one_that_did() -> None:
    proofs = (Proof("tests.t::test_a[1]", "failed", "passed"), Proof("tests.t::test_a[2]", "passed", "passed"))
    (evidence,) = assess(["x"], [CriterionClaim(1, "done", ("tests/t.py::test_a",))], verdict(None, "passed", proofs))
    assert evidence.standing == "passes"


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
        ("tests/test_cart.py::test_sum", "", False),
        ("::", "tests.test_cart::test_sum", False),
        ("test/load.js::reads x.py files", "test/load.js::Loader reads x.py files", True),
        ("test/load.js::reads x.py", "test/load.js::Loader reads x.py", True),
        ("[a]", "[a]", True),
        ("abc", "::[abc]", False),
        ("tests/test_cart.py::test_sum", "test_sum", True),
        ("src/cart.test.ts > > totals", "src/cart.test.ts::totals", True),
        ("Cart::Total::test_sum", "Total.Cart::test_sum", False),
        ("test/cart.test.js > cart > adds", "test/cart.test.js::cart adds", True),
        ("test/cart.test.js > cart > adds", "test/cart.test.js::stock adds", False),
        ("test/cart.test.js::cart adds", "test/cart.test.js::cart::adds", True),
        ("test/cart.test.js::cart > adds", "cart total adds", True),
        ("test/cart.test.js::cart > adds", "stock adds", False),
        ("test/cart.test.js::adds", "stock adds", True),
    ],
)
def test_a_claim_and_a_report_may_name_one_test_differently(named: str, seen: str, *, same: bool) -> None:
    assert same_test(named, seen) is same


def test_criteria_without_a_claim_are_found_by_number() -> None:
    assert unanswered(["a", "b", "c"], [CriterionClaim(2, "done")]) == ((1, "a"), (3, "c"))


def test_a_doubted_proof_proves_nothing_and_the_doubt_is_kept() -> None:
    doubted = replace(PROOF, doubt="it reads the source instead of running it")
    (evidence,) = assess(["The sum is right"], [DONE], verdict(None, "passed", (doubted,)))

    assert evidence.standing == "passes"
    assert evidence.tests[0].doubt == "it reads the source instead of running it"


def test_the_doubted_case_of_a_parametrised_test_counts() -> None:
    proofs = (Proof("tests.t::test_a[1]", "failed", "passed"), Proof("tests.t::test_a[2]", "failed", "passed", "odd"))
    (evidence,) = assess(["x"], [CriterionClaim(1, "done", ("tests/t.py::test_a",))], verdict(None, "passed", proofs))
    assert (evidence.standing, evidence.tests[0].doubt) == ("passes", "odd")


UNLIKE = ["The total is rounded half up", "An unknown code is refused by name", "Invoices list the tax"]


def test_one_test_for_unlike_criteria_proves_none_of_them() -> None:
    claims = [replace(DONE, id=number) for number in (1, 2, 3)]
    found = assess(UNLIKE, claims, verdict(None, "passed", (PROOF,)))

    assert [each.standing for each in found] == ["passes"] * 3
    assert {test.doubt for each in found for test in each.tests} == {"one test for criteria 1, 2 and 3"}


@pytest.mark.parametrize(
    ("texts", "standing"),
    [
        (["Totals are rounded half up", "The total rounds half up in refunds"], "proved"),
        (["An unknown customer gets 404", "For an unknown customer the message says so"], "proved"),
        (["The total is right", "The tax is right, is listed, and is paid"], "proved"),
        (["The total is right and stays stored", "The tax is right, is listed, and is paid"], "passes"),
        (["It is", "It is"], "passes"),
    ],
)
def test_criteria_are_alike_from_a_third_of_their_words(texts: list[str], standing: Standing) -> None:
    claims = [replace(DONE, id=number) for number in (1, 2)]
    assert {each.standing for each in assess(texts, claims, verdict(None, "passed", (PROOF,)))} == {standing}


def test_an_unlike_criterion_with_a_test_of_its_own_stays_proved() -> None:
    own = Proof("tests.test_cart.Codes::test_unknown", "failed", "passed")
    claims = [DONE, replace(DONE, id=2, tests=(*DONE.tests, "tests/test_cart.py::Codes::test_unknown"))]
    found = assess(UNLIKE[:2], claims, verdict(None, "passed", (PROOF, own)))

    assert [each.standing for each in found] == ["passes", "proved"]


def test_a_test_for_a_criterion_that_is_not_done_is_not_shared() -> None:
    claims = [DONE, replace(DONE, id=2, status="not")]
    found = assess(UNLIKE[:2], claims, verdict(None, "passed", (PROOF,)))

    assert [each.standing for each in found] == ["proved", "not"]


def test_one_test_for_very_many_criteria_proves_none_of_them() -> None:
    claims = [replace(DONE, id=number) for number in range(1, 15)]
    found = assess(["The sum is right"] * 14, claims, verdict(None, "passed", (PROOF,)))

    assert {each.standing for each in found} == {"passes"}
    assert found[0].tests[0].doubt == "one test for criteria 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more"
