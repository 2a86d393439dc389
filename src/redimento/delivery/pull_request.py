"""The PullRequests port and the values it carries."""

from __future__ import annotations

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
    warnings: tuple[str, ...] = ()  # finished sentences: what could not be added to it


class PullRequests(Protocol):
    """Azure Repos, or a folder in a local run."""

    def find(self, source_branch: str, target_branch: str) -> PullRequest | None:
        """Return the newest pull request between these branches, an active one before completed or abandoned ones."""
        ...

    def open(self, wanted: PullRequestText) -> PullRequest:
        """Create the pull request, or update the active one; link the work item, add labels and reviewers."""
        ...
