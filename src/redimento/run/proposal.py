"""Turn an answer into a change that passes every guard; the model may correct edits that do not apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from redimento.authoring.answer import Answer, CriterionClaim, merged
from redimento.authoring.conversation import ModelSession, converse
from redimento.authoring.notebook import Notebook
from redimento.authoring.state import State
from redimento.change.base import PLAIN_FOLDER, Base
from redimento.change.edit import NO_CHANGE, Change, Edit, FileChange, Refusal, Rename, each_once
from redimento.change.plan import Plan, plan
from redimento.delivery.criteria import unanswered
from redimento.errors import LimitError
from redimento.events import Emit, Note, Refused
from redimento.exploration.wish import Finding, Wish
from redimento.models.port import ModelError
from redimento.settings import ChangeSettings
from redimento.text.redaction import NO_SECRETS, REDACTED, Secrets
from redimento.text.wording import Sentence
from redimento.verification.reproduction import Reproduction, altered
from redimento.verification.test_names import same_test

_MAX_WORSE_CORRECTIONS = 2  # in a row, that leave as many edits refused as before
_NAMED = 3
_MOST_FILES = 12  # shown to a correction or a repair
_WHOLE_AFTER = 2  # failures, then the whole file is requested: one failed edit halves the odds of the next


@dataclass(frozen=True)
class Workspace:
    """A tree and what may change in it: `base` is its commit. `secrets`: of this run, which no file may contain.

    `folder`: the only one that may change, "" for all.
    """

    root: Path
    settings: ChangeSettings
    base: Base = PLAIN_FOLDER
    secrets: Secrets = NO_SECRETS
    folder: str = ""


@dataclass(frozen=True)
class Proposal:
    """An answer whose edits apply, and the total change against the untouched tree. Nothing is written yet.

    `notebook`: what the model has seen by then. `refused`: edits of earlier answers that were not applied.
    """

    answer: Answer
    notebook: Notebook
    change: Change = NO_CHANGE
    notes: tuple[str, ...] = ()
    refused: tuple[Refusal, ...] = ()


def propose(session: ModelSession, workspace: Workspace, state: State, answer: Answer, emit: Emit) -> Proposal:
    """Return the change that `answer` makes to the tree, which already contains `state.change`.

    The model may correct edits that do not apply for as long as fewer are refused each time. Raises ModelError (kind
    "not_applicable") if that no longer helps, LimitError.
    """
    failures: Counter[str] = Counter()
    corrections = worse = 0
    fewest: int | None = None
    refused: tuple[Refusal, ...] = ()
    while True:
        planned = _with_reproduction(_planned(workspace, answer.edits, state.change), state, answer)
        # Refusals name the files that are meant, and an edit that is kept must not have another name.
        answer = replace(answer, edits=planned.edits)
        refusals = each_once((*planned.refusals, *(Refusal("", problem) for problem in answer.problems)))
        if not refusals:
            return Proposal(answer, state.notebook, planned.change, planned.notes, refused)
        count = sum(refusal.count for refusal in refusals)
        worse = 0 if fewest is None or count < fewest else worse + 1
        fewest = count if fewest is None else min(fewest, count)
        if worse == _MAX_WORSE_CORRECTIONS:
            break
        failures.update(refusal.path for refusal in refusals)
        refused = each_once((*refused, *refusals))
        corrections += 1
        emit(Refused(count, _counted(refusals)))
        whole = frozenset(path for path, count in failures.items() if count >= _WHOLE_AFTER)
        answer, notebook = _corrected(
            session, replace(state, change=planned.change, refusals=refusals, whole=whole), answer
        )
        state = replace(state, notebook=notebook)
        if answer.questions:
            return Proposal(answer, notebook, refused=refused)
    reasons = " ".join(f"{refusal.path or 'The answer'}: {refusal.sentence}" for refusal in refusals[:_NAMED])
    raise ModelError(
        Sentence("edits_not_applied", corrections=corrections, details=reasons),
        Sentence("answers_are_kept"),
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
    planned = plan(
        workspace.root, edits, workspace.settings, base=workspace.base, already=already, folder=workspace.folder
    )
    touched = [_secret_touched(file, workspace.secrets) for file in planned.change.files]
    if leaks := tuple(filter(None, touched)):
        return replace(planned, change=replace(already, left_out=planned.change.left_out), refusals=leaks)
    return planned


def _with_reproduction(planned: Plan, state: State, answer: Answer) -> Plan:
    """Put the test that reproduces the fault back as it was, unless the answer says why it is wrong.

    A refusal would cost a call, and the model has nothing to send in place of such an edit.
    """
    known = state.reproduction
    path = altered(known, planned.change) if known else ""
    if not known or not path or altered(known, state.change):
        return planned
    if any(same_test(one.test, test.id) for one in answer.changed_tests for test in known.tests):
        return planned
    files = {file.path: file for file in planned.change.files}
    files |= {file.path: file for file in state.change.files if file.path in known.change.paths}
    change = replace(planned.change, files=tuple(files[name] for name in sorted(files)))
    note = f"{path}: the edits were left out, because they change the test that reproduces the fault"
    return replace(planned, change=change, notes=(*planned.notes, note))


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


def _corrected(session: ModelSession, state: State, answer: Answer) -> tuple[Answer, Notebook]:
    """Return the answer with its refused edits as the model corrects them, and what it has seen by then."""
    bad = {refusal.path for refusal in state.refusals}
    about_all = "" in bad and not answer.problems
    kept: tuple[Edit, ...] = () if about_all else tuple(edit for edit in answer.edits if not _touches(edit, bad))
    state = replace(
        state,
        summary=answer.summary,
        kept=tuple(sorted({edit.path for edit in kept if edit.path not in state.change.left_out})),
        files=whole_files(session, bad - {"", *state.change.paths}, state),
    )
    second, notebook = converse(session, state, purpose="correct")
    questions = () if second.edits else second.questions
    return replace(merged(replace(answer, edits=kept), second), questions=questions), notebook


def whole_files(session: ModelSession, paths: Collection[str], state: State) -> tuple[Finding, ...]:
    """Return the files as they are now, or why there is none; of a large one, what stands above says more than its outline."""
    if not paths:
        return ()
    found = session.explore([Wish("read", path) for path in sorted(paths)[:_MOST_FILES]], state.changed)
    return tuple(one for one in found if all(excerpt.spans is None for excerpt in one.excerpts))


def _touches(edit: Edit, paths: set[str]) -> bool:
    return edit.path in paths or (isinstance(edit, Rename) and edit.new_path in paths)


def complete(
    session: ModelSession,
    workspace: Workspace,
    criteria: Sequence[str],
    proposal: Proposal,
    emit: Emit,
    *,
    reproduction: Reproduction | None = None,
) -> Proposal:
    """Ask the model once for acceptance criteria that its answer left out; on failure keep what it sent before.

    The change of `proposal` is in the tree.
    """
    answer = proposal.answer
    missing = unanswered(criteria, answer.criteria)
    if not missing or not proposal.change.files:
        return proposal
    emit(Note(f"The answer leaves out {len(missing)} of {len(criteria)} acceptance criteria; asking once more."))
    state = State(proposal.notebook, proposal.change, answer.summary, missing=tuple(missing), reproduction=reproduction)
    try:
        second, notebook = converse(session, state, purpose="criteria")
    except (ModelError, LimitError):
        return proposal  # a change with a missing claim is better than none
    completed = replace(answer, criteria=merged_claims(answer.criteria, second.criteria))
    proposal = replace(proposal, notebook=notebook)
    if not second.edits:
        return replace(proposal, answer=completed)
    planned = _with_reproduction(_planned(workspace, second.edits, proposal.change), state, second)
    if planned.refusals or second.problems:
        return proposal
    completed = replace(completed, edits=(*answer.edits, *second.edits))
    notes = (*proposal.notes, *planned.notes)
    return Proposal(completed, notebook, planned.change, notes, proposal.refused)


def merged_claims(first: Sequence[CriterionClaim], second: Sequence[CriterionClaim]) -> tuple[CriterionClaim, ...]:
    """Return all claims; `first` wins where both cover a criterion."""
    known = {claim.id for claim in first}
    return (*first, *(claim for claim in second if claim.id not in known))
