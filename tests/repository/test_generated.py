"""Which commits of a branch are believed to be a run's: by content, and on a server by who pushed them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from redimento.change.edit import Change, FileChange
from redimento.delivery.branches import BASE, ITEM, CommitText
from redimento.repository.branches import Author, CheckoutBranches, ServerBranches
from redimento.repository.checkout import open_checkout
from redimento.repository.remote import Credentials
from tests.repository.conftest import TOKEN, Repo, Server
from tests.repository.test_scaling import fast_import
from tests.scaling import assert_linear

BRANCH = "redimento/7-total"
AUTHOR = Author("Redimento", "redimento@example.com")


@dataclass
class Place:
    """A branch on a server, the branches of the job, and a repository of a person; `pushed` by the job's account."""

    job: Repo
    server: Server
    pushed: list[str] = field(default_factory=list)

    @property
    def branches(self) -> ServerBranches:
        checkout = open_checkout(self.job.path)
        credentials = Credentials(self.server.url, TOKEN)
        return ServerBranches(checkout, AUTHOR, credentials=credentials, own_pushes=lambda _branch: self.pushed)

    @property
    def generated(self) -> str | None:
        tip = self.branches.tip(BRANCH, 7)
        return tip.generated.commit if tip and tip.generated else None

    def text(self, item: int = 7) -> CommitText:
        return CommitText("Add totals", "As asked.", {ITEM: str(item), BASE: self.branches.head})

    def commit(self, content: str, *parents: str, item: int = 7) -> str:
        change = Change((FileChange("src/cart.py", b"", content.encode()),))
        return self.branches.commit(change, parents or (self.branches.head,), self.text(item))

    def publish(self, commit: str, *, by_us: bool = True) -> str:
        tip = self.branches.tip(BRANCH, 7)
        self.branches.publish(commit, BRANCH, expected=tip.commit if tip else None)
        self.pushed += [commit] if by_us else []
        return commit

    def by_hand(self, parent: str, message: str = "By hand", tree: str = "") -> str:
        """Commit on the server as somebody else and move the branch there."""
        git = self.server.repo.git
        made = git("commit-tree", tree or f"{parent}^{{tree}}", "-p", parent, "-m", message)
        git("update-ref", f"refs/heads/{BRANCH}", made)
        return made


@pytest.fixture
def place(job: Repo, server: Server) -> Place:
    return Place(job, server)


def test_the_newest_of_our_commits_is_found(place: Place) -> None:
    first = place.publish(place.commit("one\n"))
    assert place.generated == first
    second = place.publish(place.commit("two\n", first))
    assert place.generated == second


def test_below_a_persons_commits_ours_is_found(place: Place) -> None:
    first = place.publish(place.commit("one\n"))
    place.by_hand(place.by_hand(first))
    assert place.generated == first


def test_after_a_merge_the_generated_commit_is_found_and_not_the_merge(place: Place) -> None:
    theirs = place.by_hand(place.publish(place.commit("one\n")))
    assert place.generated == place.pushed[0]
    second = place.commit("two\n", place.pushed[0])
    place.publish(place.branches.merge(theirs, second, place.text()))
    assert place.generated == second
    place.by_hand(place.server.tip(BRANCH))
    assert place.generated == second


@pytest.mark.parametrize("by_us", [True, False])
def test_a_commit_that_our_account_did_not_push_is_not_ours(place: Place, *, by_us: bool) -> None:
    commit = place.publish(place.commit("one\n"), by_us=by_us)
    assert place.generated == (commit if by_us else None)


def test_a_commit_for_another_item_is_not_ours(place: Place) -> None:
    place.publish(place.commit("one\n", item=70))
    assert place.generated is None


def test_a_commit_of_our_account_on_top_of_a_strangers_is_not_ours_either(place: Place) -> None:
    # The account of a build service is shared by all pipelines of the project.
    theirs = place.publish(place.commit("theirs\n"), by_us=False)
    place.publish(place.commit("one\n", theirs))
    assert place.generated is None


@pytest.mark.parametrize(
    "rewritten",
    [
        lambda place, ours, message: place.by_hand(f"{ours}^", message, f"{ours}^^{{tree}}"),
        lambda place, ours, message: place.by_hand(ours, message),
        lambda place, ours, message: place.by_hand(place.by_hand(f"{ours}^"), message, f"{ours}^{{tree}}"),
    ],
    ids=["other files", "another parent", "the same files on top of a person's commit"],
)
def test_our_message_on_other_content_is_not_ours_even_from_our_account(
    place: Place, rewritten: Callable[[Place, str, str], str]
) -> None:
    ours = place.publish(place.commit("one\n"))
    made = rewritten(place, ours, place.server.repo.git("log", "-1", "--format=%B", ours))
    place.pushed[:] = [made]
    assert place.generated is None


def test_a_local_branch_is_believed_by_content_alone(repo: Repo) -> None:
    local = CheckoutBranches(open_checkout(repo.path), AUTHOR)
    text = CommitText("Add totals", "As asked.", {ITEM: "7", BASE: local.head})
    ours = local.commit(Change((FileChange("src/cart.py", b"", b"one\n"),)), (local.head,), text)
    local.publish(ours, BRANCH, expected=None)
    tip = local.tip(BRANCH, 7)
    assert tip is not None
    assert not tip.holds_others

    repo.git("checkout", "--quiet", BRANCH)
    repo.write({"src/cart.py": "one\nby hand\n"})
    repo.git("commit", "--quiet", "--all", "--amend", "--no-edit")
    repo.git("checkout", "--quiet", "main")
    tip = local.tip(BRANCH, 7)
    assert tip is not None
    assert tip.generated is None


def test_a_long_branch_is_read_in_linear_time(repo: Repo) -> None:
    def branch(length: int) -> str:
        lines = ["blob", "mark :1", "data 1", "x"]
        for number in range(length):
            message = "work\n\nRedimento-Work-Item: 7\n" + "Redimento-Content: x\n" * 50
            lines += [f"commit refs/heads/long-{length}", "committer A <a@b.c> 0 +0000"]
            lines += [f"data {len(message)}", message, f"M 100644 :1 f{number}"]
        fast_import(repo, lines)
        return f"long-{length}"

    local = CheckoutBranches(open_checkout(repo.path), AUTHOR)
    assert_linear(lambda name: local.tip(name, 7), branch(200), branch(400))
