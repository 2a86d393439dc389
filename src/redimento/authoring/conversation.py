"""One conversation with the model: it may be misread, be cut off, or ask to read, each a bounded number of times."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from redimento.authoring import prompt
from redimento.authoring.answer import Answer
from redimento.authoring.answer_format import parse_answer
from redimento.authoring.prompt import Briefing
from redimento.models.port import Message, Model, ModelError, ModelReply, ModelRequest
from redimento.settings import ModelSettings, Thinking

# What the model asked to read, and for which patterns it asked to search → one text for each wish.
ReadRepository = Callable[[Sequence[str], Sequence[str]], Sequence[str]]

UNREADABLE_AT_MOST = 2  # times that it is asked to answer again
_NOTHING_IN_IT = ("There was no edit and no question in it.",)
READING_AT_MOST = 3  # rounds of reading
REST_AT_MOST = 2  # times that a cut-off answer is continued


@dataclass(frozen=True)
class ModelSession:
    """Whom to ask and within what: the same for all conversations of an attempt."""

    model: Model
    settings: ModelSettings
    briefing: Briefing
    read_repository: ReadRepository
    thinking: Thinking


def converse(session: ModelSession, request: str, *, purpose: str) -> Answer:
    """Return an answer that holds questions, edits, or claims about criteria.

    A failed turn is not kept in the conversation: after one, the odds of the next are better without it
    (SWE-agent's ablation, arXiv 2405.15793). Raises ModelError (kind "unreadable" when no answer could be used),
    LimitError.
    """
    first = Message("user", f"{session.briefing.task}\n{request}")
    turns: tuple[Message, ...] = (first,)
    kept = Answer()
    unreadable = reading = resting = 0
    while True:
        reply = _call(session, turns, purpose)
        answer = merged(kept, parse_answer(reply.text, truncated=reply.truncated))
        if answer.incomplete and resting < REST_AT_MOST:
            resting += 1
            kept = answer
            paths = sorted({edit.path for edit in answer.edits})
            turns = (*turns, Message("model", reply.text), Message("user", prompt.rest(paths)))
        elif answer.edits or answer.questions:
            return answer
        elif (answer.read or answer.search) and reading < READING_AT_MOST:
            reading += 1
            found = session.read_repository(answer.read, answer.search)
            kept = replace(answer, read=(), search=())
            material = prompt.material(found, last=reading == READING_AT_MOST)
            turns = (*turns, Message("model", reply.text), Message("user", material))
        elif answer.criteria and not answer.problems:
            return answer  # nothing to change, or only words were asked for
        elif unreadable < UNREADABLE_AT_MOST:
            unreadable += 1
            problems = answer.problems or _NOTHING_IN_IT
            turns = (replace(first, text=first.text + prompt.unreadable(problems)),)
        else:
            raise ModelError(
                f"The model's answer could not be used {unreadable + 1} times: "
                f"{' '.join(answer.problems or _NOTHING_IN_IT)}",
                "Look at conversation.jsonl in the run folder; a stronger model or a smaller work item helps.",
                kind="unreadable",
            )


def merged(earlier: Answer, later: Answer) -> Answer:
    """Return both parts of an answer as one: the later part's words count where it has some.

    A path that the later part edits again after its block was cut off keeps the edits of both, in order.
    """
    return Answer(
        summary=later.summary or earlier.summary,
        questions=later.questions,
        read=later.read,
        search=later.search,
        edits=(*earlier.edits, *(edit for edit in later.edits if edit not in earlier.edits)),
        criteria=later.criteria or earlier.criteria,
        build_instructions=later.build_instructions or earlier.build_instructions,
        documentation=later.documentation or earlier.documentation,
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
