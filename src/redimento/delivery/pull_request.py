"""The PullRequests port and the values it carries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Status = Literal["active", "completed", "abandoned"]


@dataclass(frozen=True)
class PullRequestText:
    """What a pull request should look like after this run."""

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
    """A pull request as the server has it."""

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
    """Azure Repos, or a folder on a desk."""

    def find(self, source_branch: str, target_branch: str) -> PullRequest | None:
        """Return the newest pull request of this pair: an active one first, else completed or abandoned."""
        ...

    def open(self, wanted: PullRequestText) -> PullRequest:
        """Create it, or update the active one that exists already; link the work item, add labels and reviewers."""
        ...
