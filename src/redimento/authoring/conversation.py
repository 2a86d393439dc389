"""Converse with the model until it answers: it may be unreadable, be cut off, or ask to see more of the repository."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from redimento.authoring import prompt
from redimento.authoring.answer import Answer, merged
from redimento.authoring.answer_format import parse_answer
from redimento.authoring.continuation import goes_on, joined
from redimento.authoring.notebook import Notebook, noted, unanswered
from redimento.authoring.prompt import Briefing
from redimento.authoring.state import State, begun
from redimento.exploration.wish import Explore, Wish
from redimento.models import thinking
from redimento.models.port import Message, Model, ModelError, ModelReply, ModelRequest
from redimento.settings import ModelSettings, Thinking
from redimento.text.wording import Sentence

_MAX_RETRIES = 2  # after unreadable answers in a row
_MAX_IDLE = 2  # answers in a row that ask to see what was shown already, or what there is no room for
_MOST_WISHES = 24  # of one answer
_MAX_CONTINUATIONS = 2  # of a cut-off answer
LEAST_BUDGET = 6_000  # tokens: with fewer, a request cannot show enough to be answered
_REST = 300  # tokens of the request for the rest of an answer
_EMPTY = (
    "There was no edit and no question in it. If nothing has to change, send `nothing_to_do` with the reason; nothing is "
    "inferred from an answer without edits."
)
_CLAIMED = (
    "It says that criteria are done, but no edit block could be read in it. Send the edits; if nothing has to change, send "
    "`nothing_to_do` with the reason."
)
_CUT_OFF = "It was cut off before its first edit was complete. Send less at a time, the most important edits first."
_NOT_JOINED = "It was cut off, and it is not clear how the rest continues its last block: write that whole block again."
_NO_TRIES = "There are no tries left: send the edits, or submit the change as it stands."
_HEAD_IS_ENOUGH = frozenset({"criteria", "repair", "try"})


@dataclass(frozen=True)
class ModelSession:
    """What all conversations of an attempt share.

    `budget`: the tokens that a request may spend on the state of the attempt, beside `notebook_tokens` for all that the
    model asks to see.
    """

    model: Model
    settings: ModelSettings
    briefing: Briefing
    explore: Explore
    thinking: Thinking
    budget: int
    notebook_tokens: int

    @property
    def harder(self) -> ModelSession:
        """The same session at the next level of thinking that the model has."""
        level = thinking.harder(self.settings, self.thinking, on=datetime.now(UTC).date())
        return replace(self, thinking=level)


def converse(session: ModelSession, state: State, *, purpose: str) -> tuple[Answer, Notebook]:
    """Return an answer that has questions, edits, a try, or a reason why there is nothing to do; and what the model has seen.

    Where the request is about claims (`purpose` "criteria" or "repair") or follows a try, claims alone are an answer, too.

    Each call is one request, rendered from the state. Failed turns leave no trace but their problems: the next turn
    succeeds more often without them (SWE-agent's ablation, arXiv 2405.15793). What the model was shown stays. Raises
    ModelError (kind "unreadable" if no answer could be used), LimitError.
    """
    state = begun(state)
    turns: tuple[Message, ...] = ()
    kept = Answer()
    cut = ""  # the text of the answer that `kept` is the start of
    retries = idle = continuations = 0
    while True:
        first = Message("user", prompt.request(session.briefing, state, session.budget), session.briefing.images)
        reply = _call(session, (first, *turns), purpose)
        text, answer = _continued(cut, kept, reply)
        if answer.incomplete and continuations < _MAX_CONTINUATIONS:
            continuations += 1
            kept, cut = answer, text
            paths = sorted({edit.path for edit in answer.edits})
            turns = (*turns, Message("model", reply.text), Message("user", prompt.rest(paths, _REST)))
            continue
        kept, cut, turns = Answer(), "", ()
        if answer.edits or answer.questions or _has_nothing_to_do(answer):
            return answer, state.notebook
        if answer.wishes:
            before = state.notebook
            state = _with_findings(session, state, answer.wishes)
            idle = 0 if len(state.notebook.entries) > len(before.entries) else idle + 1
            if idle > _MAX_IDLE:
                raise _unreadable("The model did nothing but ask to see more, after it was told to answer.")
            state = replace(state, closed=idle == _MAX_IDLE)
            retries = continuations = 0
        elif (answer.trial and state.notebook.tries_left and not answer.problems) or (
            purpose in _HEAD_IS_ENOUGH and _is_claim(answer)
        ):
            return answer, state.notebook
        elif retries < _MAX_RETRIES:
            retries += 1
            state = replace(state, problems=_problems(answer), repeated=(), dropped=())
        else:
            raise _unreadable(Sentence("answer_unusable", times=retries + 1, details=" ".join(_problems(answer))))


def _with_findings(session: ModelSession, state: State, wishes: Sequence[Wish]) -> State:
    """Return the state with what the wishes bring in its notebook."""
    new = unanswered(state.notebook, wishes, state.changed)
    if state.notebook.full or state.closed:
        return replace(state, dropped=new, repeated=tuple(wish for wish in wishes if wish not in new), problems=())
    found = session.explore(new[:_MOST_WISHES], state.changed) if new else ()
    notebook, dropped = noted(state.notebook, found, state.changed)
    dropped += new[_MOST_WISHES:]
    met = {entry.finding.wish for entry in notebook.entries[len(state.notebook.entries) :]}
    repeated = tuple(wish for wish in wishes if wish not in met and wish not in dropped)
    return replace(state, notebook=notebook, dropped=dropped, repeated=repeated, problems=())


def _unreadable(sentence: str) -> ModelError:
    return ModelError(sentence, Sentence("see_the_conversation"), kind="unreadable")


def _continued(cut: str, kept: Answer, reply: ModelReply) -> tuple[str, Answer]:
    """Return the text and the answer so far: `cut` and the reply read as one text if that works, else one after the other."""
    whole = joined(cut, reply.text) if cut else None
    if whole is not None:
        answer = merged(kept, parse_answer(whole, truncated=reply.truncated))
        if set(answer.problems) <= set(kept.problems) and (reply.truncated or not answer.incomplete):
            return whole, answer
    answer = merged(kept, parse_answer(reply.text, truncated=reply.truncated))
    if cut and goes_on(cut, reply.text):
        answer = replace(answer, problems=(_NOT_JOINED, *answer.problems))
    return reply.text, answer


def _has_nothing_to_do(answer: Answer) -> bool:
    return bool(answer.nothing_to_do) and not answer.incomplete and not answer.problems


def _is_claim(answer: Answer) -> bool:
    return bool(answer.criteria or answer.changed_tests or answer.submit) and not answer.problems


def _problems(answer: Answer) -> tuple[str, ...]:
    if answer.problems:
        return answer.problems
    if answer.incomplete:
        return (_CUT_OFF,)
    if answer.trial:
        return (_NO_TRIES,)
    return (_CLAIMED if any(claim.status == "done" for claim in answer.criteria) else _EMPTY,)


def _call(session: ModelSession, turns: tuple[Message, ...], purpose: str) -> ModelReply:
    return session.model.answer(
        ModelRequest(
            purpose=purpose,
            system=session.briefing.system,
            messages=turns,
            max_output_tokens=session.settings.max_output_tokens,
            thinking=session.thinking,
            timeout_seconds=session.settings.call_timeout_seconds,
        )
    )
