"""What a run says of its cost when a call was lost: the most that it can have been, marked as estimated."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.models.gemini_server import Answer, GeminiServer, text
from tests.run.conftest import GOOD_FIX, RUNNER, Answers, Site, organise, site

__all__ = ["organise", "site"]  # fixtures


def test_lost_call_is_part_of_the_cost_and_marked_everywhere(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with GeminiServer(Answer(how="reset"), text(GOOD_FIX)) as gemini:
        monkeypatch.setenv("GEMINI_API_KEY", "AQ.the-key-of-this-run-0123456789")
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", gemini.url)
        ended = site.run([], {"model": {"sdk": "google-genai", "name": "gemini-4-neon", "thinking": "high"}})
        assert len(gemini.calls) == 2

    spent = ended.finished.spent
    assert (spent.calls, spent.estimated) == (2, 1)
    assert 0.49 < spent.estimated_usd < spent.usd  # 32,768 tokens of output at $15 per million, and the prompt
    for name in ("summary.md", "report.html"):
        assert f"${spent.estimated_usd:.4f} of it estimated, for 1 call" in (ended.folder / name).read_text()
    pull_request = site.get("_apis/git/repositories/calc/pullrequests/1")
    assert f"(${spent.estimated_usd:.2f} of it estimated)" in pull_request["description"]


def test_question_does_not_carry_code_out_of_the_repository(site: Site) -> None:
    line = 'out.write(f"<testcase classname={quoteattr(owner)} name={quoteattr(last)}>{inner}</testcase>")'
    asked = [f"Is {line} right?", *(f"Question {number}?" for number in range(20)), "x" * 1_000]
    ended = site.run([{"text": json.dumps({"questions": asked})}])

    assert ended.kind == "questions"
    assert len(ended.finished.outcome.questions) == 5
    (comment,) = site.get("_apis/wit/workItems/7/comments", api_version="7.1-preview.4")["comments"]
    assert "quoteattr" not in comment["text"]
    assert "Question 3?" in comment["text"]
    assert "Question 4?" not in comment["text"]


def test_comment_does_not_carry_code_that_was_looked_up(
    organise: Callable[..., Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    line = "return quantity * 0.0731 + base_margin_of_dealers"
    monkeypatch.setattr("tests.run.conftest.RUNNER", f"{RUNNER}\ndef price(quantity):\n    {line}\n")
    site = organise()
    answers: Answers = [
        json.dumps({"read": ["run_tests.py"]}),
        json.dumps({"questions": [f"Is {line} right?"]}),
    ]
    asked = site.run(answers, {"context": {"exclude": []}})
    site.change_item(description="<p>Once more.</p>")
    idle = site.run([json.dumps({"nothing_to_do": f"It has {line} already. {'x' * 2_000}"})])

    assert (asked.kind, idle.kind) == ("questions", "skipped")
    (comment,) = site.get("_apis/wit/workItems/7/comments", api_version="7.1-preview.4")["comments"]
    assert "The model found nothing to change: It has" in comment["text"]
    assert "margin" not in "".join([*asked.finished.outcome.questions, comment["text"]])
