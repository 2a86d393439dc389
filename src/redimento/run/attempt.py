"""One candidate: author → apply → verify → repair, until it is verified or nothing more is to be gained.

The best state seen wins, never simply the last one: later rounds are not monotone (aider's measurements of 2024,
Agentless' votes).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from redimento.authoring import prompt
from redimento.authoring.answer import Answer
from redimento.authoring.conversation import ModelSession, converse
from redimento.change import writer
from redimento.change.edit import NO_CHANGE, Change
from redimento.errors import LimitError
from redimento.events import Emit, Note
from redimento.models.port import ModelError
from redimento.run.proposal import Workspace, complete, joined, propose
from redimento.verification.evidence import Checks, Verdict
from redimento.verification.runners import file_of

WORSE_AT_MOST = 2  # rounds without progress before the repair stops

Withheld = Callable[[Sequence[str]], AbstractContextManager[None]]
Verify = Callable[[Change, Withheld], Verdict]


@dataclass(frozen=True)
class Attempt:
    """A change and its verdict. An empty change: the model asks `answer.questions`, or saw nothing to do."""

    answer: Answer
    change: Change = NO_CHANGE
    verdict: Verdict | None = None
    rounds: int = 0
    failures_by_round: tuple[int, ...] = ()  # required new failures after the first answer and after each round
    notes: tuple[str, ...] = ()
    stopped: str = ""  # why the repair ended before everything passed
    number: int = 1  # which of the candidates it is

    @property
    def verified(self) -> bool:
        return self.verdict is not None and self.verdict.verified


@dataclass(frozen=True)
class AttemptPlan:
    """What an attempt needs beside the model: where to work, what to fulfil, how to verify, how often to repair.

    `journal`: where the writer keeps what it needs to undo an interrupted write. `settle` waits until nothing else
    works in the tree. `save` keeps a state that cost money before anything that may fail.
    """

    workspace: Workspace
    journal: Path
    criteria: tuple[str, ...]
    settle: Callable[[], object]
    verify: Verify
    rounds: int
    save: Callable[[Attempt], None]
    of: int = 1


def make_attempt(session: ModelSession, plan: AttemptPlan, emit: Emit) -> Attempt:
    """Return the best state that the model reached; its change stands in the tree.

    Raises ModelError and LimitError only while there is no change yet.
    """
    answer = converse(session, prompt.ask(of=plan.of), purpose="author")
    if not answer.edits:
        return Attempt(answer)
    plan.settle()
    proposal = complete(
        session, plan.workspace, plan.criteria, propose(session, plan.workspace, answer, NO_CHANGE, emit), emit
    )
    best = Attempt(proposal.answer, proposal.change, notes=proposal.notes)
    if not best.change.files:
        return best
    plan.save(best)
    _swap(plan, NO_CHANGE, best.change)
    best = _judged(plan, best)
    plan.save(best)
    return _repaired(session, plan, best, emit)


def _swap(plan: AttemptPlan, old: Change, new: Change) -> None:
    """Take one change out of the tree and put another one in."""
    if old.files:
        writer.restore(plan.workspace.root, old, plan.journal)
    if new.files:
        writer.write(plan.workspace.root, new, plan.journal)


def _judged(plan: AttemptPlan, attempt: Attempt) -> Attempt:
    def withheld(paths: Sequence[str]) -> AbstractContextManager[None]:
        return writer.withheld(plan.workspace.root, attempt.change, paths)

    return replace(attempt, verdict=plan.verify(attempt.change, withheld))


def _repaired(session: ModelSession, plan: AttemptPlan, best: Attempt, emit: Emit) -> Attempt:
    """Feed new failures back until none is left, or rounds, money or progress run out."""
    worse = rounds = 0
    failures = [required_failures(best)]
    stopped = ""
    while required_failures(best) and rounds < plan.rounds and worse < WORSE_AT_MOST:
        rounds += 1
        emit(Note(f"Repair round {rounds}: {_counted(best)}."))
        try:
            tried = _tried(session, plan, best, emit, fresh=worse > 0)
        except (ModelError, LimitError) as error:
            stopped = str(error)
            break
        failures.append(required_failures(tried))
        if rank(tried) < rank(best):
            best, worse = tried, 0
            plan.save(best)
            continue
        worse += 1
        emit(Note(f"{_counted(tried)} after round {rounds}: the better state is taken back."))
        _swap(plan, tried.change, best.change)
    if required_failures(best) and not stopped:
        why = "two rounds in a row brought nothing" if worse == WORSE_AT_MOST else "no further round is allowed"
        stopped = f"The repair ended with {_counted(best)}: {why}."
    return replace(best, rounds=rounds, failures_by_round=tuple(failures), stopped=stopped)


def _tried(session: ModelSession, plan: AttemptPlan, best: Attempt, emit: Emit, *, fresh: bool) -> Attempt:
    """Make one more try: upon the best state or, when that led nowhere, from the untouched tree with a lesson.

    After an error the tree holds the best change again.
    """
    already = NO_CHANGE if fresh else best.change
    if fresh:
        _swap(plan, best.change, NO_CHANGE)
    try:
        request = prompt.ask(lesson=_lesson(best), of=plan.of) if fresh else _repair_request(session, plan, best)
        answer = converse(session, request, purpose="fresh start" if fresh else "repair")
        proposal = propose(session, plan.workspace, answer, already, emit)
    except BaseException:
        if fresh:
            _swap(plan, NO_CHANGE, best.change)
        raise
    if not proposal.change.files:  # questions, or a change that undoes itself: nothing better than what there is
        _swap(plan, already, best.change) if fresh else None
        return replace(best, answer=proposal.answer)
    _swap(plan, already, proposal.change)
    answer = proposal.answer
    answer = replace(
        answer, criteria=joined(answer.criteria, best.answer.criteria), summary=answer.summary or best.answer.summary
    )
    return _judged(plan, Attempt(answer, proposal.change, notes=proposal.notes))


def _repair_request(session: ModelSession, plan: AttemptPlan, best: Attempt) -> str:
    verdict = _verdict(best)
    failing = {(failure.check, failure.test) for failure in verdict.new_failures}
    files = {
        file_of(test, plan.workspace.root)
        for result in verdict.after.results
        for test in result.tests
        if (result.name, test.id) in failing
    }
    wanted = sorted(files - {"", *best.change.paths})
    return prompt.repair(
        best.answer.summary, best.change, verdict, session.read_repository(wanted, ()) if wanted else ()
    )


def _lesson(best: Attempt) -> str:
    """Return one line on what the discarded state could not get right."""
    failures = [failure.test or failure.check for failure in _verdict(best).new_failures[:3]]
    files = ", ".join(best.change.paths[:6])
    return f"a change of {files} broke {', '.join(failures)}: {' '.join(_verdict(best).new_failures[0].message.split())[:300]}"


def required_failures(attempt: Attempt) -> int:
    """Return how many required things fail because of the change."""
    return sum(failure.required for failure in _verdict(attempt).new_failures)


def _counted(attempt: Attempt) -> str:
    number = required_failures(attempt)
    return "1 new failure" if number == 1 else f"{number or 'no'} new failures"


def rank(attempt: Attempt) -> tuple[int, int, int, int]:
    """Return a key that is smaller for the better state.

    Fewest required new failures, then fewest of any kind, most proofs, the smallest change.
    """
    verdict = _verdict(attempt)
    size = sum(len(file.after or b"") + len(file.before or b"") for file in attempt.change.files)
    proofs = sum(proof.proves for proof in verdict.proofs)
    return required_failures(attempt), len(verdict.new_failures), -proofs, size


def _verdict(attempt: Attempt) -> Verdict:
    return attempt.verdict or Verdict(Checks(), Checks())
