"""From an answer to a change that every guard lets through: the model may correct what does not apply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from redimento.authoring import prompt
from redimento.authoring.answer import Answer, CriterionClaim
from redimento.authoring.conversation import ModelSession, converse
from redimento.change.edit import NO_CHANGE, Change, Edit, Refusal, Rename
from redimento.change.plan import Plan, plan
from redimento.delivery.criteria import unanswered
from redimento.errors import LimitError
from redimento.events import Emit, Note
from redimento.models.port import ModelError
from redimento.settings import ChangeSettings

REFUSED_AT_MOST = 2  # times that the model may correct edits which do not apply
_WHOLE_AFTER = 2  # from this failure on, a file is asked for whole: one failed edit halves the odds of the next


@dataclass(frozen=True)
class Workspace:
    """A tree and what may change there.

    `locked`: paths with local modifications, which stay as they are; `secrets`: this run's own, which no file may hold.
    """

    root: Path
    settings: ChangeSettings
    locked: frozenset[str] = frozenset()
    secrets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """An answer whose edits apply, and the whole change against the untouched tree. Nothing is written yet."""

    answer: Answer
    change: Change = NO_CHANGE
    notes: tuple[str, ...] = ()


def propose(session: ModelSession, workspace: Workspace, answer: Answer, already: Change, emit: Emit) -> Proposal:
    """Return the change that `answer` makes of the tree, in which `already` stands.

    Raises ModelError (kind "not_applicable") when edits still do not apply after the corrections; LimitError.
    """
    failures: dict[str, int] = {}
    refusals: tuple[Refusal, ...] = ()
    for correction in range(REFUSED_AT_MOST + 1):
        planned = _planned(workspace, answer.edits, already)
        refusals = (*planned.refusals, *(Refusal("", problem) for problem in answer.problems))
        if not refusals:
            return Proposal(answer, planned.change, planned.notes)
        if correction == REFUSED_AT_MOST:
            break
        for refusal in refusals:
            failures[refusal.path] = failures.get(refusal.path, 0) + 1
        emit(Note(f"{len(refusals)} of the edits cannot be applied; the model is asked to correct them."))
        answer = _corrected(session, answer, refusals, failures)
        if answer.questions:
            return Proposal(answer)
    reasons = " ".join(f"{refusal.path or 'The answer'}: {refusal.reason}" for refusal in refusals[:3])
    raise ModelError(
        f"The model's edits could not be applied, not after {REFUSED_AT_MOST} corrections either. {reasons}",
        "Nothing was changed; conversation.jsonl in the run folder has the answers.",
        kind="not_applicable",
    )


def _planned(workspace: Workspace, edits: Sequence[Edit], already: Change) -> Plan:
    planned = plan(workspace.root, edits, workspace.settings, locked=workspace.locked, already=already)
    leaks = tuple(
        Refusal(file.path, "it would hold a secret of this run, which no file may")
        for file in planned.change.files
        if any(secret.encode() in (file.after or b"") for secret in workspace.secrets if secret)
    )
    return replace(planned, refusals=(*planned.refusals, *leaks)) if leaks else planned


def _corrected(session: ModelSession, answer: Answer, refusals: Sequence[Refusal], failures: dict[str, int]) -> Answer:
    bad = {refusal.path for refusal in refusals}
    about_all = any(not refusal.path for refusal in refusals) and not answer.problems
    kept: tuple[Edit, ...] = () if about_all else tuple(edit for edit in answer.edits if not _touches(edit, bad))
    paths = sorted(bad - {""})
    request = prompt.refused(
        answer.summary,
        sorted({edit.path for edit in kept}),
        refusals,
        session.read_repository(paths, ()) if paths else (),
        [path for path in paths if failures[path] >= _WHOLE_AFTER],
    )
    second = converse(session, request, purpose="correct")
    return replace(
        second,
        questions=() if second.edits else second.questions,
        edits=(*kept, *(edit for edit in second.edits if edit not in kept)),
        summary=second.summary or answer.summary,
        criteria=second.criteria or answer.criteria,
    )


def _touches(edit: Edit, paths: set[str]) -> bool:
    return edit.path in paths or (isinstance(edit, Rename) and edit.new_path in paths)


def complete(
    session: ModelSession, workspace: Workspace, criteria: Sequence[str], proposal: Proposal, emit: Emit
) -> Proposal:
    """Give acceptance criteria that the model forgot back to it, once; what it sent before is kept in any case."""
    answer = proposal.answer
    missing = unanswered(criteria, answer.criteria)
    if not missing or not proposal.change.files:
        return proposal
    emit(Note(f"The answer leaves out {len(missing)} of {len(criteria)} acceptance criteria; the model is asked once."))
    request = prompt.missing_criteria(answer.summary, proposal.change, missing)
    try:
        second = converse(session, request, purpose="criteria")
    except (ModelError, LimitError):
        return proposal  # a change without that claim is worth more than no change
    completed = replace(answer, criteria=joined(answer.criteria, second.criteria))
    edits = (*answer.edits, *second.edits)
    planned = _planned(workspace, edits, NO_CHANGE) if second.edits else None
    if planned is None:
        return replace(proposal, answer=completed)
    if planned.refusals or second.problems:
        return proposal
    return Proposal(replace(completed, edits=edits), planned.change, planned.notes)


def joined(first: Sequence[CriterionClaim], second: Sequence[CriterionClaim]) -> tuple[CriterionClaim, ...]:
    """Return all claims, those of `first` where both speak of a criterion."""
    known = {claim.id for claim in first}
    return (*first, *(claim for claim in second if claim.id not in known))
