"""One candidate: author → apply → verify → repair, until it is verified or repairing no longer helps.

The best state wins, not the last one: later rounds can make things worse (aider's measurements of 2024, Agentless'
votes).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from redimento.authoring.answer import Answer, Trial
from redimento.authoring.conversation import ModelSession, converse
from redimento.authoring.notebook import Notebook
from redimento.authoring.state import Earlier, State
from redimento.change import writer
from redimento.change.edit import NO_CHANGE, Change, Refusal
from redimento.delivery.report import file_lines
from redimento.errors import LimitError
from redimento.events import Applied, Emit, Note, Repair
from redimento.models.port import ModelError
from redimento.outcome import in_sentences
from redimento.run.proposal import Proposal, Workspace, complete, merged_claims, whole_files
from redimento.run.reproduction import Examine, reproduce
from redimento.run.trying import TryOut, propose_after_tries
from redimento.text.wording import Sentence
from redimento.verification.evidence import ChangedTest, Checks, Failure, Verdict
from redimento.verification.old_judge import Substitute
from redimento.verification.reproduction import Examined, Reproduction, altered
from redimento.verification.runners import file_of
from redimento.verification.trial import TrialResult

_MAX_WORSE_ROUNDS = 2  # in a row, before the repair stops
_MOST_TRIES = 3  # of an attempt: each costs a call, and the checks run on what is submitted anyway
_NAMED = 3
_LONGEST_LINE = 300  # characters of what one failure says

Verify = Callable[[Change, Sequence[ChangedTest], Substitute], Verdict]


@dataclass(frozen=True)
class Attempt:
    """A change and its verdict. The change is empty if the model asked `answer.questions` or found nothing to do."""

    answer: Answer
    change: Change = NO_CHANGE
    verdict: Verdict | None = None
    rounds: int = 0
    failures_by_round: tuple[int, ...] = ()  # required new failures after the first answer and after each round
    notes: tuple[str, ...] = ()
    stopped: str = ""  # why the repair ended before everything passed
    number: int = 1  # of the candidate
    reproduction: Reproduction | None = None  # that the change holds as it was accepted
    trials: tuple[TrialResult, ...] = ()
    refused: tuple[Refusal, ...] = ()  # edits that were not applied, and that the model corrected

    @property
    def verified(self) -> bool:
        return self.verdict is not None and self.verdict.verified


@dataclass(frozen=True)
class AttemptPlan:
    """What an attempt needs besides the model.

    `journal`: the writer's, to undo an interrupted write. `settle` waits until nothing else works in the tree.
    `rounds`: of repair, at most. `save` stores a state that cost money before anything else can fail. `try_out` runs tests
    on the change that is in the tree, None where there are no checks; `examine` judges a test that shall reproduce the
    fault, None where none is asked for. `reproduction`, `earlier`: what other candidates have found and done. `standing`: the
    change that a pull request holds already, which the attempt goes on from.
    """

    workspace: Workspace
    journal: Path
    criteria: tuple[str, ...]
    settle: Callable[[], object]
    verify: Verify
    rounds: int
    save: Callable[[Attempt], None]
    try_out: TryOut | None = None
    examine: Examine | None = None
    reproduction: Reproduction | None = None
    earlier: tuple[Earlier, ...] = ()
    standing: Change = NO_CHANGE


def make_attempt(session: ModelSession, plan: AttemptPlan, emit: Emit) -> Attempt:
    """Return the best state that the model reached, with its change written to the tree.

    Raises ModelError and LimitError only before the first change.
    """
    notebook = Notebook(session.notebook_tokens, most_trials=_MOST_TRIES if plan.try_out else 0)
    state = State(notebook, plan.standing, earlier=plan.earlier, reproduction=plan.reproduction)
    if plan.examine and not state.reproduction:
        examine = partial(_examined, plan, plan.examine)
        told = reproduce(session, plan.workspace, state, emit, settle=plan.settle, examine=examine)
        if told.questions:
            return Attempt(told.questions)
        state = replace(state, notebook=told.notebook, reproduction=told.reproduction)
    state = _reproduced(state)
    answer, notebook = converse(session, state, purpose="author")
    if not answer.edits and not answer.trial:
        return Attempt(answer, trials=notebook.trials, reproduction=state.reproduction)
    plan.settle()
    _write(plan, state.change)
    proposal = _proposed(session, plan, replace(state, notebook=notebook), answer, emit)
    if proposal.change.files in ((), plan.standing.files):
        return Attempt(proposal.answer, notes=proposal.notes, trials=proposal.notebook.trials)
    _write(plan, proposal.change)
    proposal = complete(session, plan.workspace, plan.criteria, proposal, emit, reproduction=state.reproduction)
    best = Attempt(proposal.answer, proposal.change, notes=proposal.notes, trials=proposal.notebook.trials)
    best = replace(best, reproduction=state.reproduction, refused=proposal.refused)
    plan.save(best)
    _write(plan, best.change)
    emit(_applied(best))
    best = _with_verdict(plan, best)
    plan.save(best)
    return _repair(session, plan, best, proposal.notebook, emit)


def _applied(attempt: Attempt) -> Applied:
    lines = file_lines(attempt.change)
    added, removed = sum(line.added for line in lines), sum(line.removed for line in lines)
    return Applied(len(attempt.answer.edits), len(lines), added, removed)


def _reproduced(state: State) -> State:
    """Return the state with the reproduction, if there is one, as the change so far."""
    return replace(state, change=state.reproduction.change) if state.reproduction else state


def _examined(plan: AttemptPlan, examine: Examine, change: Change) -> Examined:
    _write(plan, change)
    try:
        return examine(change)
    finally:
        _write(plan, NO_CHANGE)


def _proposed(session: ModelSession, plan: AttemptPlan, state: State, answer: Answer, emit: Emit) -> Proposal:
    def try_out(change: Change, trial: Trial) -> TrialResult:
        assert plan.try_out is not None  # noqa: S101  without it the notebook has no tries left
        _write(plan, change)
        return plan.try_out(change, trial)

    return propose_after_tries(session, plan.workspace, state, answer, emit, try_out=try_out)


def _write(plan: AttemptPlan, change: Change) -> None:
    """Make `change` the only one in the tree."""
    writer.write(plan.workspace.root, change, plan.journal)


def _with_verdict(plan: AttemptPlan, attempt: Attempt) -> Attempt:
    def substitute(contents: Mapping[str, bytes | None]) -> AbstractContextManager[None]:
        return writer.substituted(plan.workspace.root, attempt.change, contents)

    # A reason counts only with the criterion that asks for it, where the item has any.
    numbers = range(1, len(plan.criteria) + 1)
    announced = [one for one in attempt.answer.changed_tests if one.criterion in numbers or not numbers]
    return replace(attempt, verdict=plan.verify(attempt.change, announced, substitute))


def _repair(session: ModelSession, plan: AttemptPlan, best: Attempt, notebook: Notebook, emit: Emit) -> Attempt:
    """Send new failures back to the model until none are left, or rounds, money or progress run out."""
    worse = rounds = 0
    failures = [_required_failures(best)]
    stopped = ""
    while _required_failures(best) and rounds < plan.rounds and worse < _MAX_WORSE_ROUNDS:
        rounds += 1
        emit(Repair(rounds, plan.rounds, _required_failures(best)))
        try:
            state = _fresh(plan, best, notebook) if worse else _failed(session, plan, best, notebook)
            # Repeating a call that did not help helps less than thinking more (see models/thinking.py).
            tried, notebook = _try_repair(session.harder if worse else session, plan, best, state, emit)
        except (ModelError, LimitError) as error:
            stopped = Sentence("several", sentences=[*filter(None, in_sentences(error))])
            break
        failures.append(_required_failures(tried))
        if rank(tried) < rank(best):
            best, worse = tried, 0
            plan.save(best)
            continue
        worse += 1
        emit(Note(f"{_counted(tried)} after round {rounds}: going back to the better state."))
        _write(plan, best.change)
    if _required_failures(best) and not stopped:
        stopped = Sentence("repair_ended", failures=_required_failures(best), stuck=worse == _MAX_WORSE_ROUNDS)
    kept = best.reproduction if best.reproduction and not altered(best.reproduction, best.change) else None
    return replace(
        best,
        rounds=rounds,
        failures_by_round=tuple(failures),
        stopped=stopped,
        reproduction=kept,
        trials=notebook.trials,
    )


def _try_repair(
    session: ModelSession, plan: AttemptPlan, best: Attempt, state: State, emit: Emit
) -> tuple[Attempt, Notebook]:
    """Ask for one repair of the best state, or for a new start with a lesson, and return it with what the model has seen.

    Return `best` if there is nothing new to verify. After an error the tree holds the best change.
    """
    _write(plan, state.change)
    try:
        answer, notebook = converse(session, state, purpose="fresh start" if state.earlier else "repair")
        proposal = _proposed(session, plan, replace(state, notebook=notebook), answer, emit)
    finally:
        _write(plan, best.change)
    answer = proposal.answer
    # Questions, an edit of nothing, or a change that undoes itself. An answer may also only name the tests it made wrong.
    nothing_new = proposal.change in (state.change, best.change) and not answer.changed_tests
    if not proposal.change.files or nothing_new:
        return best, proposal.notebook
    _write(plan, proposal.change)
    answer = replace(
        answer,
        changed_tests=tuple(dict.fromkeys((*answer.changed_tests, *best.answer.changed_tests))),
        criteria=merged_claims(answer.criteria, best.answer.criteria),
        remarks=merged_claims(answer.remarks, best.answer.remarks),
        summary=answer.summary or best.answer.summary,
    )
    tried = Attempt(answer, proposal.change, notes=proposal.notes, reproduction=best.reproduction)
    tried = replace(tried, refused=(*best.refused, *proposal.refused))
    emit(_applied(tried))
    return _with_verdict(plan, tried), proposal.notebook


def _failed(session: ModelSession, plan: AttemptPlan, best: Attempt, notebook: Notebook) -> State:
    """Return the best state with its failures, and the files of the failing tests that are not part of it."""
    verdict = _verdict(best)
    failing = {(failure.check, failure.test) for failure in verdict.new_failures}
    files = {
        file_of(test, plan.workspace.root)
        for result in verdict.after.results
        for test in result.tests
        if (result.name, test.id) in failing
    }
    state = State(notebook, best.change, best.answer.summary, verdict, reproduction=best.reproduction)
    return replace(state, files=whole_files(session, files - {"", *best.change.paths}, state))


def _fresh(plan: AttemptPlan, best: Attempt, notebook: Notebook) -> State:
    earlier = replace(earlier_of(best), thrown_away=True)
    return _reproduced(State(notebook, plan.standing, earlier=(earlier,), reproduction=best.reproduction))


def earlier_of(attempt: Attempt) -> Earlier:
    """Return what another attempt may learn from this one."""
    failures = [_in_one_line(failure) for failure in _verdict(attempt).new_failures[:_NAMED]]
    proved = sum(proof.proves for proof in _verdict(attempt).proofs)
    verdict = f"It ended with {_counted(attempt)}; of its tests, {proved} proved the change."
    return Earlier(attempt.answer.summary, attempt.change.paths, tuple(failures), verdict)


def _in_one_line(failure: Failure) -> str:
    return f"{failure.name}: {' '.join(failure.told.split())}"[:_LONGEST_LINE]


def _required_failures(attempt: Attempt) -> int:
    """Return how many required tests and checks fail because of the change."""
    return sum(failure.required for failure in _verdict(attempt).new_failures)


def _counted(attempt: Attempt) -> str:
    number = _required_failures(attempt)
    return "1 new failure" if number == 1 else f"{number} new failures"


def rank(attempt: Attempt) -> tuple[int, int, int, int]:
    """Return a sort key, smaller for a better state.

    Fewest required new failures, then fewest new failures, most proofs, smallest change.
    """
    verdict = _verdict(attempt)
    size = sum(len(file.after or b"") + len(file.before or b"") for file in attempt.change.files)
    proofs = sum(proof.proves for proof in verdict.proofs)
    return _required_failures(attempt), len(verdict.new_failures), -proofs, size


def _verdict(attempt: Attempt) -> Verdict:
    return attempt.verdict or Verdict(Checks(), Checks())
