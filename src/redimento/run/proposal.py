"""Turn an answer into a change that passes every guard; the model may correct edits that do not apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from redimento.authoring import prompt
from redimento.authoring.answer import Answer, CriterionClaim
from redimento.authoring.conversation import ModelSession, converse
from redimento.change.base import PLAIN_FOLDER, Base
from redimento.change.edit import NO_CHANGE, Change, Edit, FileChange, Refusal, Rename, each_once
from redimento.change.plan import Plan, plan
from redimento.delivery.criteria import unanswered
from redimento.errors import LimitError
from redimento.events import Emit, Note
from redimento.models.port import ModelError
from redimento.settings import ChangeSettings
from redimento.text.redaction import NO_SECRETS, REDACTED, Secrets

_MAX_CORRECTIONS = 2
_NAMED = 3
_WHOLE_AFTER = 2  # failures, then the whole file is requested: one failed edit halves the odds of the next


@dataclass(frozen=True)
class Workspace:
    """A tree and what may change in it: `base` is its commit. `secrets`: of this run, which no file may contain."""

    root: Path
    settings: ChangeSettings
    base: Base = PLAIN_FOLDER
    secrets: Secrets = NO_SECRETS


@dataclass(frozen=True)
class Proposal:
    """An answer whose edits apply, and the total change against the untouched tree. Nothing is written yet."""

    answer: Answer
    change: Change = NO_CHANGE
    notes: tuple[str, ...] = ()


def propose(session: ModelSession, workspace: Workspace, answer: Answer, already: Change, emit: Emit) -> Proposal:
    """Return the change that `answer` makes to the tree, which already contains `already`.

    Raises ModelError (kind "not_applicable") if edits still do not apply after all corrections, LimitError.
    """
    failures: dict[str, int] = {}
    refusals: tuple[Refusal, ...] = ()
    for correction in range(_MAX_CORRECTIONS + 1):
        planned = _planned(workspace, answer.edits, already)
        # Refusals name the files that are meant, and an edit that is kept must not have another name.
        answer = replace(answer, edits=planned.edits)
        refusals = each_once((*planned.refusals, *(Refusal("", problem) for problem in answer.problems)))
        if not refusals:
            return Proposal(answer, planned.change, planned.notes)
        if correction == _MAX_CORRECTIONS:
            break
        for refusal in refusals:
            failures[refusal.path] = failures.get(refusal.path, 0) + 1
        emit(Note(f"Asking the model to correct edits that cannot be applied ({_counted(refusals)})."))
        answer = _corrected(session, answer, planned.change, refusals, failures)
        if answer.questions:
            return Proposal(answer)
    reasons = " ".join(f"{refusal.path or 'The answer'}: {refusal.sentence}" for refusal in refusals[:_NAMED])
    raise ModelError(
        f"The model's edits could not be applied, even after {_MAX_CORRECTIONS} corrections. {reasons}",
        "Nothing was changed; see the answers in conversation.jsonl in the run folder.",
        kind="not_applicable",
    )


def _counted(refusals: Sequence[Refusal]) -> str:
    """Name the refused paths, each once, with the number of its edits."""
    counts: dict[str, int] = {}
    for refusal in refusals:
        name = refusal.path or "the answer"
        counts[name] = counts.get(name, 0) + refusal.count
    named = [f"{name}: {count}" for name, count in [*counts.items()][:_NAMED]]
    return ", ".join(named) + (f" and {len(counts) - _NAMED} more" if len(counts) > _NAMED else "")


def _planned(workspace: Workspace, edits: Sequence[Edit], already: Change) -> Plan:
    planned = plan(workspace.root, edits, workspace.settings, base=workspace.base, already=already)
    touched = [_secret_touched(file, workspace.secrets) for file in planned.change.files]
    if leaks := tuple(filter(None, touched)):
        return replace(planned, change=replace(already, left_out=planned.change.left_out), refusals=leaks)
    return planned


def _secret_touched(file: FileChange, secrets: Secrets) -> Refusal | None:
    """Refuse an edit that adds a secret, or writes the `***` into the file that the model has seen in place of one."""
    if file.after is None:
        return None
    # Latin-1 keeps every byte apart, so files in any encoding are searched; the NULs are those of UTF-16.
    before, after = ((content or b"").decode("latin-1").replace("\0", "") for content in (file.before, file.after))
    had, has = (_secret_lines(content, secrets) for content in (before, after))
    if has - had or secrets.reveals(file.path):
        return Refusal(file.path, "it would contain a secret of this run")
    if had - has and after.count(REDACTED) > before.count(REDACTED):
        return Refusal(file.path, f"a line that it changes holds a secret, shown as {REDACTED}: leave it as it is")
    return None


def _secret_lines(content: str, secrets: Secrets) -> Counter[str]:
    if not secrets.reveals(content):
        return Counter()
    return Counter([line for line in content.split("\n") if secrets.reveals(line)] or [content])


def _corrected(
    session: ModelSession,
    answer: Answer,
    already: Change,
    refusals: Sequence[Refusal],
    failures: dict[str, int],
) -> Answer:
    bad = {refusal.path for refusal in refusals}
    about_all = any(not refusal.path for refusal in refusals) and not answer.problems
    kept: tuple[Edit, ...] = () if about_all else tuple(edit for edit in answer.edits if not _touches(edit, bad))
    paths = sorted(bad - {""})
    # The repository has the committed files only: what `already` changed must come from itself.
    changed = Change(tuple(file for file in already.files if file.path in bad))
    unchanged = [path for path in paths if path not in changed.paths]
    found = session.read_repository(unchanged, ()) if unchanged else ()
    request = prompt.refused(
        answer.summary,
        sorted({edit.path for edit in kept if edit.path not in already.left_out}),
        refusals,
        changed=changed,
        found=dict(zip(unchanged, found, strict=True)),
        whole={path for path in paths if failures[path] >= _WHOLE_AFTER},
        budget=session.request_budget,
    )
    second = converse(session, request, purpose="correct")
    return replace(
        second,
        questions=() if second.edits else second.questions,
        edits=tuple(dict.fromkeys((*kept, *second.edits))),
        summary=second.summary or answer.summary,
        criteria=second.criteria or answer.criteria,
    )


def _touches(edit: Edit, paths: set[str]) -> bool:
    return edit.path in paths or (isinstance(edit, Rename) and edit.new_path in paths)


def complete(
    session: ModelSession, workspace: Workspace, criteria: Sequence[str], proposal: Proposal, emit: Emit
) -> Proposal:
    """Ask the model once for acceptance criteria that its answer left out; on failure keep what it sent before."""
    answer = proposal.answer
    missing = unanswered(criteria, answer.criteria)
    if not missing or not proposal.change.files:
        return proposal
    emit(Note(f"The answer leaves out {len(missing)} of {len(criteria)} acceptance criteria; asking once more."))
    request = prompt.missing_criteria(answer.summary, proposal.change, missing, session.request_budget)
    try:
        second = converse(session, request, purpose="criteria")
    except (ModelError, LimitError):
        return proposal  # a change with a missing claim is better than none
    completed = replace(answer, criteria=merged_claims(answer.criteria, second.criteria))
    if not second.edits:
        return replace(proposal, answer=completed)
    edits = (*answer.edits, *second.edits)
    planned = _planned(workspace, edits, NO_CHANGE)
    if planned.refusals or second.problems:
        return proposal
    return Proposal(replace(completed, edits=edits), planned.change, planned.notes)


def merged_claims(first: Sequence[CriterionClaim], second: Sequence[CriterionClaim]) -> tuple[CriterionClaim, ...]:
    """Return all claims; `first` wins where both cover a criterion."""
    known = {claim.id for claim in first}
    return (*first, *(claim for claim in second if claim.id not in known))
