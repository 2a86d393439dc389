"""The Branches port: commit a change, and publish the commit as a branch."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from redimento.change.edit import Change
from redimento.context.tree import Tree

# Trailers of every Redimento commit: a later run reads from them what the commit answers.
ITEM, REFERENCE, BASE = "Redimento-Work-Item", "Redimento-Reference", "Redimento-Base"
CHECKS = "Redimento-Checks"  # what the checks say of it: succeeded, failed or pending
REMARKS = "Redimento-Remarks"  # the remarks that the commit answers, as `review.Remark.name` gives them
# The ids of the commit's tree and parents: a commit that somebody amended, rebased or squashed is not ours any more.
CONTENT = "Redimento-Content"


@dataclass(frozen=True)
class Generated:
    """A commit that an earlier run made and nobody changed, with its message and trailers."""

    commit: str
    trailers: Mapping[str, str]
    message: str = ""  # without the trailers


@dataclass(frozen=True)
class Tip:
    """The newest commit of a branch, and the newest generated one in its history, None if there is none.

    `base`: the commit of the target branch that the newest commit of a run has in it, even one on top of somebody else's.
    `answered`: the remarks that runs have answered, and in which commit.
    """

    commit: str
    generated: Generated | None
    base: str = ""
    answered: Mapping[str, str] = field(default_factory=dict)

    @property
    def holds_others(self) -> bool:
        """Whether somebody else's commits are on the branch."""
        return self.generated is None or self.generated.commit != self.commit


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

    def default_tree(self) -> Tree:
        """Return the files of the default branch. Raises GitError."""
        ...

    def heads(self) -> Collection[str]:
        """Return the short names of all branches. Raises GitError."""
        ...

    def tip(self, branch: str, item_id: int | None) -> Tip | None:
        """Return the tip of the branch of an item (None: of whichever it is), or None if it does not exist.

        Raises GitError, AzureError.
        """
        ...

    def standing(self, tip: Tip) -> Change:
        """Return what a branch changes in the files of `head`, as a merge of both would.

        Raises ConflictError naming the files in conflict, GitError for what cannot be a change (a link, a submodule, a mode).
        """
        ...

    def commit(self, change: Change, parents: Sequence[str], text: CommitText) -> str:
        """Commit `change` on top of the files of `head` and return the commit id; the working tree is not touched."""
        ...

    def merge(self, tip: str, generated: str, text: CommitText) -> str:
        """Commit the merge of `generated` into `tip` and return its id; raise ConflictError naming the files in conflict."""
        ...

    def conflicts(self, tip: Tip) -> Sequence[str]:
        """Return the files in which a branch conflicts with `head`, as far as can be told."""
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
