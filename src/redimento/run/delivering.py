"""Deliver what an attempt made: never twice, never over somebody else's work, and to the end even after a killed run."""

from __future__ import annotations

from dataclasses import replace

from redimento.change.guards.steering import steering_files
from redimento.delivery import earlier, signature, texts
from redimento.delivery.criteria import assess
from redimento.delivery.effects import on_pull_request, settle
from redimento.delivery.publish import Delivery, outcome, publish
from redimento.delivery.pull_request import PullRequest
from redimento.delivery.readiness import draft_reasons
from redimento.delivery.report import Report, check_lines, file_lines, further_proofs, proofs_of
from redimento.errors import RedimentoError
from redimento.events import Warned
from redimento.models.port import ModelError, Spent, total_tokens
from redimento.outcome import Outcome
from redimento.run.attempt import Attempt
from redimento.run.job import Admitted, Job, Ports, Stopped
from redimento.verification.evidence import Proof
from redimento.work_items.admission import closed


def deliver(
    job: Job, ports: Ports, admitted: Admitted, attempt: Attempt, *, of: int
) -> tuple[Outcome, Report | None, Admitted]:
    """Return how the run ends, the report of a change, and the item and pull request as they are now."""
    answer = attempt.answer
    if not attempt.change.files:
        if answer.questions:
            asked = Outcome("questions", "The work item leaves open what to build.", questions=answer.questions)
            _move(job, ports, job.settings.updates.state_questions)
            return asked, None, admitted
        if not answer.nothing_to_do:
            raise ModelError(
                "The model's answer changes nothing, and does not say that nothing has to change.",
                "Run again; conversation.jsonl in the run folder has the answer.",
                kind="unreadable",
            )
        nothing = f"The model found nothing to change: {answer.nothing_to_do}".strip()
        idle = Outcome("skipped", nothing, "If something is missing, add it to the work item and run again.")
        return idle, None, admitted
    now = _look_again(job, ports, admitted)
    if isinstance(now, Outcome):
        return now, None, admitted
    admitted, notes = now
    report = replace(_report(job, ports, admitted, attempt, of=of), notes=notes)
    delivery = Delivery(
        admitted.item, attempt.change, report, admitted.branch, job.target, admitted.tip, admitted.reference,
        draft=bool(report.draft_reasons), pull_request=admitted.pull_request,
    )  # fmt: skip
    commit, pull_request = publish(delivery, ports.branches, ports.pull_requests, job.settings.pull_request)
    ended = outcome(delivery, commit, pull_request)
    job.folder.write_json("delivery.json", ended)
    return ended, report, _concluded(job, ports, admitted, pull_request)


def _look_again(job: Job, ports: Ports, admitted: Admitted) -> tuple[Admitted, tuple[str, ...]] | Outcome:
    """Return the item and the pull request as they are after the work, and what people changed meanwhile.

    The outcome says why nothing may be delivered any more.
    """
    before, known = admitted.item, admitted.pull_request
    item = job.secrets.redacted(ports.board.again(before))
    notes: list[str] = []
    if item.state != before.state and (reason := closed(item, ports.board.category(item))):
        return Outcome(
            "skipped", f"Somebody closed the work item while the run worked, so nothing was delivered. {reason}"
        )
    if earlier.asks_for(item, job.marker) != earlier.asks_for(before, job.marker):
        notes.append("The work item was changed while the run worked; this answers what it asked for before.")
    if known is not None and known.status == "active":
        known = ports.pull_requests.current(known)
        if known.status != "active":
            return Outcome(
                "skipped",
                f"Pull request {known.id} was {known.status} while the run worked, so nothing was delivered.",
                "Change the work item to let a run start over.",
                pull_request_id=known.id,
                pull_request_url=known.url,
            )
        notes += signature.kept(known)
    else:
        known = None
    # What the run answers stays what it was asked, and our comment is where it is now.
    item = replace(before, comments=item.comments, state=item.state, revision=item.revision)
    return replace(admitted, item=item, pull_request=known), tuple(notes)


def _concluded(job: Job, ports: Ports, admitted: Admitted, pull_request: PullRequest) -> Admitted:
    """Bring about what follows a pull request, but for the comment: a later run reads from it that all is done."""
    settings, failed = job.settings.pull_request, list[str]()
    if not pull_request.ours:
        warnings = [
            f"Pull request {pull_request.id} for this branch was opened by somebody else, so nothing in it was changed."
        ]
    elif admitted.concluded:
        warnings = []  # an earlier run put everything on it: what is missing by now, a person took off
    else:
        effects = on_pull_request(pull_request, admitted.item.id, ports.pull_requests, settings)
        # A dry run has no pull request to add to.
        failed = [*settle(effects if pull_request.id else ())]
        warnings = [*failed, *ports.pull_requests.identities(settings.reviewers)[1]]
    for warning in warnings:
        ports.emit(Warned(warning))
    moved = _move(job, ports, job.settings.updates.state_delivered)
    return replace(admitted, unfinished=bool(failed) or not moved)


def _reproduced(attempt: Attempt) -> tuple[Proof, ...]:
    """Return the proofs of the reproduction, without tests that lines added later (a skip, a stand-in) keep from failing."""
    if attempt.reproduction is None:
        return ()
    proofs = proofs_of([test.id for test in attempt.reproduction.tests], attempt.verdict)
    return tuple(proof for proof in proofs if proof.before not in {"passed", "skipped"})


def _report(job: Job, ports: Ports, admitted: Admitted, attempt: Attempt, *, of: int) -> Report:
    item, tip, spent, verdict = admitted.item, admitted.tip, ports.spent(), attempt.verdict
    holds_others = tip is not None and tip.holds_others
    criteria = assess(item.acceptance_criteria, attempt.answer.criteria, verdict)
    reproduced = _reproduced(attempt)
    return Report(
        item=item,
        summary=attempt.answer.summary or f"A change for: {item.title}",
        criteria=criteria,
        verdict=verdict,
        further_proofs=tuple(proof for proof in further_proofs(criteria, verdict) if proof not in reproduced),
        files=file_lines(attempt.change),
        new_dependencies=attempt.change.new_dependencies,
        checks=check_lines(verdict) if verdict else (),
        draft_reasons=draft_reasons(
            verdict, attempt.answer, attempt.stopped, attempt.change, holds_others=holds_others
        ),
        questions=attempt.answer.questions,
        rounds=attempt.rounds,
        model=ports.model.name,
        tokens=total_tokens(spent.usage),
        usd=spent.usd,
        estimated_usd=spent.estimated_usd,
        run_url=job.run_url,
        documentation=attempt.answer.documentation,
        build_instructions=attempt.answer.build_instructions,
        reproduction=reproduced,
        rewritten=attempt.reproduction.rewritten if attempt.reproduction else (),
        candidate=attempt.number,
        candidates=of,
        steering=steering_files(attempt.change.files, job.settings.project.conventions),
    )


def comment(job: Job, ports: Ports, admitted: Admitted, ended: Outcome, *, report: Report | None = None) -> bool:
    """Comment on the work item, if the settings say so; return False if that failed, which must not fail the run."""
    if not job.settings.updates.comment:
        return True
    item, now = admitted.item, admitted.reference
    if admitted.unfinished:
        now = earlier.unfinished(now)
    left = admitted.concluded and ended.kind not in ("delivered", "draft")
    text = texts.comment(
        item,
        ended,
        report,
        marker=job.marker,
        reference=earlier.asked(now.partition("-")[0]) if ended.kind == "questions" else now,
        tally=_with_this_run(admitted.past, ports.spent()),
        notes=report.notes if report else (),
        earlier=admitted.pull_request.url if left and admitted.pull_request else "",
    )
    known = earlier.own_comment(item, job.marker)
    try:
        ports.board.comment(item.id, job.marker, text, known=known.id if known else 0)
    except RedimentoError as error:
        ports.emit(Warned(f"The comment on the work item could not be written. {error}"))
        return False
    return True


def _with_this_run(before: earlier.Tally, now: Spent) -> earlier.Tally:
    return earlier.Tally(before.runs + 1, before.usd + now.usd) if now.calls else before


def _move(job: Job, ports: Ports, state: str) -> bool:
    if not state:
        return True
    try:
        ports.board.set_state(job.item_id, state)
    except RedimentoError as error:
        ports.emit(Warned(f"The work item could not be moved to {state}. {error}"))
        return False
    return True


def finish(job: Job, ports: Ports, stopped: Stopped) -> None:
    """Bring about what a killed run has not; its claim goes with ours."""
    admitted = stopped.unfinished
    known = admitted.pull_request if admitted else None
    if admitted is None or known is None:
        return
    ended = Outcome(
        "draft" if known.draft else "delivered",
        "Its description says why." if known.draft else f"Pull request {known.id} is ready for review.",
        branch=known.source_branch,
        pull_request_id=known.id,
        pull_request_url=known.url,
    )
    comment(job, ports, _concluded(job, ports, admitted, known), ended)
