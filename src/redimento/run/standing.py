"""The change that a pull request holds already, as the start of what is written next."""

from __future__ import annotations

from dataclasses import replace

from redimento.change.base import objection
from redimento.change.edit import Change
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
            raise UsageError(Sentence("cannot_add_to", path=file.path, reason=reason), Sentence("take_that_file_out"))
        files.append(replace(file, skipped=known.skipped, excepted=known.excepted))
    return replace(change, files=tuple(files))
