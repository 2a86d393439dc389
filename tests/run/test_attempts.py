"""Whole runs with repairs and several candidates."""

from __future__ import annotations

import json

from tests.run.conftest import BAD_FIX, CALC, GOOD_FIX, REPAIR, Site

PULL_REQUESTS = "_apis/git/repositories/calc/pullrequests"
THREE = {"model": {"candidates": 3}, "checks": {"repair_rounds": 0}}
# Breaks the test that was there before, in a file that the change does not touch.
BREAKS_ZERO = GOOD_FIX.replace("return a + b", "return a + b or 1").partition("```python\ntests/")[0]
WORSE = GOOD_FIX.replace("return a + b", "return None")


def description(site: Site, number: int) -> str:
    return str(site.get(f"{PULL_REQUESTS}/{number}")["description"])


def test_a_later_candidate_is_chosen_if_the_first_is_not_verified(site: Site) -> None:
    ended = site.run([BAD_FIX, GOOD_FIX], THREE)

    assert ended.kind == "delivered", ended.finished.outcome
    assert [attempt.number for attempt in ended.finished.attempts] == [2, 1]
    assert "candidate 2 of 2" in description(site, ended.finished.outcome.pull_request_id)


def test_without_a_setup_candidates_use_what_was_installed_into_the_checkout(site: Site) -> None:
    """A worktree would lack it: git ignores it, and no setup installs it again."""
    (site.checkout / "__pycache__").mkdir()
    (site.checkout / "__pycache__" / "installed").touch()
    check = {"name": "tests", "run": "test -e __pycache__/installed && python3 run_tests.py", "junit": "report.xml"}
    ended = site.run([BAD_FIX, GOOD_FIX], {**THREE, "checks": {"repair_rounds": 0, "commands": [check]}})

    assert ended.kind == "delivered", ended.finished.outcome
    assert ended.finished.attempts[0].number == 2
    assert (site.checkout / "calc.py").read_text() == CALC


def test_with_a_setup_later_candidates_have_their_own_worktrees(site: Site) -> None:
    setup = ['echo "$PWD" >> "$HOME/../../../places"']
    ended = site.run([BAD_FIX, GOOD_FIX], {**THREE, "checks": {"repair_rounds": 0, "setup": setup}})

    assert ended.kind == "delivered", ended.finished.outcome
    places = (site.tmp / "agent-temp" / "places").read_text()
    assert [place == str(site.checkout) for place in places.splitlines()] == [True, False, False]


def test_the_run_folder_keeps_the_change_of_the_chosen_candidate(site: Site) -> None:
    ended = site.run([BAD_FIX, WORSE, WORSE], THREE)

    assert ended.kind == "draft"
    assert ended.finished.attempts[0].number == 1
    assert "+    return a * b" in (ended.folder / "change.patch").read_text()


def test_the_model_sees_the_test_that_it_broke(site: Site) -> None:
    ended = site.run([BREAKS_ZERO, GOOD_FIX.replace("return a - b", "return a + b or 1")])

    assert ended.kind == "delivered", ended.finished.outcome
    prompt = ended.conversation()[1]["request"]["messages"][0]["text"]
    assert "self.assertEqual(add(0, 0), 0)" in prompt.partition("# These files as they are now")[2]


def test_missing_criteria_are_requested_once_and_answered_by_a_head_alone(site: Site) -> None:
    forgetful = GOOD_FIX.replace('"criteria": [{"id": 1', '"criteria": [{"id": 5')
    ended = site.run([forgetful, '```json\n{"criteria": [{"id": 1, "status": "done", "tests": ["test_two"]}]}\n```'])

    assert ended.kind == "delivered"
    assert len(ended.conversation()) == 2
    assert "failed before ✓" in description(site, ended.finished.outcome.pull_request_id)


def test_a_check_that_fails_as_a_whole_before_and_after_verifies_nothing(site: Site) -> None:
    broken = [{"name": "tests", "run": "echo no such module; exit 2"}]
    ended = site.run([GOOD_FIX], {"checks": {"commands": broken}})

    assert ended.kind == "draft"
    text = description(site, ended.finished.outcome.pull_request_id)
    assert "No required check could judge this change" in text
    assert "| tests | failed, exit code 2 | ⚠️ fails as before: failed, exit code 2 |" in text


def test_the_repair_continues_from_a_fresh_start_that_helped(site: Site) -> None:
    no_better = REPAIR.replace("return a * b", "return None").replace("return a + b", 'return "something else"')
    ended = site.run([WORSE, no_better, BAD_FIX, REPAIR])

    assert ended.kind == "delivered", ended.finished.outcome
    purposes = [call["purpose"] for call in ended.conversation()]
    assert purposes == ["author", "repair", "fresh start", "repair"]
    record = json.loads((ended.folder / "record.json").read_text())
    assert record["candidates"][0]["failuresByRound"] == [2, 2, 1, 0]
