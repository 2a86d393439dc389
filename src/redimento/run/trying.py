"""Try before submitting: run a few tests on the edits of an answer, and let the model go on from what they show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from redimento.authoring.answer import Answer, Trial, merged
from redimento.authoring.conversation import ModelSession, converse
from redimento.authoring.state import State
from redimento.change.edit import NO_CHANGE, Change
from redimento.errors import LimitError
from redimento.events import Emit, Note
from redimento.models.port import ModelError
from redimento.run.proposal import Proposal, Workspace, propose
from redimento.verification.trial import TrialResult

# Leaves the change in the tree.
TryOut = Callable[[Change, Trial], TrialResult]


def propose_after_tries(
    session: ModelSession, workspace: Workspace, state: State, answer: Answer, emit: Emit, *, try_out: TryOut
) -> Proposal:
    """Return what the model submits: `answer`, or what follows the tries that it asks for, as long as any are left.

    The edits of a try stay in the change, so that no call sends them again. If the model fails after a try, what was tried
    is submitted. Raises ModelError, LimitError as `propose` does. The tree holds `state.change` or what was tried last.
    """
    proposal, begun = propose(session, workspace, state, answer, emit), state.change
    while proposal.answer.trial and proposal.notebook.tries_left:
        result = try_out(proposal.change, proposal.answer.trial)
        emit(Note(f"The model tries its change: {told(result)}"))
        tried = replace(proposal.answer, trial=None)
        proposal = replace(
            proposal, answer=tried, notebook=replace(proposal.notebook, trials=(*proposal.notebook.trials, result))
        )
        state = State(proposal.notebook, proposal.change, tried.summary, reproduction=state.reproduction, tried=True)
        try:
            answer, notebook = converse(session, state, purpose="try")
            if answer.nothing_to_do or (answer.questions and not answer.edits):
                return Proposal(answer, notebook, NO_CHANGE)
            following = propose(session, workspace, replace(state, notebook=notebook), answer, emit)
        except (ModelError, LimitError):
            if proposal.change == begun:
                raise
            return proposal
        notes = (*proposal.notes, *following.notes)
        refused = (*proposal.refused, *following.refused)
        proposal = replace(following, answer=merged(tried, following.answer), notes=notes, refused=refused)
    return proposal


def told(result: TrialResult) -> str:
    """Return what a try showed in a few words."""
    if not result.ran:
        return result.remark
    counts = {
        outcome: sum(test.outcome == outcome for test in result.tests) for outcome in ("passed", "failed", "error")
    }
    named = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
    return f"{named or f'exit code {result.exit_code}'} in {result.seconds:.1f} s."
