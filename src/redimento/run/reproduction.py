"""Reproduce first: ask for one failing test alone, and let it show the fault before the change is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from redimento.authoring.answer import Answer
from redimento.authoring.conversation import ModelSession, converse
from redimento.authoring.notebook import Notebook
from redimento.authoring.pieces import head_and_tail
from redimento.authoring.state import State
from redimento.change.edit import Change
from redimento.events import Emit, Note
from redimento.models.port import ModelError
from redimento.run.proposal import Workspace, propose
from redimento.settings import AuthoringSettings, CheckCommand
from redimento.verification.reproduction import Examined, Reproduction, can_reproduce
from redimento.work_items.item import WorkItem

_TRIES = 3
_TAIL = 1_500  # characters of the output that a refusal shows

# Puts the change into the tree for a while, and returns what the gate says of it.
Examine = Callable[[Change], Examined]


@dataclass(frozen=True)
class Reproduced:
    """The reproduction, if there is one, what the model has seen by then, and the answer with its questions if it has to ask first."""

    notebook: Notebook
    reproduction: Reproduction | None = None
    questions: Answer | None = None


def is_wanted(item: WorkItem, settings: AuthoringSettings, commands: tuple[CheckCommand, ...]) -> bool:
    """Return whether a failing test is asked for before the change."""
    if settings.reproduce == "always":
        return any(command.junit for command in commands)
    return settings.reproduce == "auto" and item.kind == "bug" and can_reproduce(commands)


def reproduce(
    session: ModelSession,
    workspace: Workspace,
    state: State,
    emit: Emit,
    *,
    settle: Callable[[], object],
    examine: Examine,
) -> Reproduced:
    """Ask for a test that shows the fault, up to three times, and return it if the gate accepts one.

    An answer that cannot be used ends it: the change is asked for without. Raises LimitError, and ModelError where the
    service fails. `settle` waits until nothing else works in the tree.
    """
    state = replace(state, reproducing=True)
    for _ in range(_TRIES):
        try:
            answer, notebook = converse(session, state, purpose="reproduce")
            state = replace(state, notebook=notebook)
            if not answer.edits:
                emit(Note("The model writes no test that reproduces the fault."))
                return Reproduced(notebook, questions=answer if answer.questions else None)
            settle()
            proposal = propose(session, workspace, state, answer, emit)
        except ModelError as error:
            if error.kind not in {"unreadable", "not_applicable"}:
                raise
            emit(Note(f"No test reproduces the fault: {error}"))
            break
        told = examine(proposal.change)
        state = replace(state, notebook=proposal.notebook)
        if told.reproduction:
            emit(Note(f"Reproduced: {told.reproduction.tests[0].id} fails on the code as it is."))
            return Reproduced(state.notebook, told.reproduction)
        emit(Note(f"The test does not reproduce the fault. {told.refusal}"))
        shown = f"{told.refusal}\n{head_and_tail(told.output, _TAIL)}".strip()
        state, session = replace(state, problems=(shown,)), session.harder
    return Reproduced(state.notebook)
