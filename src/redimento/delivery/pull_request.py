"""The PullRequests port and the values it carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from redimento.settings import AutoComplete, Reviewer

Status = Literal["active", "completed", "abandoned"]
CheckState = Literal["succeeded", "failed", "pending"]
# unchanged, changed: merged as the runs left it, or with commits of people
Acceptance = Literal["unchanged", "changed", "abandoned", "open", "unknown"]


@dataclass(frozen=True)
class PullRequestText:
    """The pull request as it should be after this run."""

    source_branch: str  # short name: redimento/7-title
    target_branch: str
    title: str
    description: str  # Markdown, at most 4,000 UTF-16 units
    draft: bool
    work_item_id: int
    labels: tuple[str, ...] = ()
    reviewers: tuple[Reviewer, ...] = ()


@dataclass(frozen=True)
class Marks:
    """What is attached to a pull request: labels and reviewers in lower case (ids on a server), numbers of work items."""

    labels: frozenset[str] = frozenset()
    reviewers: frozenset[str] = frozenset()
    work_items: frozenset[int] = frozenset()


@dataclass(frozen=True)
class PullRequest:
    """The pull request as it is on the server."""

    id: int
    url: str
    source_branch: str
    target_branch: str
    title: str
    description: str
    draft: bool
    status: Status
    conflicts: bool = False  # with its target, as far as the server knows
    ours: bool = True  # opened by the account of this job
    marks: Marks | None = None  # None: the server did not say
    auto_complete: bool = False  # whoever set it


@dataclass(frozen=True)
class CheckStatus:
    """What the checks say of a commit. `pending`: they could not judge it."""

    state: CheckState
    sentence: str
    url: str  # of the run
    commit: str


class PullRequests(Protocol):
    """Azure Repos, or a folder in a local run."""

    def refuse_missing_rights(self, branch: str, *, new: bool) -> None:
        """Raise PermissionMissingError if this account may not push to the branch, which may be new, or open pull requests.

        What the server does not tell is no reason to refuse.
        """
        ...

    def find(self, source_branch: str, target_branch: str) -> PullRequest | None:
        """Return our newest pull request between these branches, an active one before completed or abandoned ones.

        An active one from `source_branch` counts whatever its target is: somebody may have changed it.
        Its description may be cut after 400 characters.
        """
        ...

    def current(self, pull_request: PullRequest) -> PullRequest:
        """Return the pull request as it is now, with its whole description."""
        ...

    def open(self, wanted: PullRequestText, known: PullRequest | None = None) -> PullRequest:
        """Update `known`, an active pull request, or create one with the work item, labels and reviewers on it.

        An active one of somebody else is returned as it is (`ours` is False).
        """
        ...

    def marks(self, pull_request: PullRequest) -> Marks:
        """Return what is attached to the pull request now."""
        ...

    def label(self, pull_request: PullRequest, label: str) -> None:
        """Add a label."""
        ...

    def identities(self, reviewers: Sequence[Reviewer]) -> tuple[tuple[Reviewer, ...], tuple[str, ...]]:
        """Return the reviewers, named as `Marks` holds them, and a sentence for each that was not found.

        Raises AzureError where nobody can be looked up.
        """
        ...

    def invite(self, pull_request: PullRequest, reviewer: Reviewer) -> None:
        """Add a reviewer, given as `identities` returns them."""
        ...

    def link(self, pull_request: PullRequest, item_id: int) -> None:
        """Link a work item to the pull request."""
        ...

    def post(self, pull_request: PullRequest, status: CheckStatus) -> None:
        """Post the status of a commit of the pull request."""
        ...

    def remark(self, pull_request: PullRequest, text: str, *, update: bool = True) -> None:
        """Write `text` as the one comment of ours on the pull request, which nobody has to resolve.

        One that is there is updated if `update`, and one that a person deleted stays away.
        """
        ...

    def complete_by_policy(self, pull_request: PullRequest, wish: AutoComplete) -> None:
        """Let the server complete the pull request once its policies are met.

        Raises UsageError where they do not allow the wanted merge, or would not wait for a person.
        """
        ...

    def keep_open(self, pull_request: PullRequest) -> None:
        """Let the server complete the pull request by itself no more."""
        ...

    def numbered(self, number: int) -> PullRequest:
        """Return the pull request with this number, whoever opened it. Raises NotThereError."""
        ...
