"""Decide whether a run goes on, before it spends anything."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from redimento.delivery import earlier
from redimento.delivery.branches import Tip
from redimento.errors import ConflictError, UsageError
from redimento.outcome import Outcome
from redimento.run.job import Admitted, Job, Ports, Stopped
from redimento.work_items.admission import closed, refusal
from redimento.work_items.item import WorkItem

_MOST_KILLED = 3  # a run that is killed each time, as by a lack of memory, would be started by its own claim for ever


def admit(job: Job, ports: Ports, item: WorkItem) -> Admitted | Stopped:
    """Decide whether the run goes on, asking for as little as possible: most of what starts a run needs no work."""
    if reason := refusal(item, job.settings.work_items, job.project):
        return Stopped(Outcome("skipped", reason), item)
    start = earlier.Start(
        item,
        job.marker,
        earlier.reference(item, job.marker, job.settings, ports.branches.head),
        by_hand=job.by_hand,
        remembers=bool(job.settings.updates.comment and job.run),
        run=job.run,
        changed_by_run=lambda: ports.board.changed_by_run(item),
    )
    stop = earlier.stop_by_item(start)
    if stop is not None:
        return Stopped(Outcome("skipped", stop.sentence), item, settles=stop.unsettled)
    heads = ports.branches.heads()
    if job.project and job.target not in heads:
        raise UsageError(
            f"The target branch {job.target} does not exist on the server.",
            "Correct `pull_request.target` in .redimento.yml, or start the run on an existing branch.",
        )
    branch, tip = _branch(job, ports, item, heads)
    known = ports.pull_requests.find(branch, job.target)
    stop = earlier.stop_by_pull_request(start, known)
    if stop is None:
        if tip is None and branch in heads:
            tip = ports.branches.tip(branch, item.id)
            if tip is None:  # or a page was taken for an empty repository: nothing may be paid for because of it
                raise ConflictError(f"The branch {branch} has gone while it was looked at.", "Run again.")
        keep_out = job.settings.pull_request.commits_of_others == "stop"
        stop = earlier.stop_by_branch(start, branch, tip, known, keep_out=keep_out) or earlier.stop_repeated(start)
    if known is not None and stop is not None and stop.unsettled:
        known = ports.pull_requests.current(known)
        stop = None if earlier.outdated(start, known) else stop
    past = _past(job, start)
    admitted = Admitted(
        item, branch, tip, known, start.reference, past, concluded=bool(known and start.concluded(known))
    )
    stop = stop or _ceiling(job, start, past)
    if stop is not None:
        skipped = Outcome("skipped", stop.sentence, branch=branch)
        skipped = replace(skipped, pull_request_id=known.id, pull_request_url=known.url) if known else skipped
        unfinished = known is not None and known.status == "active" and not start.said(known)
        return Stopped(skipped, item, stop.unsettled, admitted if unfinished else None)
    if not job.settings.work_items.states and (reason := closed(item, ports.board.category(item))):
        return Stopped(Outcome("skipped", reason), item)
    return admitted


def _past(job: Job, start: earlier.Start) -> earlier.Tally:
    """Return the runs before this one; a killed one is booked at the most that it can have cost."""
    told = earlier.tally(start.item, job.marker)
    return earlier.Tally(told.runs + start.claims, told.usd + start.claims * job.settings.model.max_cost_usd)


def _ceiling(job: Job, start: earlier.Start, past: earlier.Tally) -> earlier.Stop | None:
    limits, most = job.settings.work_items, job.settings.model.max_cost_usd
    if start.claims >= _MOST_KILLED and not job.by_hand:
        return earlier.Stop(
            f"{start.claims} runs of this work item ended before they could say anything. "
            "See their logs (the item links them), then queue a run by hand."
        )
    cost = f"The {past.runs} earlier runs of this work item cost ${past.usd:.2f}"
    if past.runs >= limits.max_runs:
        return earlier.Stop(f"{cost}, and work_items.max_runs is {limits.max_runs}. Raise it to let another run start.")
    if past.usd + most > limits.max_cost_usd:
        return earlier.Stop(
            f"{cost}, and another run may cost ${most:.2f} (model.max_cost_usd), which could exceed "
            f"work_items.max_cost_usd ({limits.max_cost_usd:.2f}). Raise it, or lower model.max_cost_usd."
        )
    return None


def _branch(job: Job, ports: Ports, item: WorkItem, heads: Collection[str]) -> tuple[str, Tip | None]:
    """Return the branch of the item, and its tip if that had to be looked at."""
    wanted = job.branch(item)
    names = [*earlier.names_to_try(wanted, job.branch_like, heads)]
    if len(names) <= 1 and wanted in names:
        return wanted, None
    for name in names:
        tip = ports.branches.tip(name, item.id)
        if tip is not None and tip.generated is not None:
            return name, tip
    return wanted, None
