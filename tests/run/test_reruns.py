"""Reruns converge: killed, raced or repeated, runs of one item leave one branch, pull request, comment and link."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redimento.azure.boards import AzureBoard
from redimento.events import Event, StepStarted
from redimento.reporting.history import read_history
from redimento.wiring.reviews import reviews
from tests.run.conftest import GOOD_FIX, Site, agent_checkout, git

OTHER_FIX = GOOD_FIX.replace("return a + b", "return b + a")
PULL_REQUESTS = "_apis/git/repositories/calc/pullrequests"
EVERYTHING: dict[str, Any] = {
    "checks": {"commands": []},
    "updates": {"state_delivered": "Resolved"},
    "pull_request": {"reviewers": ["mallory@example.com"]},
}
PLAIN: dict[str, Any] = {"checks": {"commands": []}}
COMMENTS = "7.1-preview.4"
RACES = int(os.environ.get("REDIMENTO_RACES", "2"))  # more of them take longer than --timeout allows by default
HOOK = {"BUILD_REASON": "ResourceTrigger"}


def pull_requests(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get(PULL_REQUESTS, query={"searchCriteria.status": "all"})["value"]
    return found


def pull_request(site: Site, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = site.get(f"{PULL_REQUESTS}/{number}")
    return found


def comments(site: Site, item: int = 7) -> list[str]:
    path = f"_apis/wit/workItems/{item}/comments"
    return [row["text"] for row in site.get(path, api_version="7.1-preview.4")["comments"]]


def branches(site: Site, item: int = 7) -> list[str]:
    rows = site.get("_apis/git/repositories/calc/refs", query={"filter": f"heads/redimento/{item}-"})["value"]
    return [row["name"] for row in rows]


def links(site: Site, item: int = 7) -> list[str]:
    answer = site.get(f"_apis/wit/workitems/{item}", query={"$expand": "relations"})
    return [row["url"] for row in answer.get("relations") or ()]


def edit(site: Site, number: int = 1, **body: Any) -> None:
    site.mallory.write("PATCH", f"{PULL_REQUESTS}/{number}", project="Shop", body=body)


def is_write(method: str, path: str) -> bool:
    return method != "GET" and not path.endswith(("git-upload-pack", "workitemsbatch", "permissionevaluationbatch"))


def command(site: Site, config: Path, checkout: Path, item: int = 7) -> list[str]:
    run = [sys.executable, "-m", "redimento", "run", "--work-item", str(item)]
    return [*run, "--repo", str(checkout), "--config", str(config)]


def the_write(number: int) -> Callable[[str, str], bool]:
    """Return what is true of the write with this number."""
    writes: list[str] = []

    def when(method: str, path: str) -> bool:
        if is_write(method, path):
            writes.append(path)
        return is_write(method, path) and len(writes) == number

    return when


@pytest.mark.parametrize("after", range(1, 8))
def test_a_run_that_is_killed_after_any_effect_is_finished_by_the_next(site: Site, after: int) -> None:
    config = site.config([GOOD_FIX], EVERYTHING)
    site.kill("run", "--work-item", "7", config=config, when=the_write(after))
    asked = site.run([GOOD_FIX], EVERYTHING).folder / "conversation.jsonl"

    assert asked.exists() == (after <= 2)  # no commit yet: nothing holds the answer
    assert branches(site) == ["refs/heads/redimento/7-add-adds"]
    (found,) = pull_requests(site)
    opened = pull_request(site)
    assert [label["name"] for label in opened["labels"]] == ["redimento"]
    assert [one["uniqueName"] for one in opened["reviewers"]] == ["mallory@example.com"]
    (comment,) = comments(site)
    assert f"Draft pull request {found['pullRequestId']}" in comment
    assert links(site) == [opened["artifactId"].replace("%2f", "%2F")]
    assert site.get("_apis/wit/workitems/7")["fields"]["System.State"] == "Resolved"


def test_a_run_that_is_killed_between_its_commit_and_the_text_starts_over(site: Site) -> None:
    site.run([GOOD_FIX], PLAIN)
    before = pull_request(site)["description"]
    site.change_item(description="<p>It should add, and say so.</p>")
    site.run([OTHER_FIX], PLAIN)
    edit(site, description=before)  # as if the run had been killed after its push
    for number in [row["id"] for row in site.get("_apis/wit/workItems/7/comments", api_version=COMMENTS)["comments"]]:
        site.client().write(
            "DELETE", f"_apis/wit/workItems/7/comments/{number}", project="Shop", body=None, api_version=COMMENTS
        )
    site.variables |= HOOK
    assert site.run([OTHER_FIX.replace("add() adds.", "Both ways.")], PLAIN).kind == "draft"
    assert "Both ways." in pull_request(site)["description"]
    assert len(pull_requests(site)) == 1


def test_a_long_text_of_a_person_is_never_cut(site: Site) -> None:
    site.run([GOOD_FIX], PLAIN)
    long = f"{pull_request(site)['description']}\n{'mine ' * 600}end."
    edit(site, description=long[-3990:] if len(long) > 3990 else long)
    mine = pull_request(site)["description"]
    site.change_item(description="<p>It should add, and say so.</p>")
    site.run([OTHER_FIX], PLAIN)
    now = pull_request(site)["description"]
    assert now.rstrip().endswith("mine end.")
    assert now.count("mine") == mine.count("mine")


def test_of_two_runs_at_once_one_delivers(organise: Callable[..., Site], tmp_path: Path) -> None:
    fields = {"System.Title": "add adds", "System.State": "Active", "System.Description": "It should add."}
    items = [{"id": 100 + number, "type": "Task", "fields": fields} for number in range(RACES)]
    origin = str(tmp_path / "origin")
    site = organise(
        seed={"repositories": [{"name": "calc", "from": origin}, {"name": "other"}], "work_items": items},
    )
    second = agent_checkout(site.emulator, tmp_path / "agent-2" / "s")
    builds = (site.environment["BUILD_BUILDID"], site.emulator.environment["other"]["BUILD_BUILDID"])
    configs = [site.config([GOOD_FIX], PLAIN) for _ in builds]
    for number in range(RACES):
        item = 100 + number
        running = [
            subprocess.Popen(
                command(site, config, checkout, item),
                # Each is on a machine of its own, with locks of its own.
                env={
                    **site.environment,
                    "BUILD_BUILDID": build,
                    "HOME": str(_made(tmp_path / f"home-{build}")),
                    "AGENT_TEMPDIRECTORY": str(_made(tmp_path / f"agent-temp-{build}")),
                },
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for build, checkout, config in zip(builds, (site.checkout, second), configs, strict=True)
        ]
        assert [process.wait() for process in running] == [0, 0]
        assert branches(site, item) == [f"refs/heads/redimento/{item}-add-adds"]
        assert len(pull_requests(site)) == number + 1
        assert len(comments(site, item)) == 1
        assert len(links(site, item)) == 1


def _made(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    return folder


def test_few_requests_are_enough(site: Site) -> None:
    seen: list[str] = []
    site.watchers.append(lambda method, path: seen.append(f"{method} {path}"))

    def requests() -> int:
        rest = [line for line in seen if "/_git/" not in line]
        seen.clear()
        return len(rest)

    site.run([GOOD_FIX], PLAIN)
    assert requests() <= 9
    site.variables |= HOOK
    site.run([], PLAIN)
    assert requests() <= 5
    site.variables.clear()
    site.change_item(description="<p>Add, please.</p>")
    seen.clear()
    site.run([OTHER_FIX], PLAIN)
    assert requests() <= 14


def test_a_changed_title_keeps_branch_and_pull_request(site: Site) -> None:
    first = site.run([GOOD_FIX], PLAIN).finished.outcome
    site.change_item(title="Sums are right")
    second = site.run([OTHER_FIX], PLAIN).finished.outcome

    assert (second.branch, second.pull_request_id) == (first.branch, first.pull_request_id)
    assert branches(site) == ["refs/heads/redimento/7-add-adds"]
    assert pull_request(site)["title"] == "Sums are right"


def test_what_a_person_changed_in_the_pull_request_stays_and_is_said(site: Site) -> None:
    site.run([GOOD_FIX], EVERYTHING)
    written = pull_request(site)["description"]
    edit(site, title="My title", description=f"Before.\n\n{written}\nAfter.", isDraft=False)
    label = f"{PULL_REQUESTS}/1/labels/redimento"
    site.mallory.write("DELETE", label, project="Shop", body=None)
    site.change_item(description="<p>It should add, and say so.</p>")
    site.run([OTHER_FIX.replace("add() adds.", "It adds the other way.")], EVERYTHING)

    now = pull_request(site)
    assert (now["title"], now["isDraft"], now.get("labels", [])) == ("My title", False, [])
    assert now["description"].startswith("Before.\n\n<!-- Redimento ")
    assert now["description"].rstrip().endswith("After.")
    assert "It adds the other way." in now["description"]
    (comment,) = comments(site)
    assert "Somebody changed the title of the pull request, so it was kept." in comment
    assert "Somebody published the pull request" in comment

    edit(site, description="All mine.")
    site.change_item(description="<p>It should add, for the third time.</p>")
    site.run([GOOD_FIX], EVERYTHING)
    assert pull_request(site)["description"] == "All mine."
    assert "The description of the pull request has been rewritten" in comments(site)[0]


def during_delivery(action: Callable[[], None]) -> Callable[[Event], None]:
    def emit(event: Event) -> None:
        if isinstance(event, StepStarted) and event.name == "deliver":
            action()

    return emit


def test_an_item_that_is_closed_while_the_run_works_gets_nothing(site: Site) -> None:
    close = during_delivery(lambda: site.change_item(state="Closed"))
    ended = site.carry_out([GOOD_FIX], PLAIN, emit=close).finished.outcome

    assert ended.kind == "skipped"
    assert "Somebody closed the work item while the run worked" in ended.sentence
    assert (pull_requests(site), branches(site)) == ([], [])
    assert "Somebody closed the work item" in comments(site)[0]


def test_a_pull_request_that_is_abandoned_while_the_run_works_stays_so(site: Site) -> None:
    first = site.run([GOOD_FIX], PLAIN).finished.outcome
    site.change_item(description="<p>Once more.</p>")
    abandon = during_delivery(lambda: edit(site, status="abandoned"))
    ended = site.carry_out([OTHER_FIX], PLAIN, emit=abandon).finished.outcome

    assert (ended.kind, ended.sentence) == (
        "skipped",
        "Pull request 1 was abandoned while the run worked, so nothing was delivered.",
    )
    assert len(pull_requests(site)) == 1
    assert git(site.clone(first.branch), "rev-parse", "HEAD").strip() == first.commit


def test_an_item_that_is_changed_while_the_run_works_is_said_and_done_next(site: Site) -> None:
    change = during_delivery(lambda: site.change_item(description="<p>Multiply instead.</p>"))
    site.carry_out([GOOD_FIX], PLAIN, emit=change)
    said = "The work item was changed while the run worked; this answers what it asked for before."
    assert said in comments(site)[0]
    assert said in pull_request(site)["description"]

    site.variables |= HOOK
    assert site.run([OTHER_FIX], PLAIN).kind == "draft"
    assert said not in comments(site)[0]
    assert len(pull_requests(site)) == 1


@pytest.mark.parametrize("status", ["completed", "abandoned"])
def test_a_closed_pull_request_is_respected_until_the_item_changes(site: Site, status: str) -> None:
    site.run([GOOD_FIX], PLAIN)
    close: dict[str, Any] = {"status": status}
    if status == "completed":
        edit(site, isDraft=False)
        close |= {
            "lastMergeSourceCommit": pull_request(site)["lastMergeSourceCommit"],
            "completionOptions": {"deleteSourceBranch": True},
        }
    edit(site, **close)
    git(site.checkout, "fetch", "-q", site.environment["BUILD_REPOSITORY_URI"], **_header(site))
    assert f"was {status}" in site.run([], PLAIN).finished.outcome.sentence

    site.change_item(description="<p>It should add three numbers, too.</p>")
    again = site.run([OTHER_FIX], PLAIN).finished.outcome
    assert again.kind == "draft", again
    assert [(row["pullRequestId"], row["status"]) for row in pull_requests(site)] == [(2, "active"), (1, status)]


def test_the_page_over_many_runs_asks_the_server_what_people_merged(site: Site) -> None:
    ended = site.run([GOOD_FIX], PLAIN)
    assert ended.folder is not None
    with reviews(site.environment) as known:
        assert read_history([ended.folder], known).acceptance["open"] == 1
        edit(site, isDraft=False)
        edit(site, status="completed", lastMergeSourceCommit=pull_request(site)["lastMergeSourceCommit"])
        assert read_history([ended.folder], known).acceptance["unchanged"] == 1


def _header(site: Site) -> dict[str, str]:
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{site.environment['BUILD_REPOSITORY_URI']}.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {site.environment['SYSTEM_ACCESSTOKEN']}",
    }


@pytest.mark.parametrize("answer", ["not an answer", GOOD_FIX, '```json\n{"nothing_to_do": "It adds."}\n```'])
def test_our_own_updates_start_no_paid_run(site: Site, answer: str) -> None:
    site.variables |= HOOK
    first = site.run([answer] * 4, PLAIN)
    assert (first.folder / "conversation.jsonl").exists()

    for _ in range(2):
        again = site.run([], PLAIN)
        assert again.kind == "skipped"
        assert "nobody queued this run by hand" in again.finished.outcome.sentence
        assert not (again.folder / "conversation.jsonl").exists()


def test_a_dead_claim_is_removed_for_free(site: Site) -> None:
    site.run(["not an answer"] * 4, PLAIN)
    board = AzureBoard(site.client(), "Shop", print)
    board.claim(board.load(7), site.environment["BUILD_BUILDID"])
    site.end_build()
    assert len(links(site)) == 1

    site.variables |= {"BUILD_BUILDID": "2", **HOOK}
    ended = site.run([], PLAIN)
    assert "nobody queued this run by hand" in ended.finished.outcome.sentence
    assert links(site) == []


def test_without_comments_our_own_updates_start_no_paid_run_either(site: Site) -> None:
    settings = {**PLAIN, "updates": {"comment": False}}
    site.variables |= HOOK
    patch = [{"op": "add", "path": "/fields/System.Title", "value": "add really adds"}]
    site.mallory.write("PATCH", "_apis/wit/workitems/7", body=patch, content_type="application/json-patch+json")
    assert site.run(["not an answer"] * 4, settings).kind == "failed"
    assert "nobody queued this run by hand" in site.run([], settings).finished.outcome.sentence


def test_runs_of_one_item_have_a_ceiling(site: Site) -> None:
    settings = {**PLAIN, "work_items": {"max_runs": 2}}
    site.run([GOOD_FIX], settings)
    site.run([OTHER_FIX], settings)
    assert "runs so far: 2, " in comments(site)[0]
    ended = site.run([], settings).finished.outcome
    assert ended.kind == "skipped"
    assert "work_items.max_runs is 2" in ended.sentence

    cheap = {**PLAIN, "work_items": {"max_cost_usd": 1.0}}
    assert "could exceed work_items.max_cost_usd (1.00)" in site.run([], cheap).finished.outcome.sentence
