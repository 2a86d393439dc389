"""Turn what reviewers ask of a pull request into new commits: read `_stages` from top to bottom."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial

from redimento.authoring.remarks import Request
from redimento.change.edit import Change
from redimento.delivery import earlier, review
from redimento.delivery.branches import ITEM, REFERENCE, Generated, Tip
from redimento.delivery.pull_request import PullRequest
from redimento.delivery.review import Asked, Remark, Reply, Review
from redimento.errors import RedimentoError
from redimento.events import Note, Warned, step
from redimento.outcome import Outcome, failure, in_sentences
from redimento.run import flow
from redimento.run.admitting import over_ceiling, past_runs, refuse_unready
from redimento.run.attempt import Attempt
from redimento.run.delivering import look_again, publish_attempt
from redimento.run.finishing import finish
from redimento.run.job import Admitted, Finished, Job, Ports, Stopped, Wanted
from redimento.run.showing import say_working
from redimento.run.standing import standing_change
from redimento.text.encoding import NotTextError, text_of
from redimento.text.wording import Sentence
from redimento.work_items.admission import closed, in_state
from redimento.work_items.item import WorkItem

_STRANGER = Reply(sentence=Sentence("only_of_contributors"), remedy=Sentence("one_of_them_can_ask"))


@dataclass(frozen=True)
class _Opened:
    """A pull request of ours, and what is asked of it."""

    pull_request: PullRequest
    tip: Tip
    generated: Generated
    asked: Asked

    @property
    def open(self) -> tuple[Remark, ...]:
        """The remarks that no commit answers yet."""
        return tuple(one for one in self.asked.remarks if one.name not in self.tip.answered)

    @property
    def unsaid(self) -> Iterator[tuple[Remark, Reply]]:
        """What a killed run has committed, but not said in the threads."""
        for one in self.asked.remarks:
            if one.name in self.tip.answered:
                yield one, Reply(commit=self.tip.answered[one.name])


def revise(job: Job, ports: Ports, of: Review) -> Finished:
    """Take the remarks on one pull request through all steps and return how the run ended, as `flow.run` does."""
    return flow.settled(job, ports, partial(_stages, of=of))


def _stages(job: Job, ports: Ports, claim: ExitStack, cleanup: ExitStack, begun: flow.Begun, *, of: Review) -> Finished:
    with step(ports.emit, "admit", "Load the pull request and its threads"):
        opened = _open(job, ports, of)
        if isinstance(opened, Outcome):
            return Finished(opened)
        job = replace(job, item_id=int(opened.generated.trailers[ITEM]))
        item = flow.load(job, ports)
        say = partial(_say, job, ports, of)
        if stop := _stop(
            job, ports, item, opened
        ):  # before the claim: with it go the claims by which killed runs are counted
            say((one, _unchanged(stop)) for one in opened.open)
            return Finished(_skipped(opened.pull_request, stop), item)
        claimed = _claim(job, ports, claim, item, opened, of=of)
        if isinstance(claimed, Outcome):
            return Finished(claimed, item)
        item, opened = claimed
        admitted = _admitted(job, item, opened)
        say(opened.unsaid)
        if not opened.open:
            done = _skipped(opened.pull_request, Sentence("answered_in_threads"))
            finish(job, ports, Stopped(done, item, unfinished=admitted))
            return Finished(done, item)
        begun.append((admitted, Finished(flow.BROKEN_OFF, item)))
        refuse_unready(job, ports, admitted)
        say_working(job, ports, admitted)
    try:
        attachments = flow.attachments_of(job, ports, item)
        context, made = flow.write(
            job, ports, cleanup, item, attachments=attachments, wanted=_wanted(job, ports, opened)
        )
        job.tape.reached("authored")
    except RedimentoError as error:
        say((one, _unchanged(*in_sentences(error))) for one in opened.open)
        raise
    try:
        with step(ports.emit, "deliver", "Deliver the change"):
            finished, admitted = _delivered(job, ports, admitted, made, opened)
    except RedimentoError as error:
        finished = Finished(failure(error))
        say(_replies_after_failure(ports, opened, made[0], finished.outcome))
    else:
        say(_replies(opened.open, made[0], finished.outcome))
    _warn_of_later(job, ports, of, seen=opened)
    finished = replace(finished, context=context, item=item, attempts=made)
    flow.tell(job, ports, claim, admitted, _as_told(finished))
    return finished


def _open(job: Job, ports: Ports, of: Review) -> _Opened | Outcome:
    """Return the pull request with its remarks, or why the run stops. Only what the server says of it is believed."""
    known = job.secrets.redacted(of.pull_request())
    ports.emit(Note(f"Pull request {known.id}: {known.title}"))
    if reason := _foreign(job, known):
        return _skipped(known, reason)
    tip = ports.branches.tip(known.source_branch, None)
    asked = _asked(job, of)
    _say(job, ports, of, ((one, _STRANGER) for one in asked.strangers))
    if tip is None or tip.generated is None:
        reason = Sentence("branch_of_a_person", branch=known.source_branch, over=False)
    elif tip.holds_others and job.settings.pull_request.commits_of_others == "stop":
        reason = Sentence("commits_of_others_stop", branch=known.source_branch)
    else:
        return _Opened(known, tip, tip.generated, asked)
    _say(job, ports, of, ((one, _unchanged(reason)) for one in asked.remarks))
    return _skipped(known, reason)


def _unchanged(*why: str) -> Reply:
    return Reply(sentence=Sentence("several", sentences=[Sentence("nothing_was_done"), *filter(None, why)]))


def _foreign(job: Job, known: PullRequest) -> str:
    """Return why a run must leave the pull request alone."""
    if not known.ours:
        return Sentence("opened_by_others", id=known.id)
    if known.status != "active":
        return Sentence("no_longer_active", id=known.id, status=known.status)
    if known.target_branch != job.target:
        return Sentence("another_target", id=known.id, its=known.target_branch, ours=job.target)
    return ""


def _asked(job: Job, of: Review) -> Asked:
    every = job.settings.pull_request.remarks == "all"
    return job.secrets.redacted(review.asked(of.threads(), every=every, contributes=of.contributes))


def _stop(job: Job, ports: Ports, item: WorkItem, opened: _Opened) -> str:
    """Return why the run must not go on, "" if it may."""
    own = job.settings.updates.state_delivered  # may be one in which people see the item as done
    if opened.open and not job.settings.work_items.states:
        category = ports.board.category(item)
        if (reason := closed(item, category)) and not in_state(item, (own,), lambda: category):
            return reason
    if not opened.asked.remarks and not item.claims:
        return Sentence("nobody_asks", id=opened.pull_request.id, strangers=bool(opened.asked.strangers))
    stop = over_ceiling(job, _start(job, item, opened), past_runs(job, _start(job, item, opened)))
    return stop.sentence if stop and opened.open else ""


def _claim(
    job: Job, ports: Ports, claim: ExitStack, item: WorkItem, opened: _Opened, *, of: Review
) -> tuple[WorkItem, _Opened] | Outcome:
    """Claim the item and return it, and the pull request as it is then; or why the run stops."""
    if not job.run:
        return item, opened
    claimed = ports.board.claim(item, job.run)
    if claimed is None:
        busy = _skipped(opened.pull_request, Sentence("another_run"))
        return replace(busy, remedy=Sentence("run_when_it_has_ended"))
    claim.callback(flow.release, job, ports)
    if (
        claimed.revision > item.revision + 1
    ):  # another run may have answered between our look at the threads and the claim
        now = _open(job, ports, of)
        return now if isinstance(now, Outcome) else (flow.seen(job, claimed), now)
    return flow.seen(job, claimed), opened


def _admitted(job: Job, item: WorkItem, opened: _Opened) -> Admitted:
    """Return what the run is about."""
    known, start = opened.pull_request, _start(job, item, opened)
    past = past_runs(job, start)
    return Admitted(
        item, known.source_branch, opened.tip, known, start.reference, past, concluded=start.concluded(known)
    )


def _start(job: Job, item: WorkItem, opened: _Opened) -> earlier.Start:
    # The remarks are answered, not a change of the item: that still lets a run start.
    reference = opened.generated.trailers.get(REFERENCE, "")
    return earlier.Start(item, job.marker, reference, by_hand=job.by_hand, run=job.run)


def _wanted(job: Job, ports: Ports, opened: _Opened) -> Wanted:
    """Return what is asked of the change of the pull request. Raises RedimentoError."""
    standing = standing_change(job, ports, opened.tip)
    requests = tuple(_request(one, standing) for one in opened.open)
    left = f"; {opened.asked.later} are left for a later run" if opened.asked.later else ""
    ports.emit(Note(f"{len(requests)} open remarks on a change of {len(standing.files)} files{left}."))
    job.folder.write_json("remarks.json", opened.open)
    return Wanted(requests, standing, ports.branches.draft_patch(standing))


def _request(remark: Remark, standing: Change) -> Request:
    said = tuple(("Redimento" if one.ours else one.name, one.text) for one in remark.said)
    place = remark.place
    if place is None or not place.first:
        return Request(said, place.path if place else "")
    file = next((each for each in standing.files if each.path == place.path), None)
    content = (file.before if place.removed else file.after) if file else None
    try:
        text = text_of(content or b"", place.path, file.encoding if file else "")
    except NotTextError:
        text = ""
    lines = "\n".join(text.split("\n")[place.first - 1 : place.last])
    numbers = f"line {place.first}" if place.first == place.last else f"lines {place.first}-{place.last}"
    return Request(said, f"{place.path}, {numbers}{' of the target' if place.removed else ''}", lines)


def _delivered(
    job: Job, ports: Ports, admitted: Admitted, made: Sequence[Attempt], opened: _Opened
) -> tuple[Finished, Admitted]:
    """Publish the change, if there is one, and return how the run ended."""
    answer = made[0].answer
    if not made[0].change.files:
        if answer.questions:
            return Finished(Outcome("questions", Sentence("remarks_leave_open"), questions=answer.questions)), admitted
        return Finished(_skipped(opened.pull_request, Sentence("remarks_answered"))), admitted
    now = look_again(job, ports, admitted)
    if isinstance(now, Outcome):
        return Finished(now), admitted
    admitted, notes = now
    names = tuple(one.name for one in opened.open)
    ended, report, admitted = publish_attempt(
        job, ports, admitted, made[0], of=len(made), notes=notes, on_top=True, answers=names
    )
    return Finished(ended, report=report), admitted


def _replies(remarks: Sequence[Remark], attempt: Attempt, ended: Outcome) -> Iterator[tuple[Remark, Reply]]:
    """Yield what each remark is told at the end of a run."""
    answer = attempt.answer
    claims = {claim.id: claim for claim in answer.remarks}
    for number, remark in enumerate(remarks, 1):
        claim = claims.get(number)
        note = claim.note if claim else ""
        if ended.commit:
            yield remark, Reply(ended.commit, ended.kind == "draft", claim.status if claim else "", note)
        elif ended.kind == "questions":
            yield remark, Reply(sentence=Sentence("answer_before_a_change"), questions=answer.questions)
        elif attempt.change.files:
            yield remark, replace(_unchanged(ended.sentence), remedy=ended.remedy)
        else:
            yield remark, replace(_unchanged(), note=note or answer.nothing_to_do)


def _replies_after_failure(
    ports: Ports, opened: _Opened, attempt: Attempt, ended: Outcome
) -> Sequence[tuple[Remark, Reply]]:
    """Return what each remark is told when the delivery failed, maybe after the push; nothing if nobody can tell."""
    try:
        now = ports.branches.tip(opened.pull_request.source_branch, None)
    except RedimentoError:
        return ()  # the next run says it, as after a killed one
    pushed = now.answered if now else {}
    return [
        (one, Reply(commit=pushed[one.name]) if one.name in pushed else reply)
        for one, reply in _replies(opened.open, attempt, ended)
    ]


def _say(job: Job, ports: Ports, of: Review, replies: Iterable[tuple[Remark, Reply]]) -> None:
    """Answer remarks, each once. An answer that fails must not fail the run."""
    settings = job.settings
    for remark, reply in replies:
        try:
            review.answer(of, remark, reply, settings.pull_request, job.run_url, language=settings.language)
            if remark.stranger:  # an answer before that one would have stood for both
                review.answer(
                    of, remark.stranger, _STRANGER, settings.pull_request, job.run_url, language=settings.language
                )
        except RedimentoError as error:
            ports.emit(Warned(f"A thread of the pull request was not answered. {error}"))


def _warn_of_later(job: Job, ports: Ports, of: Review, *, seen: _Opened) -> None:
    """Warn of remarks that came while the run worked: the run that they started found this one at work, and stopped."""
    try:
        now = _asked(job, of)
    except RedimentoError:
        return  # what was asked for is done
    names = {one.name for one in seen.asked.remarks}
    if count := sum(one.name not in names for one in now.remarks):
        ports.emit(Warned(f"{count} remarks came while this run worked, or were left out. Run again to take them up."))


def _skipped(known: PullRequest, sentence: str) -> Outcome:
    return Outcome(
        "skipped", sentence, branch=known.source_branch, pull_request_id=known.id, pull_request_url=known.url
    )


def _as_told(finished: Finished) -> Finished:
    """Return the end as the work item hears of it: what is asked in threads is not asked there again."""
    outcome = finished.outcome
    return replace(finished, outcome=replace(outcome, kind="skipped")) if outcome.kind == "questions" else finished
