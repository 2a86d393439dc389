from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.authoring.answer import CriterionClaim
from redimento.delivery.criteria import CriterionEvidence, NamedTest, Standing, assess
from redimento.delivery.markdown import code, inline, plain, prose, units
from redimento.delivery.report import CheckLine, FileLine, Report
from redimento.delivery.texts import DESCRIPTION_UNITS, comment, commit_body, description, shortened, title
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


def test_the_description_shows_the_evidence_for_each_criterion() -> None:
    text = description(REPORT)

    assert "1. ✅ Half a cent is rounded up" in text
    assert "`tests/test_cart.py::test_half_up`: failed before ✓, passes after ✓" in text
    assert "2. 💬 It is shown" in text
    assert "Claimed, not confirmed by a test" in text
    assert "| tests | 12 passed | ✅ 13 passed |" in text
    assert "`src/cart.py` +3 \N{MINUS SIGN}1" in text
    assert "$0.03" in text


def test_new_and_known_failures_are_listed_separately() -> None:
    verdict = replace(
        VERDICT, new_failures=(Failure("tests", "t::new", "x"),), known_failures=(Failure("tests", "t::old", "x"),)
    )
    text = description(
        replace(REPORT, verdict=verdict, draft_reasons=("1 required test or check fails since this change.",))
    )

    assert "> **Draft.** 1 required test or check fails since this change." in text
    assert "Failing since this change:\n- `t::new`" in text
    assert "Already failing before this change, and still failing: `t::old`.\n" in text


def test_a_check_that_fails_as_before_is_neither_green_nor_red() -> None:
    line = CheckLine("tests", required=True, before="11 errors", after="11 errors", ok=False)

    assert "| tests | 11 errors | ⚠️ 11 errors |" in description(replace(REPORT, checks=(line,)))
    assert "| ❌ 11 errors |" in description(replace(REPORT, checks=(replace(line, broken=True),)))


def test_the_chosen_candidate_and_what_it_fixed_are_named() -> None:
    verdict = replace(VERDICT, fixed=tuple(Failure("tests", f"t::{number}", "x") for number in range(4)))
    text = description(replace(REPORT, verdict=verdict, candidate=3, candidates=3))

    assert "Fixed by this change: `t::0`, `t::1`, `t::2` and 1 more.\n" in text
    assert "candidate 3 of 3, 0 repair rounds" in text


def test_every_state_of_a_criterion_and_of_a_test_has_its_words() -> None:
    def evidence(standing: Standing, *tests: NamedTest, note: str = "") -> CriterionEvidence:
        return CriterionEvidence(len(standing), standing.capitalize(), standing, tests, note)

    report = replace(
        REPORT,
        criteria=(
            evidence("passes", NamedTest("t::new", "passed", "passed", changed=True), NamedTest("t::gone")),
            evidence("fails", NamedTest("t::old", "passed", "failed"), NamedTest("t::odd", "error", "skipped")),
            evidence("claimed"),
            evidence("partly", note="Only new *invoices*"),
            evidence("not"),
            evidence("unanswered"),
        ),
        further_proofs=(
            Proof("t::a", "failed", "passed"),
            Proof("t::b", "passed", "passed"),
            Proof("t::c", "error", "passed"),
            Proof("t::d", "absent", "failed"),
        ),
        files=(*REPORT.files, FileLine("new.py", 9, 0, "added")),
        new_dependencies=("left-pad", "right-pad"),
        build_instructions="Run `make`.",
        documentation="See docs.",
    )

    assert description(report) == EVERY_STATE


EVERY_STATE = """\
Totals are rounded half up.

### Acceptance criteria
6. ☑️ Passes
   - `t::new`: passed before, so it proves nothing; passes after ✓
   - `t::gone`: not found in any test report
5. ❌ Fails
   - `t::old`: already passed before, failed after ✗
   - `t::odd`: could not run before, skipped after ✗
7. 💬 Claimed
   - Claimed, not confirmed by a test
6. 🟡 Partly
   - Partly done: Only new \\*invoices\\*
3. ❌ Not
   - Not done
10. ❔ Unanswered
   - The model did not say.

### Other new and changed tests
- `t::a`: failed before ✓, passes after ✓
- `t::b`: passed before, so it proves nothing; passes after ✓
- `t::c`: could not run on the old source, passes after ✓
- `t::d`: did not run before, failed after ✗

### Checks
| Check | Before | After |
|---|---|---|
| tests | 12 passed | ✅ 13 passed |

The checks ran in a clean environment, without any token.

### Files
- `src/cart.py` +3 \N{MINUS SIGN}1
- `new.py` added

**New dependencies:** `left-pad`, `right-pad`

**To build:** Run `make`.

**Notes:** See docs.

---
Work item #7 · gemini-3.8-flash, 0 repair rounds, 12,345 tokens, $0.03 · \
[run](https://dev.azure.com/org/Shop/_build/results?buildId=5) · \
written by a model, checked by the commands above: review it like anyone else's.
"""


def test_a_description_without_checks_claims_none() -> None:
    text = description(replace(REPORT, checks=(), verdict=None, run_url="", rounds=1))

    assert "### Checks\nNo checks are configured, so nothing has verified this change." in text
    assert text.endswith(", 1 repair round, 12,345 tokens, $0.03 · written by a model: review it like anyone else's.\n")


def test_a_long_description_loses_detail_before_it_is_cut() -> None:
    files = tuple(FileLine(f"src/{'x' * 110}{number}.py", 1, 0, "changed") for number in range(40))
    full = replace(REPORT, documentation="y" * 250)
    shorter = description(replace(full, files=files))

    assert "y" * 250 in description(full)
    assert "- … and 25 more" in shorter
    assert "y" * 250 in shorter
    assert "Shortened" not in shorter


def test_a_description_that_still_does_not_fit_is_cut_at_a_line() -> None:
    criteria = assess(["An invoice shows the total"] * 120, [], None)
    text = description(replace(REPORT, criteria=criteria))

    assert text.endswith("\n\n_Shortened: the run's report has the rest._\n")
    assert all(
        line in {"", "   - The model did not say."} or line.endswith("total") for line in text.splitlines()[4:-2]
    )
    assert DESCRIPTION_UNITS - 60 < units(text) <= DESCRIPTION_UNITS


@pytest.mark.parametrize("most", range(60, 70))
def test_a_shortened_text_uses_the_room_it_has(most: int) -> None:
    ending = "\n\n_Shortened: the run's report has the rest._\n"
    kept = shortened("a\n" * 100, most).removesuffix(ending)

    assert units(kept + ending) in {most - 1, most}
    assert set(kept.splitlines()) == {"a"}


@settings(max_examples=25)
@given(st.integers(1, 60), st.integers(0, 1000), st.sampled_from(["a", "é", "𝄞", "<", "|", "`", "#1 "]))
def test_no_description_is_longer_than_azure_accepts(count: int, length: int, character: str) -> None:
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


def test_the_commit_body_is_the_summary_in_lines_of_72_characters() -> None:
    long = replace(REPORT, summary="Return List<int> for #12. " + "Round half up. " * 10)
    lines = commit_body(long).splitlines()

    assert lines[0] == r"Return List<int> for \#12. Round half up. Round half up. Round half up."
    assert max(map(len, lines)) <= 72
    assert len(commit_body(replace(REPORT, summary="x " * 9_000))) <= 4_000


@pytest.mark.parametrize("length", [250, 251])
def test_only_a_title_that_is_too_long_is_cut(length: int) -> None:
    line = title("{title}", replace(ITEM, title="x" * length))
    assert line == ("x" * 250 if length == 250 else "x" * 249 + "…")


def test_the_title_is_one_line_that_azure_accepts() -> None:
    hostile = replace(ITEM, title="a\r\n##vso[task.complete]" + "x" * 600)
    line = title("{type} {id}: {title}", hostile)

    assert line.startswith("User Story 7: a # # vso[")
    assert len(line) <= 250
    assert "\n" not in line


@pytest.mark.parametrize(
    ("outcome", "expected"),
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
def test_the_comment_reports_what_happened_and_what_to_do(outcome: Outcome, expected: str) -> None:
    text = comment(ITEM, outcome, REPORT, marker="Redimento, web", reference="abc")

    assert text.startswith("**Redimento, web**")
    assert expected in text
    assert "reference abc" in text


def test_the_comment_on_a_delivery_counts_what_is_proved() -> None:
    outcome = Outcome("draft", "1 test fails.", "Look.", pull_request_id=4, pull_request_url="https://x/4")

    assert comment(ITEM, outcome, REPORT, marker="Redimento, web", reference="abc").strip() == (
        "**Redimento, web**\n\n"
        "[Draft pull request 4](https://x/4) is open, but not fully verified.\n"
        "1 test fails.\n\n"
        "Totals are rounded half up.\n\n"
        "Proved by a test that failed before: 1 of 2 acceptance criteria.\n\n"
        "[Run](https://dev.azure.com/org/Shop/_build/results?buildId=5), $0.03, reference abc"
    )


def test_the_comment_on_a_failure_is_short() -> None:
    outcome = Outcome("failed", "The token has no right.", "Grant it.")

    assert comment(ITEM, outcome, None, marker="Redimento, web", reference="abc").strip() == (
        "**Redimento, web**\n\nThe token has no right.\nGrant it.\n\nreference abc"
    )


@pytest.mark.parametrize(
    ("show", "text", "shown"),
    [
        (prose, "See #12, !3 and # 4: **bold** <b>", r"See \#12, \!3 and # 4: **bold** &lt;b>"),
        (prose, "![x](http://evil.invalid)", r"!\[x](http://evil.invalid)"),
        (plain, "See #12: List<int> `#1`", r"See \#12: List<int> `\#1`"),
        (inline, "a *b* [c] | d_e", r"a \*b\* \[c\] \| d\_e"),
        (inline, "`a*b|c` and `<i>`", "`a*b¦c` and `<i>`"),
        (inline, "an odd ` mark", r"an odd \` mark"),
        (inline, "`a` and ` odd", r"`a` and \` odd"),
        (inline, " two\n\n lines ", "two lines"),
        *((show, "##vso[a]\x1b[31m", "# # vso[a]") for show in (prose, plain)),
        (inline, "##vso[a]\x1b[31m", r"# # vso\[a\]"),
        (code, "##vso[a]\x1b[31m", "`# # vso[a]`"),
        (inline, "x" * 198 + " yyy", "x" * 198 + "…"),
        (inline, "x" * 201, "x" * 199 + "…"),
        (inline, "x" * 200, "x" * 200),
        (code, "a `b` | c", "`a 'b' ¦ c`"),
        (code, " \n", ""),
        (code, "x" * 121, "`" + "x" * 119 + "…`"),
        (code, "x" * 120, "`" + "x" * 120 + "`"),
    ],
)
def test_foreign_text_is_shown_as_it_was_meant(show: Callable[[str], str], text: str, shown: str) -> None:
    assert show(text) == shown


@pytest.mark.parametrize(("text", "length"), [("", 0), ("aé", 2), ("𝄞", 2)])
def test_units_are_those_of_utf_16(text: str, length: int) -> None:
    assert units(text) == length


@given(st.text())
def test_foreign_text_has_no_power_in_markdown(text: str) -> None:
    for shown in (prose(text), inline(text), code(text)):
        assert "![" not in shown.replace("!\\[", "")
        assert "##vso" not in shown.lower()
    assert "<" not in prose(text)
    assert "\n" not in inline(text) + code(text)
    assert len(inline(text, 50)) <= 50 * 5
