"""Publish a change as a branch and a pull request: never twice, never lost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from redimento.change.edit import Change
from redimento.delivery import signature, texts
from redimento.delivery.branches import BASE, ITEM, REFERENCE, Branches, CommitText, Generated, Tip
from redimento.delivery.markdown import units
from redimento.delivery.pull_request import PullRequest, PullRequests, PullRequestText
from redimento.delivery.report import Report
from redimento.errors import ConflictError
from redimento.outcome import Outcome
from redimento.settings import PullRequestSettings
from redimento.work_items.item import WorkItem

_LEAST_ROOM = 500  # UTF-16 units in which the evidence still says something


@dataclass(frozen=True)
class Delivery:
    """What to deliver, and where to. `tip` and `pull_request`: what an earlier run left, the latter if it is active."""

    item: WorkItem
    change: Change
    report: Report
    branch: str
    target: str
    tip: Tip | None
    reference: str
    draft: bool
    pull_request: PullRequest | None = None


def publish(
    delivery: Delivery, branches: Branches, pull_requests: PullRequests, settings: PullRequestSettings
) -> tuple[str, PullRequest]:
    """Push the change and open or update its pull request; return the commit and the pull request.

    The branch only moves forward: a rerun adds a commit to the last one it made, and merges the target branch if that
    has moved, and what somebody else added to the branch. Raises AzureError, GitError.
    """
    commit = _pushed(delivery, branches, settings)
    return commit, pull_requests.open(_text(delivery, settings), delivery.pull_request)


def _text(delivery: Delivery, settings: PullRequestSettings) -> PullRequestText:
    """Return the pull request as it should be; what a person changed in it stays."""
    known = delivery.pull_request
    room = texts.DESCRIPTION_UNITS - signature.UNITS - units(signature.around(known.description) if known else "")
    wanted = PullRequestText(
        source_branch=delivery.branch,
        target_branch=delivery.target,
        title=texts.title(settings.title, delivery.item),
        description=texts.description(delivery.report, most=room),
        draft=delivery.draft,
        work_item_id=delivery.item.id,
        labels=settings.labels,
        reviewers=settings.reviewers,
    )
    if known is None:
        return signature.sign(wanted, delivery.reference)
    text = signature.merged(known, wanted, delivery.reference)
    # Azure would refuse more, and nothing that a person wrote may be cut.
    return text if room >= _LEAST_ROOM else replace(text, description=known.description)


def _pushed(delivery: Delivery, branches: Branches, settings: PullRequestSettings) -> str:
    tip = delivery.tip
    generated = None if tip is None else tip.generated
    text = CommitText(
        subject=texts.title(settings.title, delivery.item),
        body=texts.commit_body(delivery.report),
        trailers={ITEM: str(delivery.item.id), REFERENCE: delivery.reference, BASE: branches.head},
    )
    commit = branches.commit(delivery.change, _parents(generated, branches.head), text)
    if (
        tip is not None
        and generated is not None
        and generated.trailers.get(REFERENCE) == delivery.reference
        and branches.same_files(generated.commit, commit)
    ):
        return tip.commit
    if tip is not None and tip.holds_others:
        commit = branches.merge(tip.commit, commit, text)
    try:
        branches.publish(commit, delivery.branch, expected=None if tip is None else tip.commit)
    except ConflictError as error:
        raise ConflictError(
            error.sentence,
            "Nothing was overwritten, and the change is kept as change.patch. Run again if it is still wanted.",
        ) from error
    return commit


def _parents(generated: Generated | None, head: str) -> tuple[str, ...]:
    if generated is None:
        return (head,)
    return (generated.commit,) if generated.trailers.get(BASE) == head else (generated.commit, head)


def outcome(delivery: Delivery, commit: str, pull_request: PullRequest) -> Outcome:
    """Return the outcome of a delivered change. In a dry run the pull request has the id 0."""
    ready = (
        f"Pull request {pull_request.id} is ready for review."
        if pull_request.id
        else "The pull request would be ready for review. This was a dry run: nothing was written."
    )
    return Outcome(
        kind="draft" if delivery.draft else "delivered",
        sentence=" ".join(delivery.report.draft_reasons) if delivery.draft else ready,
        branch=delivery.branch,
        commit=commit,
        pull_request_id=pull_request.id,
        pull_request_url=pull_request.url,
    )
