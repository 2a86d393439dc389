"""The change that a pull request holds already, as the start of what is written next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from redimento.change.base import objection
from redimento.change.edit import Change, FileChange
from redimento.change.guards import limits
from redimento.change.guards.guard import file_refusals, path_refusals
from redimento.context.exclusion import is_excluded
from redimento.delivery.branches import Tip
from redimento.errors import UsageError
from redimento.run.job import NOTHING_WANTED, Admitted, Job, Ports, Wanted
from redimento.text.wording import Sentence


def kept_change(job: Job, ports: Ports, admitted: Admitted) -> Wanted:
    """Return the change to go on from where an active pull request has commits that answer remarks: they must stay.

    Without such commits a changed item gets its change written anew. Raises RedimentoError.
    """
    tip, known = admitted.tip, admitted.pull_request
    if tip is None or not tip.answered or known is None or known.status != "active":
        return NOTHING_WANTED
    standing = standing_change(job, ports, tip)
    return Wanted((), standing, ports.branches.draft_patch(standing))


def standing_change(job: Job, ports: Ports, tip: Tip) -> Change:
    """Return the change of a branch as the checkout would hold it. Raises RedimentoError."""
    change = ports.branches.standing(tip)
    hidden = (*job.settings.context.exclude, *ports.base.filtered)
    recorded = ports.base.look(job.root, change.paths, job.settings.change.max_file_bytes)
    files = []
    for file in change.files:
        known = recorded[file.path]
        reason = "The model must not see it." if is_excluded(file.path, hidden) else objection(file.path, known)
        if reason:
            raise _stuck(file.path, reason)
        files.append(replace(file, skipped=known.skipped, excepted=known.excepted))
    for path, reason in _beyond_repair(job, files):
        raise _stuck(path, reason)
    return replace(change, files=tuple(files))


def _beyond_repair(job: Job, files: Sequence[FileChange]) -> Iterator[tuple[str, str]]:
    """Yield what the guards refuse, and the model may not touch or cannot read: it would be asked, and paid, in vain."""
    settings, folder = job.settings.change, job.settings.project.folder
    for measured in limits.measure(files):
        path = measured.file.path
        if measured.binary or any(path_refusals(path, settings, folder)):
            yield from ((path, refusal.sentence) for refusal in file_refusals(measured, settings))


def _stuck(path: str, reason: str) -> UsageError:
    return UsageError(Sentence("cannot_add_to", path=path, reason=reason), Sentence("take_that_file_out"))
