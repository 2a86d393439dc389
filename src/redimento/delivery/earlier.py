"""What earlier runs left behind, and whether it is a reason to stop."""

from __future__ import annotations

import hashlib

from redimento.delivery.branches import REFERENCE, Tip
from redimento.delivery.pull_request import PullRequest
from redimento.work_items.item import Comment, WorkItem


def own(comment: Comment, marker: str) -> bool:
    """Return whether a comment is the one Redimento keeps on an item: anybody can write the marker."""
    # The whole line: the marker of the repository `web` is a prefix of that of `web-api`.
    return comment.ours and comment.text.strip().split("\n", 1)[0].strip(" *\\") == marker


def others(item: WorkItem, marker: str) -> tuple[Comment, ...]:
    """Return the comments that people wrote."""
    return tuple(comment for comment in item.comments if not own(comment, marker))


def reference(item: WorkItem, marker: str) -> str:
    """Return a short hash of what the item asks for.

    State, tags and our own comment are left out: they change because of our work on the item.
    """
    parts = [item.title, item.description, *item.acceptance_criteria, item.repro_steps, item.system_info]
    parts += [field.text for field in item.fields]
    parts += [comment.text for comment in others(item, marker)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def reason_to_stop(
    item: WorkItem, branch: str, tip: Tip | None, pull_request: PullRequest | None, *, marker: str
) -> str | None:
    """Return why the run should stop, with the way out, or None to go on."""
    now = reference(item, marker)
    if any(own(comment, marker) and asked(now) in comment.text for comment in item.comments):
        return "The questions asked on this work item are not answered yet. Answer in a comment or in the description."
    if tip is None:
        return _merged(pull_request) if pull_request is not None and pull_request.status == "completed" else None
    if tip.generated is None:
        return (
            f"No commit on the branch {branch} is as Redimento made it, so a person is working there. "
            "Delete or rename the branch to let a run start over."
        )
    if pull_request is None or tip.generated.trailers.get(REFERENCE) != now:
        return None
    if pull_request.status == "active":
        return None if pull_request.draft else _unchanged(pull_request, "already answers this work item")
    return _unchanged(pull_request, f"was {pull_request.status}")


def asked(ref: str) -> str:
    """Return the reference under which our comment asks questions about the item."""
    return f"questions-{ref}"


def _merged(pull_request: PullRequest) -> str:
    # The branch is gone, and with it what the pull request answered: a changed item cannot be recognised.
    return (
        f"Pull request {pull_request.id} was completed and its branch deleted ({pull_request.url}). "
        "Create a new work item for further changes."
    )


def _unchanged(pull_request: PullRequest, what: str) -> str:
    # Without its branch, a completed pull request stops every later run: see _merged.
    way_out = (
        "Change the work item" if pull_request.status == "completed" else "Change the work item or delete the branch"
    )
    return f"Pull request {pull_request.id} {what} ({pull_request.url}). {way_out} to let a run start over."
