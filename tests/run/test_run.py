"""One work item → one pull request, against the emulated organisation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from redimento.change.edit import Change, FileChange
from redimento.change.writer import write
from tests.run.conftest import BAD_FIX, CALC, GOOD_FIX, REPAIR, Site, git, refusing_pushes

PULL_REQUESTS = "_apis/git/repositories/calc/pullrequests"


def pull_request(site: Site, number: int) -> dict[str, object]:
    found: dict[str, object] = site.get(f"{PULL_REQUESTS}/{number}")
    return found


def tree_is_restored(site: Site) -> bool:
    return git(site.checkout, "status", "--porcelain").strip() == ""


def test_a_verified_change_becomes_one_pull_request_with_its_proof(site: Site) -> None:
    ended = site.run([GOOD_FIX])

    assert ended.kind == "delivered", ended.finished.outcome
    opened = pull_request(site, ended.finished.outcome.pull_request_id)
    assert opened["isDraft"] is False
    assert opened["title"] == "add adds"
    text = str(opened["description"])
    assert "add\\(1, 1\\) is 2" in text or "add(1, 1) is 2" in text
    assert "failed before ✓, passes after ✓" in text
    assert "#7" in text
    linked = site.get(f"{PULL_REQUESTS}/{opened['pullRequestId']}/workitems")
    assert [row["id"] for row in linked["value"]] == ["7"]
    assert tree_is_restored(site)
    assert (site.checkout / "calc.py").read_text() == CALC


def test_the_commit_contains_only_the_change(site: Site) -> None:
    ended = site.run([GOOD_FIX])

    changed = git(site.checkout, "diff", "--name-only", "HEAD", ended.finished.outcome.commit).split()
    assert changed == ["calc.py", "tests/test_calc.py"]
    message = git(site.checkout, "log", "-1", "--format=%an <%ae>%n%B", ended.finished.outcome.commit)
    assert "Redimento <redimento@noreply.invalid>" in message
    assert "Redimento-Work-Item: 7" in message


def test_the_run_folder_has_every_step_and_no_secret(site: Site) -> None:
    ended = site.run([GOOD_FIX])

    names = {path.name for path in ended.folder.iterdir()}
    assert {
        "work-item.json", "context.json", "conversation.jsonl", "change.patch", "verification.json", "delivery.json",
        "record.json", "summary.md", "report.html", "junit.xml",
    } <= names  # fmt: skip
    for path in ended.folder.rglob("*"):
        assert path.is_dir() or site.emulator.token not in path.read_text("utf-8", "replace"), path


def test_later_runs_update_the_one_comment_on_the_item(site: Site) -> None:
    site.run([BAD_FIX, *["nothing to say"] * 9])
    site.run([GOOD_FIX])

    comments = site.get("_apis/wit/workItems/7/comments", api_version="7.1-preview.4")["comments"]
    assert len(comments) == 1
    assert "ready for review" in comments[0]["text"]


def test_new_failures_go_back_to_the_model_and_the_repair_is_delivered(site: Site) -> None:
    ended = site.run([BAD_FIX, REPAIR])

    assert ended.kind == "delivered", ended.finished.outcome
    assert ended.finished.attempts[0].rounds == 1
    prompt = ended.conversation()[1]["request"]["messages"][0]["text"]
    assert "test_two" in prompt
    assert "return a * b" in prompt


def test_a_change_that_stays_broken_becomes_a_draft(site: Site) -> None:
    ended = site.run([BAD_FIX, *[REPAIR.replace("a + b", "a * b * 1")] * 3])

    assert ended.kind == "draft"
    opened = pull_request(site, ended.finished.outcome.pull_request_id)
    assert opened["isDraft"] is True
    _, _, shown = str(opened["description"]).partition("-->\n")
    assert shown.startswith("**Draft**, for these reasons:\n- ")
    assert "test_two" in str(opened["description"])


def test_without_checks_the_pull_request_is_a_draft_that_explains_how_to_add_them(site: Site) -> None:
    ended = site.run([GOOD_FIX], {"checks": {"commands": []}})

    assert ended.kind == "draft"
    assert "checks.commands" in str(pull_request(site, ended.finished.outcome.pull_request_id)["description"])


def test_questions_are_asked_on_the_item_and_not_asked_twice(site: Site) -> None:
    first = site.run(['```json\n{"questions": ["Which rounding?"]}\n```'])
    second = site.run([])

    assert first.kind == "questions"
    assert second.kind == "skipped"
    assert "not answered" in second.finished.outcome.sentence
    comments = site.get("_apis/wit/workItems/7/comments", api_version="7.1-preview.4")["comments"]
    assert "Which rounding?" in comments[0]["text"]


def test_the_next_run_continues_once_the_questions_are_answered(site: Site) -> None:
    site.run(['```json\n{"questions": ["Which rounding?"]}\n```'])
    site.change_item(description="<p>calc.add subtracts. It should add. No rounding.</p>")

    assert site.run([GOOD_FIX]).kind == "delivered"


def test_the_model_may_read_and_search_before_it_answers(site: Site) -> None:
    ended = site.run(['```json\n{"read": ["calc.py"], "search": ["def add"]}\n```', GOOD_FIX])

    assert ended.kind == "delivered"
    material = ended.conversation()[1]["request"]["messages"][-1]["text"]
    assert material.count("def add(a, b)") >= 2


def test_a_second_run_of_a_finished_item_does_nothing(site: Site) -> None:
    first = site.run([GOOD_FIX])
    second = site.run([])

    assert second.kind == "skipped"
    assert f"Pull request {first.finished.outcome.pull_request_id}" in second.finished.outcome.sentence


def test_a_changed_item_updates_the_same_branch_and_pull_request(site: Site) -> None:
    first = site.run([GOOD_FIX])
    site.change_item(description="<p>It should add, and say so.</p>")
    second = site.run([GOOD_FIX.replace("return a + b", "return a + b  # the sum")])

    assert second.kind == "delivered", second.finished.outcome
    assert second.finished.outcome.pull_request_id == first.finished.outcome.pull_request_id
    parents = git(site.checkout, "log", "-1", "--format=%P", second.finished.outcome.commit).split()
    assert parents == [first.finished.outcome.commit]


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"work_items": {"states": ["Ready"]}}, "state"),
        ({"work_items": {"tags": ["auto"]}}, "tag"),
        ({"work_items": {"types": ["Bug"]}}, "type"),
    ],
)
def test_an_item_that_is_not_admitted_is_skipped_before_anything_is_spent(
    site: Site, settings: dict[str, object], reason: str
) -> None:
    ended = site.run([], settings)

    assert ended.kind == "skipped"
    assert reason in ended.finished.outcome.sentence.lower()
    assert not (ended.folder / "conversation.jsonl").exists()


def test_a_dry_run_writes_nothing_outside_and_lists_what_it_would_write(site: Site) -> None:
    ended = site.run([GOOD_FIX], dry_run=True)

    assert any(call.startswith("git push ") for call in ended.calls), ended.calls
    assert any("pullrequests" in call for call in ended.calls)
    assert site.get(PULL_REQUESTS, query={"searchCriteria.status": "all"})["value"] == []
    assert site.get("_apis/wit/workItems/7/comments", api_version="7.1-preview.4")["comments"] == []
    assert site.emulator.token not in "".join(ended.calls)


def test_a_limit_on_money_ends_the_run_before_the_call(site: Site) -> None:
    prices = {"input_usd_per_million": 1000.0, "output_usd_per_million": 1000.0, "max_cost_usd": 0.01}
    ended = site.run([GOOD_FIX], {"model": prices})

    assert ended.kind == "failed"
    assert ended.finished.outcome.exit_code == 5
    assert "model.max_cost_usd" in ended.finished.outcome.remedy


def test_a_refused_push_keeps_the_change(organise: Callable[..., Site], tmp_path: Path) -> None:
    site = organise(seed=refusing_pushes(tmp_path))
    ended = site.run([GOOD_FIX])

    assert ended.kind == "failed"
    assert ended.finished.outcome.exit_code == 3
    assert "+    return a + b" in (ended.folder / "change.patch").read_text()
    assert tree_is_restored(site)


def test_a_missing_permission_on_the_board_is_reported_before_anything_is_spent(organise: Callable[..., Site]) -> None:
    site = organise(seed={"deny": ["WorkItemWrite"]})
    ended = site.run([GOOD_FIX])

    assert ended.kind == "failed"
    assert ended.finished.outcome.exit_code == 3
    assert "Build Service" in str(ended.finished.outcome)
    assert not (ended.folder / "conversation.jsonl").exists()


def test_the_claim_is_released_after_success_and_after_failure(site: Site) -> None:
    site.run([GOOD_FIX])
    assert "redimento" not in site.get("_apis/wit/workitems/7")["fields"].get("System.Tags", "")
    site.change_item(description="<p>Once more.</p>")
    site.run([])
    assert "redimento" not in site.get("_apis/wit/workitems/7")["fields"].get("System.Tags", "")


def test_hostile_text_in_item_and_answer_never_becomes_a_command_or_a_link(organise: Callable[..., Site]) -> None:
    site = organise(**{"System.Title": "add ##vso[task.complete result=Succeeded;]done\u202e"})
    answer = GOOD_FIX.replace(
        "add() adds.", "![x](http://evil.invalid/x.png) ##vso[task.setvariable variable=a]b <b>#999</b>"
    )
    ended = site.run([answer])

    opened = pull_request(site, ended.finished.outcome.pull_request_id)
    for text in (str(opened["title"]), str(opened["description"])):
        assert "##vso" not in text
        assert "![x](" not in text
        assert "<b>" not in text


def test_the_state_changes_if_the_settings_ask_for_it(site: Site) -> None:
    site.run([GOOD_FIX], {"updates": {"state_delivered": "Resolved"}})

    assert site.get("_apis/wit/workitems/7")["fields"]["System.State"] == "Resolved"


def test_the_next_run_undoes_a_killed_one(site: Site) -> None:
    journal = site.checkout / ".git" / "redimento-journal"
    write(site.checkout, Change((FileChange("calc.py", CALC.encode(), b"broken"),)), journal)
    ended = site.run([GOOD_FIX])

    assert ended.kind == "delivered"
    assert (site.checkout / "calc.py").read_text() == CALC
