"""What runs leave behind, however they end, and how they exclude each other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from redimento.locks import held
from tests.run.conftest import CALC, GOOD_FIX, Site, refusing_pushes


def test_a_failed_delivery_still_reports_the_change_and_its_checks(
    organise: Callable[..., Site], tmp_path: Path
) -> None:
    ended = organise(seed=refusing_pushes(tmp_path)).run([GOOD_FIX])

    record = json.loads((ended.folder / "record.json").read_text())
    assert record["outcome"]["kind"] == "failed"
    assert record["candidates"][0]["verified"] is True
    assert "<testcase" in (ended.folder / "junit.xml").read_text()
    assert "return a + b" in (ended.folder / "report.html").read_text()


def test_a_run_that_cannot_start_keeps_the_record_of_an_earlier_change(site: Site) -> None:
    earlier = site.run([GOOD_FIX])
    ended = site.run([], {"model": {"sdk": "google-genai"}})

    assert ended.finished.outcome.exit_code == 2
    assert "GEMINI_API_KEY" in ended.finished.outcome.sentence
    assert ended.folder == earlier.folder
    assert "+    return a + b" in (ended.folder / "change.patch").read_text()
    assert "could not start" in (ended.folder / "summary.md").read_text()


def test_a_recording_is_not_overwritten_by_its_own_replay(site: Site) -> None:
    earlier = site.run([GOOD_FIX])
    said = (earlier.folder / "conversation.jsonl").read_text()
    ended = site.run([GOOD_FIX], run_dir=site.tmp)  # where the recording is

    assert "is in the folder that this run writes to" in ended.finished.outcome.sentence
    assert (earlier.folder / "conversation.jsonl").read_text() == said
    assert (site.tmp / "answers-2.jsonl").exists()


def test_a_second_run_in_one_checkout_leaves_the_tree_of_the_first_alone(site: Site) -> None:
    (site.checkout / "calc.py").write_text("a change under way\n")
    with held(str(site.checkout), "taken"):
        ended = site.carry_out([GOOD_FIX])

    assert ended.finished.outcome.kind == "skipped"
    assert ended.folder is None
    assert (site.checkout / "calc.py").read_text() == "a change under way\n"


def test_a_missing_target_branch_is_reported_before_anything_is_spent(site: Site) -> None:
    ended = site.run([GOOD_FIX], {"pull_request": {"target": "gone"}})

    assert ended.finished.outcome.exit_code == 2
    assert "The target branch gone does not exist" in ended.finished.outcome.sentence
    assert not (ended.folder / "conversation.jsonl").exists()


def test_a_dry_run_announces_no_pull_request(site: Site) -> None:
    ended = site.run([GOOD_FIX], dry_run=True)

    assert ended.kind == "delivered"
    assert "dry run" in ended.finished.outcome.sentence
    assert ended.finished.outcome.pull_request_id == 0


def test_a_skipped_run_links_the_existing_pull_request(site: Site) -> None:
    first = site.run([GOOD_FIX])
    second = site.run([])

    assert second.finished.outcome.pull_request_url == first.finished.outcome.pull_request_url


def test_a_bug_is_recorded_like_any_other_failure(site: Site, tmp_path: Path) -> None:
    journal = site.checkout / ".git" / "redimento-journal"
    journal.mkdir()  # where we expect a file
    ended = site.run([GOOD_FIX])

    assert ended.finished.outcome.exit_code == 1
    assert "Traceback" not in str(ended.finished.outcome)
    assert (ended.folder / "record.json").is_file()
    assert site.emulator.token not in (ended.folder / "defect.txt").read_text()
    assert (site.checkout / "calc.py").read_text() == CALC


def test_empty_answers_end_the_run_with_an_explanation(site: Site) -> None:
    ended = site.run(['```json\n{"summary": "nothing"}\n```'] * 3)

    assert ended.finished.outcome.exit_code == 4
    assert ended.finished.outcome.sentence.endswith("nothing is inferred from an answer without edits.")


def test_an_answer_that_contains_the_token_of_the_job_is_refused(site: Site) -> None:
    leaking = GOOD_FIX.replace("return a + b", f"return a + b  # {site.emulator.token}")
    ended = site.run([leaking] * 9)

    assert ended.kind == "failed"
    assert ended.finished.outcome.exit_code == 4
    assert "secret" in ended.finished.outcome.sentence
    assert site.emulator.token not in ended.finished.outcome.sentence
