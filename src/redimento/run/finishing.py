"""Finish what a killed run has left undone: without the model, from what its commit and its pull request say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from redimento.delivery import signature, texts
from redimento.delivery.branches import CHECKS, REFERENCE
from redimento.delivery.effects import Effect, of_commit, of_whole_text
from redimento.delivery.pull_request import CheckState, CheckStatus, PullRequest, PullRequestText
from redimento.events import PullRequestWritten
from redimento.outcome import Outcome
from redimento.run.delivering import auto_complete, comment, concluded
from redimento.run.job import Admitted, Job, Ports, Stopped
from redimento.run.showing import mark
from redimento.text.wording import Sentence


def finish(job: Job, ports: Ports, stopped: Stopped) -> Outcome | None:
    """Bring about what a killed run has not, and let the item say so; its claim goes with ours.

    Returns the outcome if that opened a pull request.
    """
    if stopped.killed is not None:
        comment(job, ports, replace(stopped.killed, notes=(Sentence("killed_before"),)), stopped.outcome)
    if stopped.tagged is not None:
        mark(job, ports, stopped.tagged, "over")
    admitted = stopped.unfinished
    if admitted is None:
        return None
    known = admitted.pull_request or _opened_from_commit(job, ports, admitted)
    if not admitted.pull_request:
        ports.emit(PullRequestWritten(known.id, known.url, known.draft, created=True))
    ended = Outcome(
        "draft" if known.draft else "delivered",
        Sentence("description_says_why") if known.draft else Sentence("pull_request_is_ready", id=known.id),
        branch=known.source_branch,
        pull_request_id=known.id,
        pull_request_url=known.url,
    )
    effects = [*_of_killed_run(job, ports, admitted, known)]
    comment(job, ports, concluded(job, ports, admitted, known, effects), ended)
    return None if admitted.pull_request else ended


def _opened_from_commit(job: Job, ports: Ports, admitted: Admitted) -> PullRequest:
    """Open the pull request for a commit whose run ended before it could: what the commit says is all that is left."""
    tip, settings = admitted.tip, job.settings.pull_request
    if tip is None or tip.generated is None:
        raise ValueError("Without a generated commit there is nothing to open.")
    draft = tip.holds_others or tip.generated.trailers.get(CHECKS) != "succeeded"
    language = job.settings.language
    text = texts.from_commit(
        tip.generated.message, admitted.item.id, draft=draft, others=tip.holds_others, language=language
    )
    wanted = PullRequestText(
        admitted.branch, job.target, texts.title(settings.title, admitted.item, language), text, draft=draft,
        work_item_id=admitted.item.id, labels=settings.labels, reviewers=settings.reviewers,
    )  # fmt: skip
    return ports.pull_requests.open(signature.sign(wanted, tip.generated.trailers[REFERENCE]))


def _of_killed_run(job: Job, ports: Ports, admitted: Admitted, known: PullRequest) -> Iterator[Effect]:
    """Yield what each run has anew and a killed one may have left undone, as far as its commit tells."""
    tip, signed = admitted.tip, signature.read(known.description)
    if tip is None or tip.generated is None:
        return
    ready, language = signed is not None and not signed.draft, job.settings.language
    if job.settings.pull_request.status:
        said = tip.generated.trailers.get(CHECKS)
        state: CheckState = "succeeded" if ready else "failed" if said == "failed" else "pending"
        commit = tip.generated.commit if tip.holds_others else tip.commit
        status = CheckStatus(state, texts.status(state, language=language), job.run_url, commit)
        yield of_commit(known, ports.pull_requests, status)
    if texts.was_cut(known.description):
        text = texts.from_commit(
            tip.generated.message, admitted.item.id, draft=not ready, others=tip.holds_others, language=language
        )
        yield of_whole_text(known, ports.pull_requests, text, update=False)
    if ready:
        yield from auto_complete(job, ports, admitted, known)
