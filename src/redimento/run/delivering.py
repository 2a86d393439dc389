"""Deliver what an attempt made: never twice, never over somebody else's work, and to the end even after a killed run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace

from redimento.change.guards.steering import steering_files
from redimento.delivery import earlier, signature, texts
from redimento.delivery.criteria import assess
from redimento.delivery.effects import Effect, of_auto_complete, of_commit, of_whole_text, on_pull_request, settle
from redimento.delivery.publish import Delivery, outcome, publish, text_of
from redimento.delivery.pull_request import CheckStatus, PullRequest
from redimento.delivery.readiness import check_state, draft_reasons
from redimento.delivery.report import Report, check_lines, file_lines, further_proofs, proofs_of
from redimento.delivery.template import NOTHING_AROUND, Around, fill, find
from redimento.errors import RedimentoError, UsageError
from redimento.events import Note, PullRequestWritten, Warned
from redimento.models.port import ModelError, Spent, total_tokens
from redimento.outcome import Outcome
from redimento.run.attempt import Attempt
from redimento.run.job import Admitted, Job, Ports
from redimento.run.showing import mark
from redimento.text import wording
from redimento.text.wording import Sentence
from redimento.verification.evidence import Proof
from redimento.work_items.admission import closed
from redimento.work_items.item import WorkItem


def deliver(
    job: Job, ports: Ports, admitted: Admitted, attempt: Attempt, *, of: int, on_top: bool = False
) -> tuple[Outcome, Report | None, Admitted]:
    """Return how the run ends, the report of a change, and the item and pull request as they are now.

    `on_top`: the change has in it all that is on the branch.
    """
    answer = attempt.answer
    if not attempt.change.files:
        if answer.questions:
            asked = Outcome("questions", Sentence("open_questions"), questions=answer.questions)
            admitted, _ = mark(job, ports, admitted, "questions")
            return asked, None, _with_newest_comments(job, ports, admitted)
        if not answer.nothing_to_do:
            raise ModelError(
                Sentence("answer_changes_nothing"),
                Sentence("look_into_conversation"),
                kind="unreadable",
            )
        idle = Outcome(
            "skipped", Sentence("nothing_to_change", why=answer.nothing_to_do), Sentence("add_what_is_missing")
        )
        return idle, None, admitted
    now = look_again(job, ports, admitted)
    if isinstance(now, Outcome):
        return now, None, admitted
    admitted, notes = now
    return publish_attempt(job, ports, admitted, attempt, of=of, notes=notes, on_top=on_top)


def _with_newest_comments(job: Job, ports: Ports, admitted: Admitted) -> Admitted:
    """Return the item with what people said while the run worked: it is no reply to questions that they had not seen."""
    with suppress(RedimentoError):
        now = job.secrets.redacted(ports.board.again(admitted.item))
        return replace(admitted, item=replace(admitted.item, comments=now.comments))
    return admitted


def publish_attempt(
    job: Job,
    ports: Ports,
    admitted: Admitted,
    attempt: Attempt,
    *,
    of: int,
    notes: tuple[str, ...],
    on_top: bool,
    answers: tuple[str, ...] = (),
) -> tuple[Outcome, Report, Admitted]:
    """Publish a change, and return how the run ends, the report, and the pull request as it is now.

    `on_top`: it has in it all that is on the branch. `answers`: the remarks that it answers.
    """
    report = _report(job, ports, admitted, attempt, of=of, whole=on_top)
    known, settings = admitted.pull_request, job.settings.pull_request
    if report.draft_reasons and known and known.auto_complete:
        notes = (*notes, Sentence("auto_complete_turned_off"))
    around, left_out = (NOTHING_AROUND, ()) if known else _template(job, ports)
    report = replace(report, notes=(*notes, *left_out))
    delivery = Delivery(
        admitted.item, attempt.change, report, admitted.branch, job.target, admitted.tip, admitted.reference,
        draft=bool(report.draft_reasons), pull_request=known, on_top=on_top, answers=answers,
        around=around, co_author=_co_author(job, ports, admitted.item),
    )  # fmt: skip
    commit, pull_request = publish(delivery, ports.branches, ports.pull_requests, settings)
    ports.emit(PullRequestWritten(pull_request.id, pull_request.url, delivery.draft, created=not known))
    ended = outcome(delivery, commit, pull_request)
    try:
        job.folder.write_json("delivery.json", ended)
        job.folder.write_text("description.md", texts.whole(report))
    except UsageError as error:  # the pull request is there, and the item must say so
        ports.emit(Warned(str(error)))
    effects = _of_this_run(job, ports, admitted, delivery, commit=commit, now=pull_request)
    return ended, report, concluded(job, ports, admitted, pull_request, effects)


def _of_this_run(
    job: Job, ports: Ports, admitted: Admitted, delivery: Delivery, *, commit: str, now: PullRequest
) -> Iterator[Effect]:
    """Yield what each run has anew on its pull request."""
    settings, known, report = job.settings.pull_request, delivery.pull_request, delivery.report
    if settings.status:
        state = check_state(report.verdict, report.draft_reasons)
        status = CheckStatus(
            state, texts.status(state, report.draft_reasons, language=report.language), job.run_url, commit
        )
        yield of_commit(now, ports.pull_requests, status)
    whole = texts.whole(report)
    if whole.strip() not in text_of(delivery, settings).description or (known and texts.was_cut(known.description)):
        yield of_whole_text(now, ports.pull_requests, whole)
    if not delivery.draft:
        yield from auto_complete(job, ports, admitted, now)


def _template(job: Job, ports: Ports) -> tuple[Around, tuple[str, ...]]:
    """Return the repository's own text for pull requests, and a sentence if there is one that cannot be used."""
    try:
        path, text = job.secrets.redacted(find(ports.branches.default_tree(), job.target))
    except RedimentoError as error:
        ports.emit(Warned(f"The repository's template for pull requests was not read. {error}"))
        return NOTHING_AROUND, ()
    around = fill(text, job.item_id, job.settings.language)
    if path and not (text and around.leaves_room):
        return NOTHING_AROUND, (Sentence("template_left_out", path=path),)
    return around, ()


def _co_author(job: Job, ports: Ports, item: WorkItem) -> str:
    """Return who asked for the change, as `Name <mail>`, "" if the settings do not want it or nobody is known."""
    if not job.settings.pull_request.co_author:
        return ""
    try:
        asked = ports.board.requester(item, job.run if job.by_hand else "")
    except RedimentoError as error:
        ports.emit(Warned(f"The commit does not name who asked for it. {error}"))
        return ""
    if not asked:
        ports.emit(Note("The commit does not name who asked for it: no person with an email address is known."))
    return asked


def auto_complete(job: Job, ports: Ports, admitted: Admitted, pull_request: PullRequest) -> Iterator[Effect]:
    """Yield the wish to complete a ready pull request, unless a person has cancelled it since an earlier run made it."""
    wish = job.settings.pull_request.auto_complete
    if wish and not pull_request.draft and admitted.concluded != "ready":
        yield of_auto_complete(pull_request, ports.pull_requests, wish)


def look_again(job: Job, ports: Ports, admitted: Admitted) -> tuple[Admitted, tuple[str, ...]] | Outcome:
    """Return the item and the pull request as they are after the work, and what people changed meanwhile.

    The outcome says why nothing may be delivered any more.
    """
    before, known = admitted.item, admitted.pull_request
    item = job.secrets.redacted(ports.board.again(before))
    notes: list[str] = []
    if item.state != before.state and (reason := closed(item, ports.board.category(item))):
        return Outcome("skipped", Sentence("closed_meanwhile", reason=reason))
    if earlier.asks_for(item) != earlier.asks_for(before):
        notes.append(Sentence("changed_meanwhile"))
    if known is not None and known.status == "active":
        known = ports.pull_requests.current(known)
        if known.status != "active":
            return Outcome(
                "skipped",
                Sentence("pull_request_ended_meanwhile", id=known.id, status=known.status),
                Sentence("change_the_item"),
                pull_request_id=known.id,
                pull_request_url=known.url,
            )
        notes += signature.kept(known)
    else:
        known = None
    # What the run answers stays what it was asked, and the state is the one that a person may have changed since.
    item = replace(before, comments=item.comments, revision=item.revision)
    # What an earlier run did to another pull request says nothing of a new one.
    left = "" if known is None else admitted.concluded if job.settings.updates.comment else earlier.left_as(known)
    return replace(admitted, item=item, pull_request=known, concluded=left), tuple(notes)


def concluded(
    job: Job, ports: Ports, admitted: Admitted, pull_request: PullRequest, effects: Iterable[Effect]
) -> Admitted:
    """Bring about what follows a pull request, but for the comment: a later run reads from it that all is done.

    `effects`: those that each run has anew.
    """
    settings, failed = job.settings.pull_request, list[str]()
    if not pull_request.ours:
        warnings = [
            f"Pull request {pull_request.id} for this branch was opened by somebody else, so nothing in it was changed."
        ]
    else:
        # Once an earlier run has put everything on it, a person took off what is missing.
        first = not admitted.concluded
        forgotten = admitted.pull_request is not None and not job.settings.updates.comment
        marks = on_pull_request(pull_request, admitted.item.id, ports.pull_requests, settings, forgotten=forgotten)
        # A dry run has no pull request to add to.
        failed = [*settle((*(marks if first else ()), *effects) if pull_request.id else ())]
        warnings = failed
        with suppress(RedimentoError):  # said already
            warnings = [*failed, *(ports.pull_requests.identities(settings.reviewers)[1] if first else ())]
    for warning in warnings:
        ports.emit(Warned(warning))
    admitted, marked = mark(job, ports, admitted, "delivered")
    return replace(admitted, unfinished=bool(failed) or not marked)


def _reproduced(attempt: Attempt) -> tuple[Proof, ...]:
    """Return the proofs of the reproduction, without tests that lines added later (a skip, a stand-in) keep from failing."""
    if attempt.reproduction is None:
        return ()
    proofs = proofs_of([test.id for test in attempt.reproduction.tests], attempt.verdict)
    return tuple(proof for proof in proofs if proof.before not in {"passed", "skipped"})


def _report(job: Job, ports: Ports, admitted: Admitted, attempt: Attempt, *, of: int, whole: bool) -> Report:
    item, tip, spent, verdict = admitted.item, admitted.tip, ports.spent(), attempt.verdict
    holds_others = tip is not None and tip.holds_others and not whole
    criteria = assess(item.acceptance_criteria, attempt.answer.criteria, verdict)
    reproduced = _reproduced(attempt)
    return Report(
        item=item,
        summary=attempt.answer.summary or wording.say("a_change_for", job.settings.language, title=item.title),
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
        language=job.settings.language,
    )


def comment(job: Job, ports: Ports, admitted: Admitted, ended: Outcome, *, report: Report | None = None) -> bool:
    """Comment on the work item, if the settings say so; return False if that failed, which must not fail the run."""
    if ended.kind in ("failed", "skipped"):
        admitted, _ = mark(job, ports, admitted, "over")
    if not job.settings.updates.comment:
        return True
    item, now = admitted.item, admitted.reference
    if admitted.unfinished:
        now = earlier.unfinished(now)
    known = earlier.own_comment(item, job.marker)
    asks = ended.kind == "questions"
    newest = str(max((one.id for one in item.comments), default=0))
    left = admitted.concluded and ended.kind not in ("delivered", "draft")
    text = texts.comment(
        item,
        ended,
        report,
        marker=job.marker,
        reference=earlier.asked(now.partition("-")[0]) if asks else now,
        answered=() if asks else earlier.questions(item, job.marker),
        asked_after=newest if asks else earlier.asked_after(item, job.marker),
        tally=_with_this_run(admitted.past, ports.spent()),
        notes=(*(report.notes if report else ()), *admitted.notes),
        earlier=admitted.pull_request.url if left and admitted.pull_request else "",
        language=job.settings.language,
    )
    try:
        ports.board.comment(item.id, job.marker, text, known=known.id if known else 0)
    except RedimentoError as error:
        ports.emit(Warned(f"The comment on the work item could not be written. {error}"))
        return False
    return True


def _with_this_run(before: earlier.Tally, now: Spent) -> earlier.Tally:
    return earlier.Tally(before.runs + 1, before.usd + now.usd) if now.calls else before
