"""The Branches port: branches on the server, local branches, or only a note of what would be pushed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from redimento.change.edit import Change
from redimento.delivery.branches import CommitText, Tip
from redimento.repository import commits, remote, worktrees
from redimento.repository.checkout import Checkout
from redimento.repository.local_branches import local_tip, set_local_branch
from redimento.repository.remote import Credentials
from redimento.text.redaction import NO_SECRETS, Secrets


@dataclass(frozen=True)
class Author:
    name: str
    email: str


@dataclass(frozen=True)
class CheckoutBranches:
    """Commits in a checkout, published as its own local branches, for local runs."""

    checkout: Checkout
    author: Author
    note: Callable[[str], None] | None = None  # dry run: receives what would be published
    secrets: Secrets = NO_SECRETS  # no commit message shows one

    @property
    def head(self) -> str:
        return self.checkout.head

    def exists(self, branch: str) -> bool:  # noqa: ARG002  a local run merges nothing, so any name is fine
        return True

    def tip(self, branch: str) -> Tip | None:
        commit = local_tip(self.checkout, branch)
        return None if commit is None else Tip(commit, commits.trailers(self.checkout, commit))

    def commit(self, change: Change, parents: Sequence[str], text: CommitText) -> str:
        message = commits.commit_message(text.subject, text.body, text.trailers)
        return commits.commit_change(
            self.checkout,
            change,
            parents=parents,
            message=self.secrets.redact(message),
            author_name=self.author.name,
            author_email=self.author.email,
        )

    def draft_patch(self, change: Change) -> str:
        commit = self.commit(change, (self.head,), CommitText("Draft", "", {}))
        return commits.patch(self.checkout, self.head, commit)

    def same_files(self, one: str, other: str) -> bool:
        return commits.same_tree(self.checkout, one, other)

    def publish(self, commit: str, branch: str, *, expected: str | None) -> None:
        """Move the local branch without touching the checked-out branch or the working tree."""
        if self.note is not None:
            self.note(f"git update-ref refs/heads/{branch} {commit} {expected or '(absent)'}")
            return
        set_local_branch(self.checkout, branch, commit, expected=expected)

    def worktree(self, folder: Path) -> AbstractContextManager[Path]:
        return worktrees.worktree(self.checkout, self.head, folder)


@dataclass(frozen=True)
class ServerBranches(CheckoutBranches):
    """Commits in a checkout, pushed to the server."""

    credentials: Credentials = field(kw_only=True)

    def exists(self, branch: str) -> bool:
        return remote.remote_tip(self.checkout, self.credentials, branch) is not None

    def tip(self, branch: str) -> Tip | None:
        """Return the tip on the server. Its commit is fetched; no local reference changes."""
        if remote.remote_tip(self.checkout, self.credentials, branch) is None:
            return None
        commit = remote.fetch_branch(self.checkout, self.credentials, branch)
        return Tip(commit, commits.trailers(self.checkout, commit))

    def publish(self, commit: str, branch: str, *, expected: str | None) -> None:
        if self.note is not None:
            self.note(f"git push {self.credentials.url} {commit}:refs/heads/{branch} (tip now: {expected or 'absent'})")
            return
        remote.push(self.checkout, self.credentials, commit, branch, expected=expected)
