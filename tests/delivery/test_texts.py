from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from redimento.authoring.answer import CriterionClaim
from redimento.change.edit import Dependency
from redimento.change.guards.steering import SteeringFile
from redimento.delivery.criteria import CriterionEvidence, NamedTest, Standing, assess
from redimento.delivery.markdown import units
from redimento.delivery.report import CheckLine, CheckStanding, FileLine, Report
from redimento.delivery.texts import DESCRIPTION_UNITS, description, shortened, was_cut, whole
from redimento.verification.evidence import ChangedTest, CheckResult, Checks, Failure, Proof, TestResult, Verdict
from redimento.work_items.item import WorkItem

ITEM = WorkItem(id=7, revision=3, type="User Story", kind="story", title="Round the total")
AFTER = Checks(
    (CheckResult("tests", "pytest", required=True, exit_code=0, seconds=1.0, output=""),),
    isolation="Checks run as another account (redimento-checks, by root), which cannot reach the run's secrets.",
)
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
    checks=(CheckLine("tests", required=True, before="12 passed", after="13 passed", standing="passes"),),
    draft_reasons=(),
    rounds=0,
    model="gemini-3.8-flash",
    tokens=12_345,
    usd=0.0321,
    run_url="https://dev.azure.com/org/Shop/_build/results?buildId=5",
)


def test_the_description_shows_the_evidence_for_each_criterion() -> None:
    text = description(REPORT)

    assert text.startswith("**Ready for review.** The required checks found nothing against this change.\n")
    assert "1. ✅ proved: Half a cent is rounded up" in text
    assert "`tests/test_cart.py::test_half_up`: failed before ✓, passes after ✓" in text
    assert "2. 💬 claimed: It is shown" in text
    assert "Only the model says so: no test confirms it." in text
    assert "| tests | 12 passed | ✅ passes: 13 passed |" in text
    assert "`src/cart.py` +3 \N{MINUS SIGN}1" in text
    assert "$0.03" in text


def test_new_and_known_failures_are_listed_separately() -> None:
    verdict = replace(
        VERDICT, new_failures=(Failure("tests", "t::new", "x"),), known_failures=(Failure("tests", "t::old", "x"),)
    )
    text = description(
        replace(REPORT, verdict=verdict, draft_reasons=("1 required test or check fails since this change.",))
    )

    assert text.startswith("**Draft.** 1 required test or check fails since this change.\n")
    assert "Failing since this change:\n- `t::new`" in text
    assert "Already failing before this change, and still failing: `t::old`.\n" in text


@pytest.mark.parametrize(
    ("standing", "shown"),
    [
        ("passes", "✅ passes: 11 errors"),
        ("fails", "❌ fails: 11 errors"),
        ("lost tests", "❌ lost tests: 11 errors"),
        ("flaky", "⚠️ flaky: 11 errors"),
        ("fails as before", "⚠️ fails as before: 11 errors"),
    ],
)
def test_the_mark_of_a_check_has_a_word_beside_it(standing: CheckStanding, shown: str) -> None:
    line = CheckLine("tests", required=True, before="11 errors", after="11 errors", standing=standing)
    assert f"| tests | 11 errors | {shown} |" in description(replace(REPORT, checks=(line,)))


def test_a_check_without_numbers_needs_no_more_than_its_word() -> None:
    lines = (
        CheckLine("lint", required=True, before="passed", after="passed", standing="passes"),
        CheckLine("docs", required=False, before="not needed", after="not needed", standing="not needed"),
    )
    text = description(replace(REPORT, checks=lines))

    assert "| lint | passed | ✅ passes |" in text
    assert "| docs (advisory) | not needed | ⚪ not needed |" in text


def test_the_chosen_candidate_and_what_it_fixed_are_named() -> None:
    verdict = replace(VERDICT, fixed=tuple(Failure("tests", f"t::{number}", "x") for number in range(4)))
    text = description(replace(REPORT, verdict=verdict, candidate=3, candidates=3))

    assert "Fixed by this change: `t::0`, `t::1`, `t::2` and 1 more.\n" in text
    assert "candidate 3 of 3, 0 repair rounds" in text


def evidence(standing: Standing, *tests: NamedTest, note: str = "") -> CriterionEvidence:
    return CriterionEvidence(len(standing), standing.capitalize(), standing, tests, note)


AS_THEY_WERE = Checks(
    (
        CheckResult(
            "tests",
            "pytest",
            required=True,
            exit_code=1,
            seconds=1.0,
            output="",
            tests=(TestResult("t::old", "passed"), TestResult("t::vat", "failed")),
            remarks=("No report was found at `out.xml`.",),
        ),
    )
)
EVERYTHING = replace(
    REPORT,
    criteria=(
        evidence("passes", NamedTest("t::new", "passed", "passed", changed=True), NamedTest("t::gone")),
        evidence("fails", NamedTest("t::old", "passed", "failed"), NamedTest("t::odd", "error", "skipped")),
        evidence("claimed"),
        evidence("partly", note="Only new *invoices*"),
        evidence("not"),
        evidence("unanswered"),
    ),
    verdict=replace(
        VERDICT,
        old_judge=AS_THEY_WERE,
        forbidden=(ChangedTest("t::vat", "The rate is [lower](https://x.invalid) now.", 2), ChangedTest("t::net", "")),
        new_failures=(
            Failure("tests", "t::broken", "x"),
            Failure("lint", "", "x", required=False),
            Failure("tests", "t::lost", "x", kind="missing"),
            Failure("tests", "t::bent", "x", kind="rewritten"),
            Failure("", "conftest.py", "x", kind="steering"),
            Failure("tests", "", "", kind="judge", remark="The canary passed."),
        ),
        known_failures=(Failure("tests", "t::known", "x"),),
        flaky=(Failure("tests", "t::flaky", "x"),),
        harmless=("t::tidied",),
        moved=(("a::t", "b::t"),),
        unnoticed=("src/cart.py:3",),
    ),
    further_proofs=(
        Proof("t::a", "failed", "passed"),
        Proof("t::b", "failed", "passed", "it reads the source instead of running it"),
    ),
    draft_reasons=("The canary passed.", "1 test fails: `t::broken`."),
    questions=("Is the rate\n# fixed?",),
    files=(*REPORT.files, FileLine("new.py", 9, 0, "added")),
    new_dependencies=(
        Dependency("left-pad", "package.json", "^2", "", "^1"),
        Dependency("right-pad", "package.json", "", "git+https://x.invalid/pad"),
    ),
    steering=(
        SteeringFile("gradlew", "tool wrapper or tool version"),
        SteeringFile("package.json", "package sources", ("overrides.a = 1",), ("overrides.a = 2",)),
    ),
    build_instructions="Run `make`.",
    documentation="```\nSee docs.",
)


def test_everything_that_was_seen_has_its_words_before_those_of_the_model() -> None:
    assert description(EVERYTHING) == ALL_OF_IT


ALL_OF_IT = """\
**Draft**, for these reasons:
- The canary passed.
- 1 test fails: `t::broken`.

### Look at these first: they steer builds, tools or reviews
- `gradlew`: tool wrapper or tool version
- `package.json`: package sources
  - without `overrides.a = 2`
  - with `overrides.a = 1`

### Behaviour that old tests forbade
- `t::vat` forbids what criterion 2 asks for; the model's reason: “The rate is lower (`https://x.invalid`) now.”
- `t::net` forbids what the description asks for

### Acceptance criteria
6. ☑️ passes: Passes
   - `t::new`: passed before, so it proves nothing; passes after ✓
   - `t::gone`: not found in any test report
5. ❌ fails: Fails
   - `t::old`: already passed before, failed after ✗
   - `t::odd`: could not run on the old source, skipped after ✗
7. 💬 claimed: Claimed
   - Only the model says so: no test confirms it.
6. 🟡 partly done: Partly
3. ❌ not done: Not
10. ❔ unanswered: Unanswered
   - The model did not say.

### Other new and changed tests
- `t::a`: failed before ✓, passes after ✓
- `t::b`: proves nothing: it reads the source instead of running it

### Checks
| Check | Before | After |
|---|---|---|
| tests | 12 passed | ✅ passes: 13 passed |

The 2 tests as they were, on the new source: 1 passes, `t::vat` fails.

The checks cannot be believed:
- `tests`: The canary passed.

Edits of what decides how the checks run, left out when it was judged:
- `conftest.py`

Missing or skipped, though they passed before:
- `t::lost`

Rewritten by this change, and failing in their old form, without a criterion that asks for it:
- `t::bent`

Failing since this change:
- `t::broken`
- `lint` (advisory)

No test of this change notices when these places are taken back: `src/cart.py:3`.

In test files that this change edits, and passing as they were, too: `t::tidied`.

Moved or renamed: `a::t` → `b::t`.

Already failing before this change, and still failing: `t::known`.

Flaky, without this change, too (failed here, passed when run again, and fails now and then on the untouched source): `t::flaky`.

Remarks on the checks:
- tests: No report was found at `out.xml`.

Checks run as another account (redimento-checks, by root), which cannot reach the run's secrets.

New and changed dependencies:
- `left-pad` `^2` from the registry, before: `^1`, in `package.json`
- `right-pad` from `git+https://x.invalid/pad`, in `package.json`

### Files
- `src/cart.py` +3 \N{MINUS SIGN}1
- `new.py` added

### In the model's words

> Totals are rounded half up.
>
> On the criteria:
> - 6: Only new \\*invoices\\*
>
> Questions:
> - Is the rate # fixed?
>
> To build:
> Run `make`.
>
> Notes:
> ```
> See docs.
> ```

---
Work item #7 · gemini-3.8-flash, 0 repair rounds, 12,345 tokens, $0.03 · \
[run](https://dev.azure.com/org/Shop/_build/results?buildId=5) · \
written by a model, checked by the commands above: review it like anyone else's.
"""


def test_a_description_without_checks_claims_none() -> None:
    text = description(replace(REPORT, checks=(), verdict=None, run_url="", rounds=1))

    assert "### Checks\nNo checks are configured, so nothing has verified this change." in text
    assert text.endswith(", 1 repair round, 12,345 tokens, $0.03 · written by a model: review it like anyone else's.\n")


def test_a_long_description_loses_the_words_of_the_model_before_evidence() -> None:
    words = " ".join(f"word{number}" for number in range(300))
    files = tuple(FileLine(f"src/{'x' * 90}{number}.py", 1, 0, "changed") for number in range(25))
    text = description(replace(REPORT, summary=words, files=files))

    assert "word150" in description(replace(REPORT, summary=words))
    assert "word20" in text
    assert "word50" not in text
    assert "x24.py" in text
    assert units(text) <= DESCRIPTION_UNITS


CUT = (
    "\n_Shortened: the whole text is the first comment below, and `description.md` among the files of the run._ "
    "<!-- cut -->\n"
)


def test_a_long_description_loses_detail_before_it_is_cut() -> None:
    files = tuple(FileLine(f"src/{'x' * 110}{number}.py", 1, 0, "changed") for number in range(40))
    report = replace(REPORT, files=files, documentation="y" * 150)
    text = description(report)

    assert "- … and 25 more" in text
    assert "y" * 100 in text
    assert text.endswith(CUT)
    assert was_cut(text)
    assert "39.py" in whole(report)
    assert not was_cut(whole(report))


def test_a_description_that_still_does_not_fit_is_cut_at_a_line() -> None:
    criteria = assess(["An invoice shows the total"] * 120, [], None)
    text = description(replace(REPORT, criteria=criteria))

    assert text.endswith(f"\n{CUT}")
    assert "In the model's words" not in text
    assert all(
        line in {"", "   - The model did not say."} or line.endswith("total") for line in text.splitlines()[4:-2]
    )
    assert DESCRIPTION_UNITS - 80 < units(text) <= DESCRIPTION_UNITS


@pytest.mark.parametrize("most", range(40, 50))
def test_a_shortened_text_uses_the_room_it_has(most: int) -> None:
    kept = shortened("a\n" * 100, most, "\nThe end.\n").removesuffix("\nThe end.\n")

    assert units(kept) + 10 in {most - 1, most}
    assert set(kept.splitlines()) == {"a"}


def test_a_whole_text_is_no_longer_than_a_comment_may_be() -> None:
    criteria = assess([f"An invoice shows the total {'x' * 250}"] * 900, [], None)
    assert 99_000 < units(whole(replace(REPORT, criteria=criteria))) <= 100_000


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
