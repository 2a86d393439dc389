"""The Branches port: where a change becomes a commit, and the commit a branch that others can see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from redimento.change.edit import Change

# Trailers of every commit of ours. They tell a later run whether the branch is still ours, and what it answers.
ITEM, REFERENCE, BASE = "Redimento-Work-Item", "Redimento-Reference", "Redimento-Base"


@dataclass(frozen=True)
class Tip:
    """The newest commit of a branch, with its trailers; a commit without ours was made by somebody else."""

    commit: str
    trailers: Mapping[str, str]


@dataclass(frozen=True)
class CommitText:
    subject: str
    body: str
    trailers: Mapping[str, str]


class Branches(Protocol):
    """The repository behind the checkout: a server, or the checkout's own branches on a desk."""

    @property
    def head(self) -> str:
        """The commit that the change is made upon."""
        ...

    def exists(self, branch: str) -> bool:
        """Tell whether a pull request can aim at `branch`. Raises GitError."""
        ...

    def tip(self, branch: str) -> Tip | None:
        """Return the tip of `branch`, None when there is no such branch. Raises GitError, AzureError."""
        ...

    def commit(self, change: Change, parents: Sequence[str], text: CommitText) -> str:
        """Write a commit of `change` upon the files of `head` and return its id; the working tree stays as it is."""
        ...

    def draft_patch(self, change: Change) -> str:
        """Return `change` as a patch that `git apply` takes."""
        ...

    def same_files(self, one: str, other: str) -> bool:
        """Tell whether two commits have exactly the same files."""
        ...

    def publish(self, commit: str, branch: str, *, expected: str | None) -> None:
        """Make `commit` the tip of `branch`, whose tip must be `expected` (None: the branch must be absent).

        Raises ConflictError when somebody else was faster, GitError otherwise.
        """
        ...

    def worktree(self, folder: Path) -> AbstractContextManager[Path]:
        """Lend a second working tree at `head`, gone afterwards."""
        ...
