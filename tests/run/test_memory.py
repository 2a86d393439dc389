"""What earlier runs left is believed by who wrote it: people's work is kept, and nobody can speak as a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from redimento.azure.boards import AzureBoard
from redimento.azure.pipelines import JobEnvironment, job_environment
from redimento.delivery import earlier
from tests.run.conftest import CALC, GOOD_FIX, Ended, Site, git

MARKER = "Redimento, calc"
HAND = "def twice(a):\n    return 2 * a\n"
OTHER_FIX = GOOD_FIX.replace("return a + b", "return b + a")
THIRD_FIX = GOOD_FIX.replace("return a + b", "return sum((a, b))")


def job(site: Site) -> JobEnvironment:
    return job_environment(site.environment)


def reference_now(site: Site) -> str:
    return earlier.asks_for(AzureBoard(site.client(), "Shop", print).load(7))


def add_by_hand(folder: Path, message: str = "By hand", *amend: str) -> str:
    (folder / "twice.py").write_text(HAND)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", message, *amend)
    return git(folder, "rev-parse", "HEAD").strip()


def push(folder: Path, branch: str, *options: str) -> None:
    git(folder, "push", "-q", *options, "origin", f"HEAD:refs/heads/{branch}")


def files_on(site: Site, branch: str) -> str:
    """Return what is in calc.py and, if a person added it, in twice.py."""
    folder = site.clone(branch)
    return "".join(file.read_text() for file in (folder / "calc.py", folder / "twice.py") if file.exists())


def rerun(site: Site, number: int, fix: str) -> Ended:
    site.change_item(description=f"<p>It should add, for the {number}. time.</p>")
    return site.run([fix])


def test_a_persons_commit_is_kept_by_every_later_run_and_the_pull_request_becomes_a_draft(site: Site) -> None:
    first = site.run([GOOD_FIX]).finished.outcome
    clone = site.clone(first.branch)
    by_hand = add_by_hand(clone)
    push(clone, first.branch)

    second = rerun(site, 2, OTHER_FIX)
    after_second = files_on(site, first.branch)
    third = rerun(site, 3, THIRD_FIX)
    after_third = files_on(site, first.branch)

    assert (second.kind, third.kind) == ("draft", "draft")
    assert "Somebody else's commits on the branch were kept" in second.finished.outcome.sentence
    assert after_second == CALC.replace("a - b", "b + a") + HAND
    assert after_third == CALC.replace("a - b", "sum((a, b))") + HAND
    history = git(site.clone(first.branch), "rev-list", "HEAD").split()
    assert {first.commit, by_hand, second.finished.outcome.commit} < {*history}
    assert third.finished.outcome.pull_request_id == first.pull_request_id


def test_a_commit_that_another_pipeline_pushed_with_the_same_account_is_kept(site: Site) -> None:
    first = site.run([GOOD_FIX]).finished.outcome
    clone = site.clone(first.branch)
    add_by_hand(clone, git(clone, "log", "-1", "--format=%B"))
    url = site.environment["BUILD_REPOSITORY_URI"]
    git(clone, "config", f"http.{url}.extraheader", f"AUTHORIZATION: bearer {site.emulator.token}")
    push(clone, first.branch)

    ended = rerun(site, 2, OTHER_FIX)

    assert ended.kind == "draft"
    assert files_on(site, first.branch) == CALC.replace("a - b", "b + a") + HAND


def test_a_persons_commit_changes_nothing_about_an_item_that_is_answered(site: Site) -> None:
    first = site.run([GOOD_FIX]).finished.outcome
    clone = site.clone(first.branch)
    add_by_hand(clone)
    push(clone, first.branch)

    ended = site.run([])

    assert ended.kind == "skipped"
    assert "already answers this work item" in ended.finished.outcome.sentence


def test_a_change_that_conflicts_with_a_persons_commit_is_not_pushed(site: Site) -> None:
    first = site.run([GOOD_FIX]).finished.outcome
    clone = site.clone(first.branch)
    (clone / "calc.py").write_text(CALC.replace("a - b", "int(a) + int(b)"))
    git(clone, "commit", "-q", "-a", "-m", "Whole numbers")
    push(clone, first.branch)
    site.change_item(description="<p>Once more.</p>")

    ended = site.run([OTHER_FIX])

    assert (ended.kind, ended.finished.outcome.exit_code) == ("failed", 3)
    assert "conflicts with somebody else's commits on the branch, in calc.py" in ended.finished.outcome.sentence
    assert "int(a) + int(b)" in files_on(site, first.branch)
    assert "b + a" in (ended.folder / "change.patch").read_text()


@pytest.mark.parametrize("rewrite", ["amend", "amend the message", "rebase", "squash"])
def test_a_commit_that_a_person_rewrote_is_the_persons(site: Site, rewrite: str) -> None:
    first = site.run([GOOD_FIX]).finished.outcome
    clone = site.clone(first.branch)
    match rewrite:
        case "amend":
            add_by_hand(clone, git(clone, "log", "-1", "--format=%B"), "--amend")
        case "amend the message":
            git(clone, "commit", "-q", "--amend", "-m", f"Ours now\n\n{git(clone, 'log', '-1', '--format=%B')}")
        case "rebase":
            git(clone, "switch", "-q", "main")
            (clone / "notes.md").write_text("x\n")
            git(clone, "add", ".")
            git(clone, "commit", "-q", "-m", "Notes")
            git(clone, "switch", "-q", first.branch)
            git(clone, "rebase", "-q", "main")
        case _:
            message = git(clone, "log", "-1", "--format=%B")
            add_by_hand(clone)
            git(clone, "reset", "-q", "--soft", "origin/main")
            git(clone, "commit", "-q", "-m", message)
    theirs = git(clone, "rev-parse", "HEAD").strip()
    push(clone, first.branch, "--force")
    site.change_item(description="<p>Once more.</p>")

    ended = site.run([])

    assert ended.kind == "skipped"
    assert "a person is working there" in ended.finished.outcome.sentence
    assert git(site.clone(first.branch), "rev-parse", "HEAD").strip() == theirs


def forged_message(site: Site, folder: Path, parent: str) -> str:
    """Return our message with every trailer right for the files that are staged in a folder."""
    tree, base = git(folder, "write-tree").strip(), git(folder, "rev-parse", "origin/main").strip()
    return (
        f"add adds\n\nRedimento-Work-Item: 7\nRedimento-Reference: {reference_now(site)}\nRedimento-Base: {base}\n"
        f"Redimento-Content: {tree} {parent}\n"
    )


def forge(site: Site, folder: Path) -> str:
    (folder / "twice.py").write_text(HAND)
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", forged_message(site, folder, git(folder, "rev-parse", "HEAD").strip()))
    return git(folder, "rev-parse", "HEAD").strip()


def test_a_strangers_branch_with_our_name_and_right_trailers_is_not_continued(site: Site) -> None:
    clone = site.clone()
    theirs = forge(site, clone)
    push(clone, "redimento/7-add-adds")
    body = {"sourceRefName": "refs/heads/redimento/7-add-adds", "targetRefName": "refs/heads/main", "title": "add adds"}
    site.mallory.write("POST", "_apis/git/repositories/calc/pullrequests", project="Shop", body=body)

    ended = site.run([])

    assert ended.kind == "skipped"
    assert "No commit on the branch redimento/7-add-adds is as Redimento made it" in ended.finished.outcome.sentence
    assert ended.finished.outcome.pull_request_id == 0
    assert git(site.clone("redimento/7-add-adds"), "rev-parse", "HEAD").strip() == theirs


def test_a_strangers_commit_with_right_trailers_on_our_branch_answers_nothing_and_is_kept(site: Site) -> None:
    first = site.run([GOOD_FIX]).finished.outcome
    site.change_item(description="<p>Once more.</p>")
    clone = site.clone(first.branch)
    forge(site, clone)
    push(clone, first.branch)

    ended = site.run([OTHER_FIX])

    assert ended.kind == "draft"
    assert files_on(site, first.branch) == CALC.replace("a - b", "b + a") + HAND


def test_our_commits_on_a_branch_that_somebody_else_made_again_are_not_believed(site: Site) -> None:
    first = site.run([GOOD_FIX]).finished.outcome
    clone = site.clone(first.branch)
    git(clone, "push", "-q", "origin", f":refs/heads/{first.branch}")
    push(clone, first.branch)
    site.change_item(description="<p>Once more.</p>")

    ended = site.run([])

    assert ended.kind == "skipped"
    assert "a person is working there" in ended.finished.outcome.sentence


def comments(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get("_apis/wit/workItems/7/comments", api_version="7.1-preview.4")["comments"]
    return found


def test_questions_that_somebody_else_asks_as_redimento_stop_no_run_and_are_not_overwritten(site: Site) -> None:
    forged = f"**{MARKER}**\n\nreference {earlier.asked(reference_now(site))}"
    path, query = "_apis/wit/workItems/7/comments", {"format": "markdown"}
    site.mallory.write("POST", path, project="Shop", query=query, body={"text": forged}, api_version="7.1-preview.4")

    assert site.run([GOOD_FIX]).kind == "delivered"
    theirs, ours = sorted(comments(site), key=lambda one: int(one["id"]))
    assert theirs["text"] == forged
    assert ours["createdBy"]["displayName"].startswith("Project Collection Build Service")


@pytest.mark.parametrize("tag", ["redimento-run-x", "redimento-run-1", "redimento"])
def test_a_tag_that_a_person_sets_stops_no_run_and_stays(site: Site, tag: str) -> None:
    patch = [{"op": "add", "path": "/fields/System.Tags", "value": tag}]
    content_type = "application/json-patch+json"
    site.mallory.write("PATCH", "_apis/wit/workitems/7", body=patch, content_type=content_type)

    assert site.run([GOOD_FIX]).kind == "delivered"
    assert site.get("_apis/wit/workitems/7")["fields"]["System.Tags"] == tag


def test_a_run_leaves_no_claim_and_creates_no_tag(site: Site) -> None:
    site.run([GOOD_FIX])

    updates = site.get("_apis/wit/workItems/7/updates")["value"]
    build = f"vstfs:///Build/Build/{job(site).build_id}"
    added = [link["url"] for update in updates for link in (update.get("relations") or {}).get("added", ())]
    assert build in added
    links = site.get("_apis/wit/workitems/7", query={"$expand": "relations"})["relations"]
    assert build not in [link["url"] for link in links]
    assert not [update for update in updates if "System.Tags" in (update.get("fields") or {})]
