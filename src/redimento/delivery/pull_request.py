"""The PullRequests port and the values it carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Status = Literal["active", "completed", "abandoned"]


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
    reviewers: tuple[str, ...] = ()  # unique names (mail addresses), display names or ids


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


class PullRequests(Protocol):
    """Azure Repos, or a folder in a local run."""

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

    def identities(self, names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the reviewers with these names as `Marks` holds them, and a sentence for each that was not found."""
        ...

    def invite(self, pull_request: PullRequest, reviewer: str) -> None:
        """Add a reviewer, given as `identities` returns them."""
        ...

    def link(self, pull_request: PullRequest, item_id: int) -> None:
        """Link a work item to the pull request."""
        ...
