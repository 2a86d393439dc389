"""What a run says of its cost when a call was lost: the most that it can have been, marked as estimated."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from redimento.events import Note, Warned
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
    line = next(line.strip() for line in RUNNER.splitlines() if "<testcase" in line)
    asked = [f"Is {line} right?", *(f"Question {number}?" for number in range(20)), "x" * 1_000]
    ended = site.run([{"text": json.dumps({"questions": asked})}])

    assert ended.kind == "questions"
    assert len(ended.finished.outcome.questions) == 5
    (comment,) = site.get("_apis/wit/workItems/7/comments", api_version="7.1-preview.4")["comments"]
    assert "escape(owner)" not in comment["text"]
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


MODEL = {"model": {"sdk": "google-genai", "name": "gemini-4-neon", "thinking": "high"}}


@pytest.fixture
def gemini(monkeypatch: pytest.MonkeyPatch) -> Iterator[GeminiServer]:
    with GeminiServer(text(GOOD_FIX)) as server:
        monkeypatch.setenv("GEMINI_API_KEY", "AQ.the-key-of-this-run-0123456789")
        monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", server.url)
        yield server


def test_second_run_that_asks_the_same_pays_nothing_and_says_what_that_saved(
    site: Site, gemini: GeminiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIMENTO_STORE", str(tmp_path / "store"))
    site.variables |= {"BUILD_REASON": "ResourceTrigger"}  # no person queued either of them
    first = site.run([], MODEL, dry_run=True)
    second = site.run([], MODEL)

    assert second.kind == "delivered"
    assert len(gemini.calls) == 1
    spent = second.finished.spent
    assert (spent.calls, spent.usd, spent.kept) == (0, 0, 1)
    assert spent.saved_usd > 0
    assert spent.saved_usd == pytest.approx(first.finished.spent.usd + first.finished.spent.saved_usd)
    for name in ("summary.md", "report.html"):
        assert f"${spent.saved_usd:.4f} saved (1 answer of earlier calls)" in (second.folder / name).read_text()
    assert json.loads((second.folder / "record.json").read_text())["spent"]["saved_usd"] == spent.saved_usd
    (line,) = (second.folder / "conversation.jsonl").read_text().splitlines()
    assert json.loads(line)["kept"]
    notes = [event.text for event in second.events if isinstance(event, Note)]
    assert any(
        re.fullmatch(r"About \$0\.\d\d and 1 minute, from the last run of this repository\.", note) for note in notes
    )


def test_whoever_queues_a_run_by_hand_gets_another_try(
    site: Site, gemini: GeminiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIMENTO_STORE", str(tmp_path / "store"))
    for _ in range(2):
        site.run([], MODEL, dry_run=True)
    assert len(gemini.calls) == 2


def test_day_without_money_ends_the_run_before_anything_is_sent(
    site: Site, gemini: GeminiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIMENTO_STORE", str(tmp_path / "store"))
    ended = site.run([], {"model": {**MODEL["model"], "max_cost_usd_per_day": 0.1}})

    assert ended.finished.outcome.exit_code == 5
    assert "model.max_cost_usd_per_day" in ended.finished.outcome.remedy
    assert gemini.calls == []


def test_store_that_is_broken_is_one_warning_of_a_run_that_delivers(
    site: Site, gemini: GeminiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "store").write_text("a file, where the folder should be")
    monkeypatch.setenv("REDIMENTO_STORE", str(tmp_path / "store"))
    ended = site.run([], MODEL)

    assert ended.kind == "delivered"
    assert len([event for event in ended.events if isinstance(event, Warned) and "The store" in event.text]) == 1


def test_redis_that_is_not_there_is_one_warning_without_its_password(
    site: Site, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIMENTO_REDIS_URL", "redis://:hunter22-hunter22@127.0.0.1:1/0")
    ended = site.run([], MODEL)

    assert ended.kind == "delivered"
    (warning,) = (event.text for event in ended.events if isinstance(event, Warned) and "The store" in event.text)
    assert "ConnectionError" in warning
    assert "hunter22" not in "".join(file.read_text() for file in ended.folder.iterdir() if file.is_file())


def test_address_that_is_no_redis_ends_the_run_without_showing_it(
    site: Site, gemini: GeminiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIMENTO_REDIS_URL", "http://:hunter22-hunter22@127.0.0.1:1/0")
    ended = site.run([], MODEL)

    assert "REDIMENTO_REDIS_URL is no address of a Redis server" in ended.finished.outcome.sentence
    assert "hunter22" not in str(ended.finished.outcome)
