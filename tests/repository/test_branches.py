from __future__ import annotations

from dataclasses import replace

import pytest

from redimento.change.edit import Change, FileChange
from redimento.delivery.branches import Branches, CommitText
from redimento.errors import ConflictError, GitError
from redimento.repository.branches import Author, CheckoutBranches, ServerBranches
from redimento.repository.checkout import open_checkout
from redimento.repository.remote import Credentials
from tests.repository.conftest import TOKEN, Repo, Server

BRANCH = "redimento/7-total"
AUTHOR = Author("Redimento", "redimento@example.com")
TEXT = CommitText("Add totals", "As asked.", {"Redimento-Work-Item": "7"})


def text_on(base: str) -> CommitText:
    return replace(TEXT, trailers={**TEXT.trailers, "Redimento-Base": base})


def change(content: str) -> Change:
    return Change((FileChange("src/cart.py", b"", content.encode()),))


@pytest.fixture(params=["local", "server"])
def branches(request: pytest.FixtureRequest, job: Repo, server: Server) -> Branches:
    checkout = open_checkout(job.path)
    if request.param == "local":
        return CheckoutBranches(checkout, AUTHOR)
    return ServerBranches(
        checkout,
        AUTHOR,
        credentials=Credentials(server.url, TOKEN),
        own_pushes=lambda branch: server.repo.git("rev-list", server.tip(branch), "--not", "main").split(),
    )


def test_a_branch_is_created_and_continued(branches: Branches) -> None:
    assert branches.tip(BRANCH, 7) is None

    text = text_on(branches.head)
    first = branches.commit(change("one\n"), (branches.head,), text)
    branches.publish(first, BRANCH, expected=None)
    second = branches.commit(change("two\n"), (first,), text)
    branches.publish(second, BRANCH, expected=first)

    tip = branches.tip(BRANCH, 7)
    assert tip is not None
    assert tip.commit == second
    assert tip.generated is not None
    assert tip.generated.commit == second
    assert tip.generated.trailers.items() >= text.trailers.items()
    assert not branches.same_files(first, second)


def test_a_branch_that_somebody_else_created_or_moved_is_left_alone(branches: Branches) -> None:
    theirs = branches.commit(change("theirs\n"), (branches.head,), TEXT)
    branches.publish(theirs, BRANCH, expected=None)
    mine = branches.commit(change("mine\n"), (branches.head,), TEXT)

    with pytest.raises(ConflictError):
        branches.publish(mine, BRANCH, expected=None)
    with pytest.raises(ConflictError):
        branches.publish(branches.commit(change("more\n"), (mine,), TEXT), BRANCH, expected=mine)

    tip = branches.tip(BRANCH, 7)
    assert tip is not None
    assert tip.commit == theirs


def test_a_draft_is_a_patch_on_the_head(branches: Branches, job: Repo) -> None:
    patch = branches.draft_patch(change("one\n"))

    (job.path / "draft.patch").write_text(patch)
    job.git("apply", "--check", "draft.patch")
    assert "+one" in patch


def test_a_dry_run_notes_what_it_would_publish_and_publishes_nothing(job: Repo, server: Server) -> None:
    notes: list[str] = []
    checkout = open_checkout(job.path)
    local = CheckoutBranches(checkout, AUTHOR, notes.append)
    remote = ServerBranches(
        checkout, AUTHOR, notes.append, credentials=Credentials(server.url, TOKEN), own_pushes=lambda _branch: ()
    )
    commit = local.commit(change("one\n"), (local.head,), TEXT)

    local.publish(commit, BRANCH, expected=None)
    remote.publish(commit, BRANCH, expected=None)

    assert [note.split()[1] for note in notes] == ["update-ref", "push"]
    assert TOKEN not in "".join(notes)
    assert local.tip(BRANCH, 7) is None
    assert remote.tip(BRANCH, 7) is None


def test_the_branch_that_is_checked_out_is_not_moved(repo: Repo) -> None:
    local = CheckoutBranches(open_checkout(repo.path), AUTHOR)
    commit = local.commit(change("one\n"), (local.head,), TEXT)

    with pytest.raises(GitError, match="is checked out"):
        local.publish(commit, "main", expected=local.head)

    assert repo.git("status", "--porcelain") == ""


def test_no_hook_runs_when_a_local_branch_moves(repo: Repo) -> None:
    hook = repo.path / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    local = CheckoutBranches(open_checkout(repo.path), AUTHOR)
    commit = local.commit(change("one\n"), (local.head,), TEXT)

    local.publish(commit, BRANCH, expected=None)

    assert repo.git("rev-parse", BRANCH) == commit
