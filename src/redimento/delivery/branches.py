"""The Branches port: commit a change, and publish the commit as a branch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from redimento.change.edit import Change

# Trailers of every Redimento commit. A later run reads from them whether the branch is still ours, and what it answers.
ITEM, REFERENCE, BASE = "Redimento-Work-Item", "Redimento-Reference", "Redimento-Base"


@dataclass(frozen=True)
class Tip:
    """The newest commit of a branch, with its trailers; without our trailers, somebody else made it."""

    commit: str
    trailers: Mapping[str, str]


@dataclass(frozen=True)
class CommitText:
    subject: str
    body: str
    trailers: Mapping[str, str]


class Branches(Protocol):
    """The repository to publish to: the server, or the checkout itself in a local run."""

    @property
    def head(self) -> str:
        """The commit that the change is based on."""
        ...

    def exists(self, branch: str) -> bool:
        """Return whether a pull request can target `branch`. Raises GitError."""
        ...

    def tip(self, branch: str) -> Tip | None:
        """Return the tip of `branch`, or None if it does not exist. Raises GitError, AzureError."""
        ...

    def commit(self, change: Change, parents: Sequence[str], text: CommitText) -> str:
        """Commit `change` on top of the files of `head` and return the commit id; the working tree is not touched."""
        ...

    def draft_patch(self, change: Change) -> str:
        """Return `change` as a patch that `git apply` accepts."""
        ...

    def same_files(self, one: str, other: str) -> bool:
        """Return whether two commits have exactly the same files."""
        ...

    def publish(self, commit: str, branch: str, *, expected: str | None) -> None:
        """Move `branch` from `expected` (None: it must not exist yet) to `commit`.

        Raises ConflictError if the branch is elsewhere by now, GitError for any other failure.
        """
        ...

    def worktree(self, folder: Path) -> AbstractContextManager[Path]:
        """Check out `head` into `folder` as a second working tree, removed on exit."""
        ...
