"""Decide whether a run goes on, before it spends anything."""

from __future__ import annotations

import os
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace

from redimento.delivery import earlier
from redimento.delivery.branches import REFERENCE, Tip
from redimento.delivery.pull_request import PullRequest
from redimento.errors import ConflictError, NotThereError, UsageError
from redimento.events import Note
from redimento.outcome import Outcome
from redimento.run.job import Admitted, Job, Ports, Stopped
from redimento.run_folder import refuse_full
from redimento.settings import WorkItemSettings
from redimento.settings.projects import refuse_missing_folder
from redimento.text.wording import Sentence
from redimento.work_items.admission import closed, refusal
from redimento.work_items.item import WorkItem
from redimento.work_items.mark import has

_NAMED = 5  # files
_MOST_KILLED = 3  # a run that is killed each time, as by a lack of memory, would be started by its own claim for ever


def admit(job: Job, ports: Ports, item: WorkItem) -> Admitted | Stopped:
    """Decide whether the run goes on, asking for as little as possible: most of what starts a run needs no work."""
    start = earlier.Start(
        item,
        job.marker,
        earlier.reference(item, job.settings, ports.branches.head),
        by_hand=job.by_hand,
        remembers=bool(job.settings.updates.comment and job.run),
        run=job.run,
        changed_by_run=lambda: ports.board.changed_by_run(item),
    )
    admitted = Admitted(item, "", None, None, earlier.remembered(item, job.marker), past_runs(job, start))
    if reason := refusal(item, _admissible(job, start), job.project, lambda: ports.board.category(item)):
        return _stopped(job, start, Outcome("skipped", reason), admitted)
    stop = earlier.stop_by_item(start)
    if stop is not None:
        return _stopped(job, start, Outcome("skipped", stop.sentence), admitted, settles=stop.unsettled)
    if job.undecided:
        return _if_open(job, ports, start, replace(admitted, reference=start.reference))
    return _by_server(job, ports, start, admitted)


def _by_server(job: Job, ports: Ports, start: earlier.Start, admitted: Admitted) -> Admitted | Stopped:
    """Decide by what earlier runs left on the server."""
    item, heads = start.item, ports.branches.heads()
    _refuse_missing(job, heads)
    branch, tip = _branch(job, ports, item, heads)
    known = _known(job, ports, start, branch, exists=branch in heads)
    branch = known.source_branch if known and branch not in heads else branch
    stop = earlier.stop_by_pull_request(start, known)
    if stop is None:
        tip = _tip(ports, item, branch, heads) if tip is None else tip
        keep_out = job.settings.pull_request.commits_of_others == "stop"
        stop = earlier.stop_by_branch(start, branch, tip, known, keep_out=keep_out) or earlier.stop_repeated(start)
    if known is not None and stop is not None and stop.unsettled:
        known = ports.pull_requests.current(known)
        stop = None if earlier.outdated(start, known) else stop
    if stop and known and known.status == "active" and known.target_branch == job.target and known.conflicts:
        tip = tip or ports.branches.tip(branch, item.id)
        stop = _of_conflict(job, ports, stop, tip) if tip else stop
    admitted = replace(
        admitted, branch=branch, tip=tip, pull_request=known,
        concluded=start.concluded(known) if known else "", again=start.again(tip, known),
    )  # fmt: skip
    going = replace(admitted, reference=start.reference)
    if stop is not None:
        skipped = _skipped(stop, branch, known)
        active = known is not None and known.status == "active" and not start.said(known)
        unopened = stop.unsettled and not active and earlier.unopened(start, tip, known)
        if unopened and (reason := _closed(job, ports, item)):  # a person's end of the item wins over a killed run
            return _stopped(job, start, Outcome("skipped", reason), admitted)
        if stop.unsettled and (active or unopened):
            return Stopped(skipped, item, settles=True, unfinished=going)
        return _stopped(job, start, skipped, admitted, settles=stop.unsettled)
    if stop := over_ceiling(job, start, admitted.past):
        return _stopped(job, start, _skipped(stop, branch, known), going)  # only a hand starts the next run
    return _if_open(job, ports, start, going)


def _of_conflict(job: Job, ports: Ports, stop: earlier.Stop, tip: Tip) -> earlier.Stop | None:
    """Return the stop with the files in which the pull request conflicts with its target; None to make the change anew.

    Whoever queues such a run wants the conflict gone, and nobody's work is lost if all commits are ours and no remark led
    to one. Azure itself merges a target that moved without a conflict, and a push would reset votes and builds.
    """
    files = ports.branches.conflicts(tip)
    if not files:
        return stop
    others = tip.holds_others or bool(tip.answered)
    if job.by_hand and not others:
        ports.emit(Note(f"The change is made anew: it conflicts with {job.target} in {', '.join(files[:_NAMED])}."))
        return None
    told = Sentence("conflict_is_in", files=files[:_NAMED], more=max(len(files) - _NAMED, 0), others=others)
    return replace(stop, sentence=Sentence("several", sentences=[stop.sentence, told]))


def _closed(job: Job, ports: Ports, item: WorkItem) -> Sentence | str:
    """Return why an item that a person has closed starts nothing, "" for others and where the settings name the states."""
    return "" if job.settings.work_items.states else closed(item, ports.board.category(item))


def _if_open(job: Job, ports: Ports, start: earlier.Start, going: Admitted) -> Admitted | Stopped:
    item = start.item
    if reason := _closed(job, ports, item):
        return _stopped(
            job, start, Outcome("skipped", reason), replace(going, reference=earlier.remembered(item, job.marker))
        )
    return going


def _tip(ports: Ports, item: WorkItem, branch: str, heads: Collection[str]) -> Tip | None:
    if branch not in heads:
        return None
    tip = ports.branches.tip(branch, item.id)
    if tip is None:  # or a page was taken for an empty repository: nothing may be paid for because of it
        raise ConflictError(f"The branch {branch} has gone while it was looked at.", "Run again.")
    return tip


def _skipped(stop: earlier.Stop, branch: str, known: PullRequest | None) -> Outcome:
    skipped = Outcome("skipped", stop.sentence, branch=branch)
    return replace(skipped, pull_request_id=known.id, pull_request_url=known.url) if known else skipped


def _admissible(job: Job, start: earlier.Start) -> WorkItemSettings:
    """Return the rules of admission: after a run, the states that it sets are as good as those that start one."""
    settings, updates = job.settings.work_items, job.settings.updates
    again = job.by_hand and earlier.own_comment(start.item, job.marker)
    traces = start.claims or again or earlier.reopened(start.item, job.marker)  # a reply asks for the next run
    if not settings.states or not traces:
        return settings
    own = (updates.state_started, updates.state_delivered, updates.state_questions)
    return replace(settings, states=tuple(dict.fromkeys([*settings.states, *filter(None, own)])))


def _stopped(job: Job, start: earlier.Start, ended: Outcome, admitted: Admitted, *, settles: bool = False) -> Stopped:
    """Return how the run stops: if a killed run still seems to work, not before the item says otherwise."""
    tag = job.settings.updates.tag_started
    tagged = bool(tag) and has(start.item.tags, tag)
    seems = start.working or (start.claims > 0 and tagged)
    stale = tagged and not seems and job.by_hand  # no run could take it off: what failed is tried again by hand alone
    return Stopped(
        ended, start.item, settles or seems or stale,
        killed=admitted if seems else None, tagged=admitted if stale else None,
    )  # fmt: skip


def refuse_unready(job: Job, ports: Ports, admitted: Admitted) -> None:
    """Raise RedimentoError if the run could not end well: before it spends anything."""
    for place in (job.folder.path, job.scratch):
        refuse_full(place)
    if not os.access(job.root, os.W_OK):
        raise UsageError(
            f"{job.root} cannot be written.", "Use a checkout that can: the checks run on the change there."
        )
    refuse_missing_folder(job.settings, (entry.path for entry in ports.tree.entries()))
    ports.pull_requests.refuse_missing_rights(admitted.branch, new=admitted.tip is None)


def taken_again(job: Job, ports: Ports, admitted: Admitted) -> Admitted | Outcome:
    """Claim the item again where a job that delivers is repeated, as it has released it.

    Return what it goes on from, with all that it had brought about before it broke off, or why the run stops.
    """
    if not job.repeated:
        return admitted
    claimed = ports.board.claim(replace(admitted.item, claims=(job.run,)), job.run)
    if claimed is None:
        return Outcome("skipped", Sentence("another_run"))
    known, before = ports.pull_requests.find(admitted.branch, job.target), admitted.pull_request
    active = known is not None and known.status == "active"
    untold = active and earlier.Start(claimed, job.marker, admitted.reference).working
    if known and not untold and (before is None or before.id != known.id):
        return _skipped(earlier.answered_by(known), admitted.branch, known)
    tip = ports.branches.tip(admitted.branch, admitted.item.id)
    if tip is None or tip.generated is None or tip.generated.trailers.get(REFERENCE) != admitted.reference:
        return admitted
    return replace(admitted, tip=tip, pull_request=known if active else before)


def _refuse_missing(job: Job, heads: Collection[str]) -> None:
    if job.project and job.target not in heads:
        raise UsageError(Sentence("no_target_branch", branch=job.target), Sentence("correct_the_target"))


def _known(job: Job, ports: Ports, start: earlier.Start, branch: str, *, exists: bool) -> PullRequest | None:
    """Return the pull request of an item, which may have outlived its branch."""
    if exists:
        return ports.pull_requests.find(branch, job.target)
    return _without_branch(job, ports, start, branch) if _may_have_one(start) else None


def _without_branch(job: Job, ports: Ports, start: earlier.Start, branch: str) -> PullRequest | None:
    """Return the pull request of an item whose branch is gone: the one that our comment names, as a title may differ."""
    if start.named:
        with suppress(NotThereError):
            named = ports.pull_requests.numbered(start.named)
            if named.ours and named.status == "active" and job.branch_like.fullmatch(named.source_branch):
                return named
    found = ports.pull_requests.find(branch, job.target)
    # What it answers stands in the description, which a listing cuts.
    return ports.pull_requests.current(found) if found and found.status != "active" else found


def past_runs(job: Job, start: earlier.Start) -> earlier.Tally:
    """Return the runs before this one; a killed one is booked at the most that it can have cost."""
    told = earlier.tally(start.item, job.marker)
    return earlier.Tally(told.runs + start.claims, told.usd + start.claims * job.settings.model.max_cost_usd)


def over_ceiling(job: Job, start: earlier.Start, past: earlier.Tally) -> earlier.Stop | None:
    """Return why another run of the item would be one too many."""
    limits, most = job.settings.work_items, job.settings.model.max_cost_usd
    if start.claims >= _MOST_KILLED and not job.by_hand:
        return earlier.Stop(Sentence("runs_without_a_word", runs=start.claims))
    if past.runs >= limits.max_runs:
        return earlier.Stop(Sentence("most_runs", runs=past.runs, usd=past.usd, most=limits.max_runs))
    if past.usd + most > limits.max_cost_usd:
        return earlier.Stop(
            Sentence("most_cost", runs=past.runs, usd=past.usd, next_usd=most, most_usd=limits.max_cost_usd)
        )
    return None


def _may_have_one(start: earlier.Start) -> bool:
    """Return whether an earlier run can have opened a pull request: it is linked to the item, and mostly commented on."""
    linked = any(link.startswith("pull request ") for link in start.item.links)
    commented = earlier.own_comment(start.item, start.marker) is not None
    return not start.remembers or linked or commented or start.claims > 0


def _branch(job: Job, ports: Ports, item: WorkItem, heads: Collection[str]) -> tuple[str, Tip | None]:
    """Return the branch of the item, and its tip if that had to be looked at."""
    wanted = job.branch(item)
    # Without a number nothing says that a branch with another title is of the same item.
    names = [*earlier.names_to_try(wanted, job.branch_like, heads)] if item.id else []
    if len(names) <= 1 and wanted in names:
        return wanted, None
    rewritten = []
    for name in names:
        tip = ports.branches.tip(name, item.id)
        if tip is not None and tip.generated is not None:
            return name, tip
        rewritten.append((name, tip))
    for name, tip in rewritten:  # a person's work now, but the item's branch as long as our pull request is open
        known = ports.pull_requests.find(name, job.target)
        if known is not None and known.status == "active":
            return name, tip
    return wanted, None
