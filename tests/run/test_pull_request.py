"""The pull request with everything on it: the team's template, reviewers, status, auto-complete, and the text it has no room for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from redimento.events import Warned
from tests.run.conftest import BAD_FIX, GOOD_FIX, Ended, Site, agent_checkout, git
from tests.run.test_reruns import (
    HOOK,
    OTHER_FIX,
    PLAIN,
    PULL_REQUESTS,
    branches,
    comments,
    edit,
    pull_request,
    pull_requests,
    the_write,
)

WORDS = " ".join(f"word{number}" for number in range(900))
LONG_FIX = GOOD_FIX.replace("add() adds.", WORDS)
REVIEWED = {"type": "Minimum number of reviewers", "branch": "main", "settings": {"minimumApproverCount": 1}}
REBASED = {"type": "Require a merge strategy", "branch": "main", "settings": {"allowRebase": True}}
ONE_ROUND: dict[str, Any] = {"checks": {"repair_rounds": 0}}
WHOLE = {
    "reviewers": ["mallory@example.com", {"name": "Shop Team", "required": True}],
    "auto_complete": {},
    "status": True,
    "co_author": True,
    "title": "{kind}: {title} (AB#{id})",
}
TEMPLATE = "Hello.\n\n## Summary\n\n## Testing\n- [ ] By hand\n\n## Work item\n\n## Checklist\n- [ ] Docs\n"

Organise = Callable[..., Site]


def settings(**pull_request: Any) -> dict[str, Any]:
    return {**ONE_ROUND, "pull_request": pull_request}


def warnings(ended: Ended) -> list[str]:
    return [event.text for event in ended.events if isinstance(event, Warned) and "isolat" not in event.text]


def threads(site: Site) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = site.get(f"{PULL_REQUESTS}/1/threads")["value"]
    return found


def statuses(site: Site) -> list[tuple[str, int]]:
    return [(row["state"], row["iterationId"]) for row in site.get(f"{PULL_REQUESTS}/1/statuses")["value"]]


def completes(site: Site) -> bool:
    return "autoCompleteSetBy" in pull_request(site)


def add_template(site: Site, text: str = "") -> None:
    """Let the default branch have a template that the commit which is built has not."""
    clone = site.clone()
    (clone / ".azuredevops").mkdir()
    (clone / ".azuredevops" / "pull_request_template.md").write_text(text or TEMPLATE)
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "A template")
    git(clone, "push", "-q", "origin", "HEAD:main")


@pytest.fixture
def reviewed(organise: Organise, tmp_path: Any) -> Site:
    """A site whose target branch wants an approval, and allows no merge but a rebase."""
    repository = {"name": "calc", "from": str(tmp_path / "origin"), "policies": [REVIEWED, REBASED]}
    return organise(seed={"groups": ["Shop Team"], "repositories": [repository]})


def check_whole(site: Site) -> None:
    """Check that everything is there, once."""
    assert branches(site) == ["refs/heads/redimento/7-add-adds"]
    assert len(pull_requests(site)) == 1
    pull = pull_request(site)
    assert (pull["title"], pull["isDraft"]) == ("feat: add adds (AB#7)", False)
    reviewers = {one["displayName"]: one["isRequired"] for one in pull["reviewers"]}
    assert reviewers == {"Mallory": False, "[Shop]\\Shop Team": True}
    assert pull["completionOptions"] == {"mergeStrategy": "rebase", "deleteSourceBranch": True}
    assert pull["autoCompleteSetBy"]["id"] == pull["createdBy"]["id"]
    assert set(statuses(site)) == {("succeeded", 1)}
    assert len(comments(site)) == 1


def test_everything_is_on_it(reviewed: Site) -> None:
    add_template(reviewed)
    seen: list[str] = []
    reviewed.mallory.write(
        "PATCH",
        "_apis/wit/workitems/7",
        body=[{"op": "add", "path": "/fields/System.State", "value": "Resolved"}],
        content_type="application/json-patch+json",
    )
    reviewed.watchers.append(lambda method, path: seen.append(f"{method} {path}") if "/_git/" not in path else None)
    reviewed.variables |= HOOK
    ended = reviewed.run([LONG_FIX], settings(**WHOLE))
    assert len(seen) <= 21, seen

    assert ended.kind == "delivered"
    assert warnings(ended) == []
    check_whole(reviewed)
    described = pull_request(reviewed)["description"]
    assert described.startswith("Hello.\n\n## Summary\n\n<!-- Redimento ")
    assert described.rstrip().endswith("## Work item\n\n#7\n\n## Checklist\n- [ ] Docs")
    assert "the whole text is the first comment below" in described
    assert "word899" not in described
    (thread,) = threads(reviewed)
    assert thread["status"] == "closed"
    assert "word899" in thread["comments"][0]["content"]
    assert "word899" in (ended.folder / "description.md").read_text()
    message = git(reviewed.clone("redimento/7-add-adds"), "log", "-1", "--format=%B")
    assert message.startswith("feat: add adds (AB#7)\n")
    assert "\nCo-authored-by: Mallory <mallory@example.com>\n" in message

    # The next run keeps the template, updates the comment, and brings back nobody.
    (team,) = [one["id"] for one in pull_request(reviewed)["reviewers"] if one["isRequired"]]
    reviewed.mallory.write("DELETE", f"{PULL_REQUESTS}/1/reviewers/{team}", project="Shop", body=None)
    edit(reviewed, description=described.replace("- [ ] Docs", "- [x] Docs"))
    reviewed.change_item(description="<p>It should add, and say so.</p>")
    reviewed.run([OTHER_FIX], settings(**WHOLE))
    now = pull_request(reviewed)
    assert now["description"].startswith("Hello.\n\n## Summary\n\n<!-- Redimento ")
    assert now["description"].rstrip().endswith("- [x] Docs")
    assert "add() adds." in now["description"]
    assert [one["displayName"] for one in now["reviewers"]] == ["Mallory"]
    assert set(statuses(reviewed)) == {("succeeded", 1), ("succeeded", 2)}
    (thread,) = threads(reviewed)
    assert "add() adds." in thread["comments"][0]["content"]

    mallory = reviewed.mallory.account
    path = f"{PULL_REQUESTS}/1/reviewers/{mallory}"
    reviewed.mallory.write("PUT", path, project="Shop", body={"vote": 10})
    assert pull_request(reviewed)["status"] == "completed"
    assert branches(reviewed) == []

    reviewed.change_item(description="<p>It should add for ever.</p>")
    reviewed.run([GOOD_FIX], settings(**WHOLE))
    again = pull_request(reviewed, 2)
    assert again["description"].startswith("Hello.")
    assert len(again["reviewers"]) == 2
    assert "autoCompleteSetBy" in again


@pytest.mark.parametrize("after", range(3, 9))
def test_a_run_that_is_killed_after_any_of_it_is_finished_by_the_next(reviewed: Site, after: int) -> None:
    config = reviewed.config([LONG_FIX], settings(**WHOLE))
    reviewed.kill("run", "--work-item", "7", config=config, when=the_write(after))
    ended = reviewed.run([], settings(**WHOLE))

    assert not (ended.folder / "conversation.jsonl").exists()
    check_whole(reviewed)
    if after > 3:  # otherwise the commit is all that is left, and its text fits
        (thread,) = threads(reviewed)
        assert "word99" in thread["comments"][0]["content"]


def test_auto_complete_ends_before_a_draft_is_pushed_and_comes_back(reviewed: Site) -> None:
    wanted = settings(auto_complete={"merge": "rebase", "delete_branch": False})
    reviewed.run([GOOD_FIX], wanted)
    assert pull_request(reviewed)["completionOptions"]["deleteSourceBranch"] is False

    pushed: list[bool] = []
    reviewed.watchers.append(lambda _, path: pushed.append(completes(reviewed)) if "receive-pack" in path else None)
    reviewed.change_item(description="<p>Once more.</p>")
    assert reviewed.run([BAD_FIX], wanted).kind == "draft"
    assert pushed
    assert not any(pushed)
    assert pull_request(reviewed)["isDraft"]
    assert "Auto-complete was turned off" in comments(reviewed)[0]

    reviewed.watchers.clear()
    reviewed.change_item(description="<p>And again.</p>")
    assert reviewed.run([OTHER_FIX], wanted).kind == "delivered"
    assert completes(reviewed)

    edit(reviewed, autoCompleteSetBy={"id": "00000000-0000-0000-0000-000000000000"})
    reviewed.change_item(description="<p>For the last time.</p>")
    reviewed.run([GOOD_FIX], wanted)
    assert not completes(reviewed)


def test_a_merge_that_the_policy_does_not_allow_is_said(reviewed: Site) -> None:
    ended = reviewed.run([GOOD_FIX], settings(auto_complete={"merge": "squash"}))
    assert ended.kind == "delivered"
    (said,) = warnings(ended)
    assert "do not allow the merge 'squash'; they allow: rebase." in said
    assert not completes(reviewed)


def test_nothing_is_merged_that_nobody_has_to_look_at(site: Site) -> None:
    ended = site.run([GOOD_FIX], settings(auto_complete={}))
    (said,) = warnings(ended)
    assert "No required policy of main makes a person approve" in said
    assert pull_request(site)["status"] == "active"


def test_the_status_says_what_the_checks_say(site: Site) -> None:
    wanted = settings(status=True)
    site.run([BAD_FIX], wanted)
    assert statuses(site) == [("failed", 1)]
    site.change_item(description="<p>Once more.</p>")
    site.run([GOOD_FIX], {**PLAIN, "pull_request": {"status": True}})
    assert statuses(site) == [("failed", 1), ("pending", 2)]
    (_, shown) = site.get(f"{PULL_REQUESTS}/1/statuses")["value"]
    assert shown["context"] == {"genre": "redimento", "name": "checks"}
    assert shown["description"] == "No checks are configured, so nothing verified this change."
    assert shown["targetUrl"].endswith(f"buildId={site.environment['BUILD_BUILDID']}")


def test_whoever_queued_the_run_is_named_by_hand(site: Site) -> None:
    ended = site.run([GOOD_FIX], {**PLAIN, "pull_request": {"co_author": True}})
    # In the emulated organisation the job itself queues it, which has no mail address.
    message = git(site.clone(ended.finished.outcome.branch), "log", "-1", "--format=%B")
    assert "Co-authored-by" not in message


def test_a_template_that_leaves_no_room_is_left_out_and_said(site: Site) -> None:
    add_template(site, "## Checklist\n" + "- [ ] all\n" * 400)
    site.run([GOOD_FIX], PLAIN)
    said = "template for pull requests (.azuredevops/pull_request_template.md) is no text or leaves no room"
    assert said in pull_request(site)["description"].replace("\\", "")
    assert said in comments(site)[0].replace("\\", "")


def test_where_runs_keep_no_comment_the_claim_of_a_killed_one_says_that_something_is_missing(reviewed: Site) -> None:
    wanted = {**settings(auto_complete={}), "updates": {"comment": False}}
    config = reviewed.config([GOOD_FIX], wanted)
    opened = "/pullrequests"
    reviewed.kill(
        "run",
        "--work-item",
        "7",
        config=config,
        when=lambda how, path: how == "POST" and path.casefold().endswith(opened),
    )
    assert not completes(reviewed)
    for _ in range(2):
        reviewed.run([], wanted)
        assert completes(reviewed)


def test_a_pull_request_whose_branch_was_deleted_stays_the_only_one_under_another_title(site: Site) -> None:
    first = site.run([GOOD_FIX], PLAIN).finished.outcome
    git(site.clone(), "push", "-q", "origin", f":{first.branch}")
    site.change_item(title="Sums are right")
    second = site.run([OTHER_FIX], PLAIN).finished.outcome
    assert (second.branch, second.pull_request_id) == (first.branch, first.pull_request_id)
    assert len(pull_requests(site)) == 1


def test_a_conflict_with_a_target_that_moved_is_resolved_by_a_run_on_the_newer_target(site: Site) -> None:
    assert site.run([GOOD_FIX], ONE_ROUND).kind == "delivered"
    clone = site.clone()
    (clone / "calc.py").write_text("def add(a, b):\n    return sum((a, b))\n")
    git(clone, "commit", "-q", "-a", "-m", "Sum")
    git(clone, "push", "-q", "origin", "HEAD:main")
    assert site.run([], ONE_ROUND).finished.outcome.sentence.endswith("It conflicts with main.")

    agent_checkout(site.emulator, site.tmp / "newer" / "s")  # as shallow as an agent's
    newer = replace(site, checkout=site.tmp / "newer" / "s")
    again = GOOD_FIX.replace("a - b", "sum((a, b))")
    assert newer.run([again], ONE_ROUND).kind == "delivered"
    assert pull_request(site)["mergeStatus"] == "succeeded"
    assert (
        git(site.clone("redimento/7-add-adds"), "show", "-s", "--format=%P").split()[1]
        == git(clone, "rev-parse", "HEAD").strip()
    )


def test_a_conflict_on_a_branch_with_a_persons_commit_is_left_to_people(site: Site) -> None:
    branch = site.run([GOOD_FIX], ONE_ROUND).finished.outcome.branch
    theirs, target = site.clone(branch), site.clone()
    for clone, name, text in ((theirs, "notes.md", "mine\n"), (target, "calc.py", "add = sum\n")):
        (clone / name).write_text(text)
        git(clone, "add", ".")
        git(clone, "commit", "-q", "-m", "Theirs")
        git(clone, "push", "-q", "origin", f"HEAD:{branch if clone is theirs else 'main'}")
    agent_checkout(site.emulator, site.tmp / "newer" / "s")
    ended = replace(site, checkout=site.tmp / "newer" / "s").run([], ONE_ROUND).finished.outcome
    assert ended.kind == "skipped"
    assert "The conflict is in calc.py." in ended.sentence
    assert "must stay" in ended.sentence


def test_a_reviewer_who_was_removed_stays_away_where_runs_keep_no_comment(site: Site) -> None:
    wanted = {**PLAIN, "updates": {"comment": False}, "pull_request": {"reviewers": ["mallory@example.com"]}}
    site.run([GOOD_FIX], wanted)
    path = f"{PULL_REQUESTS}/1/reviewers/{site.mallory.account}"
    site.mallory.write("DELETE", path, project="Shop", body=None)
    site.change_item(description="<p>Once more.</p>")
    site.run([OTHER_FIX], wanted)
    site.run([], wanted)
    assert pull_request(site)["reviewers"] == []
