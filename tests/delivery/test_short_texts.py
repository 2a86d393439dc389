"""Title, commit message and comment: the texts beside the description."""

from __future__ import annotations

from dataclasses import replace

import pytest

from redimento.delivery.texts import comment, commit_body, title
from redimento.outcome import Outcome
from redimento.work_items.item import Kind
from tests.delivery.test_texts import EVERYTHING, ITEM, REPORT


def test_the_commit_body_has_the_evidence_and_then_the_words_of_the_model() -> None:
    report = replace(REPORT, summary="Return List<int> for #12, fixes AB#3. " + "Round half up. " * 10)

    assert commit_body(report) == (
        "The required checks found nothing against this change.\n"
        "Criteria: 1 proved, 2 claimed.\n"
        "Check `tests`: before, 12 passed; after, 13 passed (passes).\n"
        "\n"
        "In the model's words:\n"
        "\n"
        "> Return List<int> for no. 12, fixes AB no. 3. Round half up. Round half\n"
        "> up. Round half up. Round half up. Round half up. Round half up. Round\n"
        "> half up. Round half up. Round half up. Round half up.\n"
        ">\n"
        "> On the criteria:\n"
        "> - 2: cart.html"
    )
    assert len(commit_body(replace(REPORT, summary="x " * 9_000))) <= 4_000


def test_the_commit_body_of_a_draft_begins_with_the_reasons() -> None:
    body = commit_body(EVERYTHING)

    assert body.startswith(
        "Draft: The canary passed.\n"
        "Draft: 1 test fails: `t::broken`.\n"
        "The old test `t::vat` forbade what criterion 2 asks for.\n"
        "The old test `t::net` forbade what the description asks for.\n"
    )
    assert "The 2 tests as they were, on the new source: 1 passes, `t::vat` fails.\n" in body
    assert body.endswith("> Notes:\n> ```\n> See docs.")
    assert max(map(len, body.splitlines())) <= 72


def test_a_commit_body_without_checks_or_words_is_empty() -> None:
    assert commit_body(replace(REPORT, summary="", checks=(), verdict=None, criteria=())) == ""


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Rounding fixes #42", "Rounding fixes no. 42"),
        ("AB#42, resolves AB#12", "AB no. 42, resolves AB no. 12"),
        ("(#4) [#5] !6", "(no. 4) [no. 5] ! 6"),
        ("Fixes #\u200b42 and ##7", "Fixes no. 42 and #no. 7"),
        ("Move to C#12 and F#9", "Move to C# 12 and F# 9"),
        ("Issue # 4, C# and 100 %!", "Issue # 4, C# and 100 %!"),
    ],
)
def test_a_title_cannot_close_or_link_another_item(typed: str, shown: str) -> None:
    assert title("{title}", replace(ITEM, title=typed)) == shown
    assert title("#{id} {title}", replace(ITEM, title=typed)) == f"#7 {shown}"


@pytest.mark.parametrize("length", [250, 251])
def test_only_a_title_that_is_too_long_is_cut(length: int) -> None:
    line = title("{title}", replace(ITEM, title="x" * length))
    assert line == ("x" * 250 if length == 250 else "x" * 249 + "…")


@pytest.mark.parametrize(("kind", "shown"), [("story", "feat"), ("bug", "fix"), ("task", "chore")])
def test_a_title_can_begin_with_the_kind_of_the_change(kind: Kind, shown: str) -> None:
    item = replace(ITEM, kind=kind, title="Round {kind} {title}")
    assert title("{kind}: {title} (AB#{id})", item) == f"{shown}: Round {{kind}} {{title}} (AB#7)"


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
        (Outcome("questions", "", questions=("Which <b>rounding</b>?",)), "**1.** Which &lt;b>rounding&lt;/b>?"),
        (Outcome("failed", "The token has no right.", "Grant it."), "Grant it."),
    ],
)
def test_the_comment_reports_what_happened_and_what_to_do(outcome: Outcome, expected: str) -> None:
    text = comment(ITEM, outcome, REPORT, marker="Redimento, web", reference="abc")

    assert text.startswith("**Redimento, web**")
    assert expected in text
    assert "reference abc" in text


def test_the_comment_on_a_delivery_has_the_evidence_in_short() -> None:
    outcome = Outcome("draft", "1 test fails.", "Look.", pull_request_id=4, pull_request_url="https://x/4")

    report = replace(REPORT, draft_reasons=("1 test fails.",))

    assert comment(ITEM, outcome, report, marker="Redimento, web", reference="abc").strip() == (
        "**Redimento, web**\n\n"
        "🟡 [Draft pull request 4](https://x/4) is open, but not fully verified.\n\n"
        "**Draft.** 1 test fails.\n\n"
        "Acceptance criteria, proved by a test that failed before: 1 of 2\n"
        "1. ✅ proved: Half a cent is rounded up\n"
        "2. 💬 claimed: It is shown\n"
        "   - Only the model says so: no test confirms it.\n\n"
        "Checks:\n\n"
        "| Check | Before | After |\n"
        "|---|---|---|\n"
        "| tests | 12 passed | ✅ passes: 13 passed |\n\n"
        "Checks run as another account (redimento-checks, by root), which cannot reach the run's secrets.\n\n"
        "In the model's words:\n\n"
        "> Totals are rounded half up.\n"
        ">\n"
        "> On the criteria:\n"
        "> - 2: cart.html\n\n"
        "[Run](https://dev.azure.com/org/Shop/_build/results?buildId=5), $0.03, reference abc"
    )


def test_the_comment_on_a_failure_is_short() -> None:
    outcome = Outcome("failed", "The token has no right.", "Grant it.")

    assert comment(ITEM, outcome, None, marker="Redimento, web", reference="abc").strip() == (
        "**Redimento, web**\n\nThe token has no right.\nGrant it.\n\nreference abc"
    )
