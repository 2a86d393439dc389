"""Publishing on real git and the pull requests of a local run."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from redimento.change.edit import Change, FileChange
from redimento.delivery.branches import Generated, Tip
from redimento.delivery.publish import Delivery, outcome, publish
from redimento.delivery.pull_request import PullRequest
from redimento.errors import ConflictError
from redimento.local.pull_requests import FolderPullRequests
from redimento.outcome import Outcome
from redimento.repository.branches import Author, CheckoutBranches
from redimento.repository.checkout import open_checkout
from redimento.run_folder import RunFolder
from redimento.settings import PullRequestSettings, Reviewer
from tests.delivery.test_texts import ITEM, REPORT
from tests.repository.conftest import Repo, make_repo

BRANCH = "redimento/7-round"
SETTINGS = PullRequestSettings(title="{type} {id}: {title}", labels=("bot",), reviewers=(Reviewer("ann@example.com"),))
BEFORE, HALF_UP, HALF_EVEN = b"total = 0\n", b"total = up\n", b"total = even\n"


@dataclass(frozen=True)
class Site:
    """A repository on `main`, and the folder that holds the pull requests."""

    repo: Repo
    folder: Path

    @property
    def branches(self) -> CheckoutBranches:
        return CheckoutBranches(open_checkout(self.repo.path), Author("Redimento", "redimento@example.com"))

    @property
    def pull_requests(self) -> FolderPullRequests:
        return FolderPullRequests(RunFolder(self.folder))

    @property
    def tip(self) -> Tip | None:
        return self.branches.tip(BRANCH, 7)

    def deliver(self, content: bytes = HALF_UP, **different: Any) -> tuple[str, PullRequest]:
        """Publish `content` as src/cart.py upon what is on the branch now."""
        change = Change((FileChange("src/cart.py", BEFORE, content),))
        delivery = Delivery(ITEM, change, REPORT, BRANCH, "main", self.tip, "0123456789ab", draft=False)
        return publish(replace(delivery, **different), self.branches, self.pull_requests, SETTINGS)

    def parents(self, commit: str) -> list[str]:
        return self.repo.git("show", "--no-patch", "--format=%P", commit).split()

    def stored(self, number: int) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(
            (self.folder / f"pull-requests/{number}/pull-request.json").read_text("utf-8")
        )
        return data

    def complete(self, number: int) -> None:
        data = {**self.stored(number), "status": "completed"}
        (self.folder / f"pull-requests/{number}/pull-request.json").write_text(json.dumps(data), "utf-8")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(make_repo(tmp_path / "repo", {"src/cart.py": BEFORE}), tmp_path / "run")


def test_a_first_delivery_makes_a_branch_and_a_pull_request(site: Site) -> None:
    base = site.branches.head
    commit, pull_request = site.deliver()

    tree = site.repo.git("show", "--no-patch", "--format=%T", commit)
    trailers = {
        "Redimento-Work-Item": "7",
        "Redimento-Reference": "0123456789ab",
        "Redimento-Base": base,
        "Redimento-Checks": "succeeded",
    }
    assert site.tip is not None
    assert site.tip.generated is not None
    said = site.tip.generated.message
    assert said.startswith("User Story 7: Round the total\n\nThe required checks found nothing")
    assert "Redimento-" not in said
    assert site.tip == Tip(commit, Generated(commit, {**trailers, "Redimento-Content": f"{tree} {base}"}, said), base)
    assert site.parents(commit) == [base]
    assert site.repo.git("show", f"{commit}:src/cart.py") == HALF_UP.decode().strip()
    assert site.repo.git("show", "--no-patch", "--format=%s%n%n%b", commit).startswith(
        "User Story 7: Round the total\n\nThe required checks found nothing against this change.\n"
    )
    assert pull_request == site.pull_requests.find(BRANCH, "main")
    stored = site.stored(1)
    assert stored["title"] == "User Story 7: Round the total"
    assert "\n> Totals are rounded half up.\n" in stored["description"]
    assert (stored["source_branch"], stored["target_branch"]) == (BRANCH, "main")
    assert (stored["draft"], stored["work_item_id"]) == (False, 7)
    assert (stored["labels"], stored["reviewers"]) == (["bot"], ["ann@example.com"])


def test_another_change_is_a_commit_on_top_and_updates_the_pull_request(site: Site) -> None:
    first, opened = site.deliver(HALF_UP)
    second, updated = site.deliver(HALF_EVEN, report=replace(REPORT, summary="Totals are rounded half even."))

    assert site.parents(second) == [first]
    assert site.tip is not None
    assert site.tip.commit == second
    assert updated.id == opened.id
    assert "\n> Totals are rounded half even.\n" in site.stored(opened.id)["description"]


@pytest.mark.parametrize(("before", "after"), [(True, False), (False, True)])
def test_the_same_change_makes_no_commit_but_may_change_the_draft(site: Site, *, before: bool, after: bool) -> None:
    first, opened = site.deliver(draft=before)
    second, updated = site.deliver(draft=after)

    assert second == first
    assert site.tip is not None
    assert site.tip.commit == first
    assert updated == replace(opened, draft=after, description=updated.description)


def test_the_same_change_for_a_changed_item_says_so_in_a_new_commit(site: Site) -> None:
    first, _ = site.deliver()
    second, _ = site.deliver(reference="ba9876543210")

    assert site.parents(second) == [first]
    assert site.tip is not None
    assert site.tip.generated is not None
    assert site.tip.generated.trailers["Redimento-Reference"] == "ba9876543210"


def test_a_target_that_moved_becomes_the_second_parent(site: Site) -> None:
    first, _ = site.deliver()
    moved = site.repo.commit({"README.md": "# Shop\n"}, "Add a readme")
    second, _ = site.deliver()
    third, _ = site.deliver(HALF_EVEN)

    assert site.parents(second) == [first, moved]
    assert site.repo.git("show", f"{second}:README.md") == "# Shop"
    assert site.parents(third) == [second]


@pytest.mark.parametrize("known", ["no branch", "an older tip"])
def test_a_branch_that_moved_meanwhile_is_not_overwritten(site: Site, known: str) -> None:
    old = None
    if known == "an older tip":
        site.deliver(HALF_UP)
        old = site.tip
    theirs, _ = site.deliver(HALF_EVEN)
    site.complete(1)

    with pytest.raises(ConflictError) as raised:
        site.deliver(b"total = late\n", tip=old)

    assert BRANCH in raised.value.sentence
    assert raised.value.remedy == (
        "Nothing was overwritten, and the change is kept as change.patch. Run again if it is still wanted."
    )
    assert site.tip is not None
    assert site.tip.commit == theirs
    assert not (site.folder / "pull-requests/2").exists()


def test_a_completed_pull_request_is_left_alone_and_a_new_one_opened(site: Site) -> None:
    site.deliver(HALF_UP)
    site.complete(1)
    before = site.stored(1)

    _, pull_request = site.deliver(HALF_EVEN)

    assert pull_request.id == 2
    assert site.stored(1) == before


def test_a_dry_run_publishes_no_branch(site: Site) -> None:
    notes: list[str] = []
    branches = replace(site.branches, note=notes.append)
    change = Change((FileChange("src/cart.py", BEFORE, HALF_UP),))
    delivery = Delivery(ITEM, change, REPORT, BRANCH, "main", None, "0123456789ab", draft=False)
    commit, _ = publish(delivery, branches, site.pull_requests, SETTINGS)

    assert notes == [f"git update-ref refs/heads/{BRANCH} {commit} (absent)"]
    assert site.tip is None


@pytest.mark.parametrize(
    ("draft", "number", "kind", "sentence"),
    [
        (False, 4, "delivered", "Pull request 4 is ready for review."),
        (True, 4, "draft", "1 test fails. Time ran out."),
        (False, 0, "delivered", "The pull request would be ready for review. This was a dry run: nothing was written."),
        (True, 0, "draft", "1 test fails. Time ran out."),
    ],
)
def test_the_outcome_of_a_delivery(draft: bool, number: int, kind: str, sentence: str) -> None:  # noqa: FBT001
    report = replace(REPORT, draft_reasons=("1 test fails.", "Time ran out."))
    delivery = Delivery(ITEM, Change(), report, BRANCH, "main", None, "0123456789ab", draft=draft)
    url = f"https://x.invalid/{number}" if number else ""
    pull_request = PullRequest(number, url, BRANCH, "main", "Round", "", draft=draft, status="active")

    assert outcome(delivery, "c" * 40, pull_request) == Outcome(
        "draft" if kind == "draft" else "delivered",
        sentence,
        branch=BRANCH,
        commit="c" * 40,
        pull_request_id=number,
        pull_request_url=url,
    )
