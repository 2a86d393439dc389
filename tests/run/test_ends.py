"""What every run leaves, however it ends, and what two runs keep each other from."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from redimento.locks import held
from tests.run.conftest import CALC, GOOD_FIX, Site


def test_a_failed_delivery_still_tells_what_was_made_and_checked(organise: Callable[..., Site]) -> None:
    site = organise(seed={"deny": ["CreateBranch"]})
    ended = site.run([GOOD_FIX])

    record = json.loads((ended.folder / "record.json").read_text())
    assert record["outcome"]["kind"] == "failed"
    assert record["candidates"][0]["verified"] is True
    assert "<testcase" in (ended.folder / "junit.xml").read_text()
    assert "return a + b" in (ended.folder / "report.html").read_text()


def test_a_run_that_cannot_start_leaves_an_earlier_change_where_it_is(site: Site) -> None:
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
    ended = site.run([GOOD_FIX], run_dir=site.tmp)  # the recording of the tests lies there

    assert "lies in the folder that this run writes to" in ended.finished.outcome.sentence
    assert (earlier.folder / "conversation.jsonl").read_text() == said
    assert (site.tmp / "answers-2.jsonl").exists()


def test_a_second_run_in_one_checkout_leaves_the_tree_of_the_first_alone(site: Site) -> None:
    (site.checkout / "calc.py").write_text("a change under way\n")
    with held(str(site.checkout), "taken"):
        ended = site.carry_out([GOOD_FIX])

    assert ended.finished.outcome.kind == "skipped"
    assert ended.folder is None
    assert (site.checkout / "calc.py").read_text() == "a change under way\n"


def test_a_target_that_is_not_there_is_told_before_anything_is_spent(site: Site) -> None:
    ended = site.run([GOOD_FIX], {"pull_request": {"target": "gone"}})

    assert ended.finished.outcome.exit_code == 2
    assert "no branch gone" in ended.finished.outcome.sentence
    assert not (ended.folder / "conversation.jsonl").exists()


def test_a_dry_run_promises_no_pull_request(site: Site) -> None:
    ended = site.run([GOOD_FIX], dry_run=True)

    assert ended.kind == "delivered"
    assert "dry run" in ended.finished.outcome.sentence
    assert ended.finished.outcome.pull_request_id == 0


def test_a_skipped_run_says_where_the_answer_is(site: Site) -> None:
    first = site.run([GOOD_FIX])
    second = site.run([])

    assert second.finished.outcome.pull_request_url == first.finished.outcome.pull_request_url


def test_a_defect_of_ours_is_told_like_any_other_end(site: Site, tmp_path: Path) -> None:
    journal = site.checkout / ".git" / "redimento-journal"
    journal.mkdir()  # nothing of ours makes a folder of that name
    ended = site.run([GOOD_FIX])

    assert ended.finished.outcome.exit_code == 1
    assert "Traceback" not in str(ended.finished.outcome)
    assert (ended.folder / "record.json").is_file()
    assert site.emulator.token not in (ended.folder / "defect.txt").read_text()
    assert (site.checkout / "calc.py").read_text() == CALC


def test_answers_without_anything_in_them_end_in_a_sentence_that_says_so(site: Site) -> None:
    ended = site.run(['```json\n{"summary": "nothing"}\n```'] * 3)

    assert ended.finished.outcome.exit_code == 4
    assert ended.finished.outcome.sentence.endswith("no edit and no question in it.")


def test_an_answer_that_holds_the_jobs_own_token_is_refused(site: Site) -> None:
    leaking = GOOD_FIX.replace("return a + b", f"return a + b  # {site.emulator.token}")
    ended = site.run([leaking] * 9)

    assert ended.kind == "failed"
    assert ended.finished.outcome.exit_code == 4
    assert "secret" in ended.finished.outcome.sentence
    assert site.emulator.token not in ended.finished.outcome.sentence
