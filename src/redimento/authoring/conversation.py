"""Converse with the model: it may be unreadable, be cut off or ask to read, each a limited number of times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from redimento.authoring import prompt
from redimento.authoring.answer import Answer
from redimento.authoring.answer_format import parse_answer
from redimento.authoring.continuation import goes_on, joined
from redimento.authoring.pieces import Found
from redimento.authoring.prompt import Briefing
from redimento.context.tokens import estimate
from redimento.models.port import Message, Model, ModelError, ModelReply, ModelRequest
from redimento.settings import ModelSettings, Thinking

# The paths to read and the patterns to search for → one result for each, in this order.
ReadRepository = Callable[[Sequence[str], Sequence[str]], Sequence[Found]]

MAX_RETRIES = 2  # after unreadable answers
MAX_READS = 3  # rounds of reading
MAX_CONTINUATIONS = 2  # of a cut-off answer
LEAST_BUDGET = 6_000  # tokens: with fewer, a request cannot show enough to be answered
_SHORT = 300  # tokens kept for each further message of ours
_EMPTY = (
    "It holds no edit and no question. If nothing has to change, send `nothing_to_do` with the reason; nothing is inferred "
    "from an answer without edits."
)
_CLAIMED = (
    "It says that criteria are done, but no edit block could be read in it. Send the edits; if nothing has to change, send "
    "`nothing_to_do` with the reason."
)
_CUT_OFF = "It was cut off before its first edit was complete. Send less at a time, the most important edits first."
_NOT_JOINED = "It was cut off, and it is not clear how the rest continues its last block: write that whole block again."
_HEAD_IS_ENOUGH = frozenset({"criteria", "repair"})


@dataclass(frozen=True)
class ModelSession:
    """What all conversations of an attempt share.

    `budget`: the tokens that a conversation may add to the briefing, the model's own answers aside.
    """

    model: Model
    settings: ModelSettings
    briefing: Briefing
    read_repository: ReadRepository
    thinking: Thinking
    budget: int

    @property
    def request_budget(self) -> int:
        """The tokens of the request that opens a conversation; the rest is for what the model asks to read."""
        return self.budget * 2 // 3


def converse(session: ModelSession, request: str, *, purpose: str) -> Answer:
    """Return an answer that has questions, edits, or a reason why there is nothing to do.

    Where the request is about claims (`purpose` "criteria" or "repair"), claims alone are an answer, too.

    Failed turns leave the conversation: the next turn succeeds more often without them (SWE-agent's ablation,
    arXiv 2405.15793). Raises ModelError (kind "unreadable" if no answer could be used), LimitError.
    """
    first = Message("user", f"{session.briefing.task}\n{request}")
    turns: tuple[Message, ...] = (first,)
    kept = Answer()
    cut = ""  # the text of the answer that `kept` is the start of
    room = session.budget - estimate(request)
    retries = reads = continuations = 0
    while True:
        reply = _call(session, turns, purpose)
        text, answer = _continued(cut, kept, reply)
        cut = ""
        if answer.incomplete and continuations < MAX_CONTINUATIONS:
            continuations += 1
            kept, cut = answer, text
            paths = sorted({edit.path for edit in answer.edits})
            turns = (*turns, Message("model", reply.text), Message("user", prompt.rest(paths, _SHORT)))
        elif answer.edits or answer.questions or _has_nothing_to_do(answer):
            return answer
        elif (answer.read or answer.search) and reads < MAX_READS:
            reads += 1
            found = session.read_repository(answer.read, answer.search)
            kept = replace(answer, read=(), search=())
            further = MAX_READS - reads + MAX_CONTINUATIONS - continuations
            material = prompt.material(found, room - further * _SHORT, last=reads == MAX_READS)
            room -= estimate(material)
            turns = (*turns, Message("model", reply.text), Message("user", material))
        elif purpose in _HEAD_IS_ENOUGH and (answer.criteria or answer.changed_tests) and not answer.problems:
            return answer
        elif retries < MAX_RETRIES:
            retries += 1
            again = prompt.unreadable(_problems(answer), 2 * _SHORT)
            room = session.budget - estimate(request) - estimate(again)
            turns = (replace(first, text=first.text + again),)
        else:
            raise ModelError(
                f"The model's answer could not be used {retries + 1} times: {' '.join(_problems(answer))}",
                "See conversation.jsonl in the run folder; a stronger model or a smaller work item may help.",
                kind="unreadable",
            )


def _continued(cut: str, kept: Answer, reply: ModelReply) -> tuple[str, Answer]:
    """Return the text and the answer so far: `cut` and the reply read as one text if that works, else one after the other."""
    whole = joined(cut, reply.text) if cut else None
    if whole is not None:
        answer = _merged(kept, parse_answer(whole, truncated=reply.truncated))
        if set(answer.problems) <= set(kept.problems) and (reply.truncated or not answer.incomplete):
            return whole, answer
    answer = _merged(kept, parse_answer(reply.text, truncated=reply.truncated))
    if cut and goes_on(cut, reply.text):
        answer = replace(answer, problems=(_NOT_JOINED, *answer.problems))
    return reply.text, answer


def _has_nothing_to_do(answer: Answer) -> bool:
    return bool(answer.nothing_to_do) and not answer.incomplete and not answer.problems


def _problems(answer: Answer) -> tuple[str, ...]:
    if answer.problems:
        return answer.problems
    if answer.incomplete:
        return (_CUT_OFF,)
    return (_CLAIMED if any(claim.status == "done" for claim in answer.criteria) else _EMPTY,)


def _merged(earlier: Answer, later: Answer) -> Answer:
    """Join two parts of an answer; the texts of the later part win.

    A path that both parts edit keeps all its edits, in order.
    """
    return Answer(
        summary=later.summary or earlier.summary,
        questions=later.questions,
        read=later.read,
        search=later.search,
        edits=tuple(dict.fromkeys((*earlier.edits, *later.edits))),
        criteria=later.criteria or earlier.criteria,
        build_instructions=later.build_instructions or earlier.build_instructions,
        documentation=later.documentation or earlier.documentation,
        changed_tests=later.changed_tests or earlier.changed_tests,
        nothing_to_do=later.nothing_to_do,
        problems=later.problems,
        incomplete=later.incomplete,
    )


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
