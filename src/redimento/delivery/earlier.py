"""What earlier runs left: a reason to stop, or the branch and pull request to go on with."""

from __future__ import annotations

import hashlib

from redimento.delivery.branches import ITEM, REFERENCE, Tip
from redimento.delivery.pull_request import PullRequest
from redimento.work_items.item import Comment, WorkItem


def own(comment: Comment, marker: str) -> bool:
    """Tell whether a comment is the one that this program keeps on an item."""
    # The whole line: the marker of a repository `web` begins like that of `web-api`.
    return comment.text.strip().split("\n", 1)[0].strip(" *\\") == marker


def others(item: WorkItem, marker: str) -> tuple[Comment, ...]:
    """Return what people said on the item."""
    return tuple(comment for comment in item.comments if not own(comment, marker))


def reference(item: WorkItem, marker: str) -> str:
    """Return a short name for what the item asks for now: the same text, the same name.

    State, tags and our own comment do not count: they change because we work on the item.
    """
    parts = [item.title, item.description, *item.acceptance_criteria, item.repro_steps, item.system_info]
    parts += [comment.text for comment in others(item, marker)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def reason_to_stop(
    item: WorkItem, branch: str, tip: Tip | None, pull_request: PullRequest | None, *, marker: str
) -> str | None:
    """Return why nothing should be done, as a finished sentence with the way out; None to go on."""
    now = reference(item, marker)
    if any(own(comment, marker) and asked(now) in comment.text for comment in item.comments):
        return "The questions asked on this work item are not answered yet. Answer in a comment or in the description."
    if pull_request is not None and pull_request.status == "completed" and tip is None:
        return _if_unchanged(pull_request, "was completed")
    if tip is None:
        return None
    if tip.trailers.get(ITEM) != str(item.id):
        return (
            f"The newest commit on the branch {branch} is not Redimento's: a person works there. "
            "Delete or rename the branch to let a run start anew."
        )
    if pull_request is None or tip.trailers.get(REFERENCE) != now:
        return None
    if pull_request.status == "active" and not pull_request.draft:
        return _if_unchanged(pull_request, "answers this work item as it stands")
    if pull_request.status != "active":
        return _if_unchanged(pull_request, f"was {pull_request.status}")
    return None


def asked(ref: str) -> str:
    """Return how our comment refers to questions about the item as it was under `ref`."""
    return f"questions-{ref}"


def _if_unchanged(pull_request: PullRequest, what: str) -> str:
    return (
        f"Pull request {pull_request.id} {what} ({pull_request.url}). "
        "Change the work item, or delete the branch, to let a run start anew."
    )
