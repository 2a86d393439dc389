from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.authoring.answer import CriterionClaim
from redimento.delivery.criteria import assess
from redimento.delivery.markdown import code, inline, prose, units
from redimento.delivery.report import CheckLine, FileLine, Report
from redimento.delivery.texts import DESCRIPTION_UNITS, comment, description, title
from redimento.outcome import Outcome
from redimento.verification.evidence import CheckResult, Checks, Failure, Proof, Verdict
from redimento.work_items.item import WorkItem

ITEM = WorkItem(id=7, revision=3, type="User Story", kind="story", title="Round the total")
AFTER = Checks((CheckResult("tests", "pytest", required=True, exit_code=0, seconds=1.0, output=""),))
VERDICT = Verdict(AFTER, AFTER, proofs=(Proof("tests.test_cart::test_half_up", "failed", "passed"),))
REPORT = Report(
    item=ITEM,
    summary="Totals are rounded half up.",
    criteria=assess(
        ["Half a cent is rounded up", "It is shown"],
        [CriterionClaim(1, "done", ("tests/test_cart.py::test_half_up",)), CriterionClaim(2, "done", (), "cart.html")],
        VERDICT,
    ),
    verdict=VERDICT,
    further_proofs=(),
    files=(FileLine("src/cart.py", 3, 1, "changed"),),
    new_dependencies=(),
    checks=(CheckLine("tests", required=True, before="12 passed", after="13 passed", ok=True),),
    draft_reasons=(),
    rounds=0,
    model="gemini-3.8-flash",
    tokens=12_345,
    usd=0.0321,
    run_url="https://dev.azure.com/org/Shop/_build/results?buildId=5",
)


def test_the_description_says_of_each_criterion_what_proves_it() -> None:
    text = description(REPORT)

    assert "1. ✅ Half a cent is rounded up" in text
    assert "`tests/test_cart.py::test_half_up`: failed before ✓, passes after ✓" in text
    assert "2. 💬 It is shown" in text
    assert "Claimed, not confirmed by a test" in text
    assert "| tests | 12 passed | ✅ 13 passed |" in text
    assert "`src/cart.py` +3 \N{MINUS SIGN}1" in text
    assert "$0.03" in text


def test_failures_before_and_since_are_told_apart() -> None:
    verdict = replace(
        VERDICT, new_failures=(Failure("tests", "t::new", "x"),), known_failures=(Failure("tests", "t::old", "x"),)
    )
    text = description(
        replace(REPORT, verdict=verdict, draft_reasons=("1 required test or check fails since this change.",))
    )

    assert "> **Draft.** 1 required test or check fails since this change." in text
    assert "Failing since this change:\n- `t::new`" in text
    assert "1 failed before already and still does: `t::old`" in text


def test_what_fails_as_before_is_neither_green_nor_red() -> None:
    line = CheckLine("tests", required=True, before="11 in error", after="11 in error", ok=False)

    assert "| tests | 11 in error | ⚠️ 11 in error |" in description(replace(REPORT, checks=(line,)))
    assert "| ❌ 11 in error |" in description(replace(REPORT, checks=(replace(line, broken=True),)))


def test_the_chosen_candidate_and_what_it_mended_are_named() -> None:
    verdict = replace(VERDICT, fixed=tuple(Failure("tests", f"t::{number}", "x") for number in range(4)))
    text = description(replace(REPORT, verdict=verdict, candidate=3, candidates=3))

    assert "Failed before and pass now: `t::0`, `t::1`, `t::2` and 1 more." in text
    assert "candidate 3 of 3, 0 repair rounds" in text


@settings(max_examples=25)
@given(st.integers(1, 60), st.integers(0, 1000), st.sampled_from(["a", "é", "𝄞", "<", "|", "`", "#1 "]))
def test_no_description_is_longer_than_azure_takes(count: int, length: int, character: str) -> None:
    texts = [f"{number} {character * length}" for number in range(count)]
    claims = [
        CriterionClaim(number + 1, "done", (f"t::{character * length}",) * 9, character * length)
        for number in range(count)
    ]
    many = tuple(Failure("tests", f"t::{number}", "x") for number in range(count))
    report = replace(
        REPORT,
        summary=character * length,
        criteria=assess(texts, claims, VERDICT),
        verdict=replace(VERDICT, new_failures=many, known_failures=many),
        further_proofs=VERDICT.proofs * count,
        files=REPORT.files * count,
        checks=REPORT.checks * count,
    )
    assert units(description(report)) <= DESCRIPTION_UNITS


def test_the_title_is_one_line_that_azure_takes() -> None:
    hostile = replace(ITEM, title="a\r\n##vso[task.complete]" + "x" * 600)
    line = title("{type} {id}: {title}", hostile)

    assert line.startswith("User Story 7: a # # vso[")
    assert len(line) <= 250
    assert "\n" not in line


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (
            Outcome("delivered", "ok", pull_request_id=4, pull_request_url="https://x/4"),
            "[Pull request 4](https://x/4) is ready",
        ),
        (Outcome("draft", "2 tests fail.", pull_request_id=4, pull_request_url="https://x/4"), "2 tests fail."),
        (Outcome("questions", "", questions=("Which <b>rounding</b>?",)), "1. Which &lt;b>rounding&lt;/b>?"),
        (Outcome("failed", "The token has no right.", "Grant it."), "Grant it."),
    ],
)
def test_the_comment_says_what_happened_and_what_to_do(outcome: Outcome, said: str) -> None:
    text = comment(ITEM, outcome, REPORT, marker="Redimento, web", reference="abc")

    assert text.startswith("**Redimento, web**")
    assert said in text
    assert "reference abc" in text


@given(st.text())
def test_foreign_text_has_no_power_in_markdown(text: str) -> None:
    for shown in (prose(text), inline(text), code(text)):
        assert "![" not in shown.replace("!\\[", "")
        assert "##vso" not in shown.lower()
    assert "<" not in prose(text)
    assert "\n" not in inline(text) + code(text)
    assert len(inline(text, 50)) <= 50 * 5
