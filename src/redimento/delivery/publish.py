"""Publish a change as a branch and a pull request: never twice, never lost."""

from __future__ import annotations

from dataclasses import dataclass, replace

from redimento.change.edit import Change
from redimento.delivery import signature, texts
from redimento.delivery.branches import BASE, CHECKS, ITEM, REFERENCE, REMARKS, Branches, CommitText, Generated, Tip
from redimento.delivery.markdown import units
from redimento.delivery.pull_request import PullRequest, PullRequests, PullRequestText
from redimento.delivery.readiness import check_state
from redimento.delivery.report import Report
from redimento.delivery.template import NOTHING_AROUND, Around
from redimento.errors import ConflictError
from redimento.outcome import Outcome
from redimento.settings import PullRequestSettings
from redimento.text.wording import Sentence
from redimento.work_items.item import WorkItem

_LEAST_ROOM = 500  # UTF-16 units in which the evidence still says something


@dataclass(frozen=True)
class Delivery:
    """What to deliver, and where to. `tip` and `pull_request`: what an earlier run left, the latter if it is active.

    `around`: the repository's own template, for a new pull request. `co_author`: who asked for the change, as `Name <mail>`.
    `on_top`: the change goes on from the files of the tip, whoever wrote them. `answers`: the remarks that it answers.
    """

    item: WorkItem
    change: Change
    report: Report
    branch: str
    target: str
    tip: Tip | None
    reference: str
    draft: bool
    pull_request: PullRequest | None = None
    around: Around = NOTHING_AROUND
    co_author: str = ""
    on_top: bool = False
    answers: tuple[str, ...] = ()


def publish(
    delivery: Delivery, branches: Branches, pull_requests: PullRequests, settings: PullRequestSettings
) -> tuple[str, PullRequest]:
    """Push the change and open or update its pull request; return the commit and the pull request.

    The branch only moves forward: a rerun adds a commit to the last one it made, and merges the target branch if that
    has moved, and what somebody else added to the branch. A change with all of it already goes on top. Raises AzureError, GitError.
    """
    if delivery.draft and delivery.pull_request and delivery.pull_request.auto_complete:
        pull_requests.keep_open(delivery.pull_request)  # before the push: the server could complete it right after
    commit = _pushed(delivery, branches, settings)
    return commit, pull_requests.open(text_of(delivery, settings), delivery.pull_request)


def text_of(delivery: Delivery, settings: PullRequestSettings) -> PullRequestText:
    """Return the pull request as it should be; what a person changed in it stays."""
    known = delivery.pull_request
    around = delivery.around
    taken = signature.around(known.description) if known else around.before + around.after
    room = texts.DESCRIPTION_UNITS - signature.UNITS - units(taken)
    wanted = PullRequestText(
        source_branch=delivery.branch,
        target_branch=delivery.target,
        title=texts.title(settings.title, delivery.item, delivery.report.language),
        description=texts.description(delivery.report, most=room),
        draft=delivery.draft,
        work_item_id=delivery.item.id,
        labels=settings.labels,
        reviewers=settings.reviewers,
    )
    if known is None:
        signed = signature.sign(wanted, delivery.reference)
        return replace(signed, description=f"{around.before}{signed.description}{around.after}")
    text = signature.merged(known, wanted, delivery.reference)
    # Azure would refuse more, and nothing that a person wrote may be cut.
    return text if room >= _LEAST_ROOM else replace(text, description=known.description)


def _pushed(delivery: Delivery, branches: Branches, settings: PullRequestSettings) -> str:
    tip = delivery.tip
    generated = None if tip is None else tip.generated
    text = CommitText(
        subject=texts.title(settings.title, delivery.item, delivery.report.language),
        body=texts.commit_body(delivery.report),
        trailers={
            **({ITEM: str(delivery.item.id)} if delivery.item.id else {}),
            REFERENCE: delivery.reference,
            BASE: branches.head,
            CHECKS: check_state(delivery.report.verdict, delivery.report.draft_reasons),
            **({REMARKS: " ".join(delivery.answers)} if delivery.answers else {}),
            **({"Co-authored-by": delivery.co_author} if delivery.co_author else {}),
        },
    )
    parents = _on_top(tip, branches.head) if tip and delivery.on_top else _parents(generated, branches.head)
    commit = branches.commit(delivery.change, parents, text)
    if (
        not delivery.on_top
        and tip is not None
        and generated is not None
        and generated.trailers.get(REFERENCE) == delivery.reference
        and branches.same_files(generated.commit, commit)
    ):
        return tip.commit
    if tip is not None and tip.holds_others and not delivery.on_top:
        commit = branches.merge(tip.commit, commit, text)
    try:
        branches.publish(commit, delivery.branch, expected=None if tip is None else tip.commit)
    except ConflictError as error:
        raise ConflictError(
            error.sentence,
            Sentence("change_is_kept"),
        ) from error
    return commit


def _parents(generated: Generated | None, head: str) -> tuple[str, ...]:
    if generated is None:
        return (head,)
    return (generated.commit,) if generated.trailers.get(BASE) == head else (generated.commit, head)


def _on_top(tip: Tip, head: str) -> tuple[str, ...]:
    return (tip.commit,) if tip.base == head else (tip.commit, head)


def outcome(delivery: Delivery, commit: str, pull_request: PullRequest) -> Outcome:
    """Return the outcome of a delivered change. In a dry run the pull request has the id 0."""
    ready = Sentence("pull_request_is_ready", id=pull_request.id) if pull_request.id else Sentence("would_be_ready")
    return Outcome(
        kind="draft" if delivery.draft else "delivered",
        sentence=Sentence("several", sentences=delivery.report.draft_reasons) if delivery.draft else ready,
        branch=delivery.branch,
        commit=commit,
        pull_request_id=pull_request.id,
        pull_request_url=pull_request.url,
    )
