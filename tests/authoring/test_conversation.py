"""Conversations with the model: unreadable, cut off, reading first, each a limited number of times."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from redimento.authoring.conversation import MAX_READS, MAX_RETRIES, ModelSession, converse
from redimento.authoring.prompt import Briefing
from redimento.change.edit import Replace, WriteWhole
from redimento.models.port import ModelError, ModelReply, ModelRequest, Usage
from redimento.settings import ModelSettings

EDIT = '```json\n{"summary": "done"}\n```\n```python\na.py\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n```\n'
READ = '```json\n{"read": ["b.py:1-20"], "search": ["def .*"]}\n```'


@dataclass
class Scripted:
    """Answers from a list and records the requests; a tuple is an answer that was cut off."""

    answers: list[str | tuple[str]]
    asked: list[ModelRequest] = field(default_factory=list)
    name: str = "scripted"

    def answer(self, request: ModelRequest) -> ModelReply:
        self.asked.append(request)
        answer = self.answers.pop(0)
        cut = isinstance(answer, tuple)
        text = answer[0] if isinstance(answer, tuple) else answer
        return ModelReply(text, self.name, Usage(), "MAX_TOKENS" if cut else "STOP", truncated=cut)


def read_repository(paths: Sequence[str], patterns: Sequence[str]) -> list[str]:
    return [f"content of {path}" for path in paths] + [f"hits of {pattern}" for pattern in patterns]


def session(model: Scripted) -> ModelSession:
    return ModelSession(
        model, ModelSettings(max_output_tokens=999), Briefing("the role", "the task"), read_repository, "medium", 60_000
    )


def test_edits_end_the_conversation() -> None:
    model = Scripted([EDIT])
    answer = converse(session(model), "do it", purpose="author")

    assert answer.edits == (Replace("a.py", "old\n", "new\n"),)
    (request,) = model.asked
    assert (request.system, request.messages[0].text) == ("the role", "the task\ndo it")
    assert (request.max_output_tokens, request.thinking, request.purpose) == (999, "medium", "author")


def test_questions_end_the_conversation() -> None:
    answer = converse(session(Scripted(['```json\n{"questions": ["Which?"]}\n```'])), "do it", purpose="author")
    assert answer.questions == ("Which?",)


def test_what_the_model_asks_to_read_is_in_the_next_turn() -> None:
    model = Scripted([READ, EDIT])
    converse(session(model), "do it", purpose="author")

    first, wish, material = model.asked[1].messages
    assert (first.role, wish.role, material.role) == ("user", "model", "user")
    assert "content of b.py:1-20" in material.text
    assert "hits of def .*" in material.text


def test_reading_is_limited() -> None:
    model = Scripted([READ] * (MAX_READS + 1 + MAX_RETRIES))
    with pytest.raises(ModelError) as failure:
        converse(session(model), "do it", purpose="author")

    assert failure.value.kind == "unreadable"
    assert "You cannot ask to read again" in model.asked[MAX_READS].messages[-1].text


def test_an_unreadable_answer_is_requested_again_and_leaves_the_conversation() -> None:
    model = Scripted(["I would rather not say.", EDIT])
    converse(session(model), "do it", purpose="author")

    (message,) = model.asked[1].messages
    assert "could not be used" in message.text
    assert "rather not" not in message.text


def test_retries_are_limited() -> None:
    with pytest.raises(ModelError) as failure:
        converse(session(Scripted(["…"] * (MAX_RETRIES + 1))), "do it", purpose="author")
    assert (failure.value.kind, failure.value.exit_code) == ("unreadable", 4)


def test_a_cut_off_answer_is_continued_and_both_parts_count() -> None:
    begun = EDIT + "```python\nb.py\n<<<<<<< WHOLE\nhalf"
    rest = "```python\nb.py\n<<<<<<< WHOLE\nwhole\n>>>>>>> WHOLE\n```\n"
    model = Scripted([(begun,), rest])
    answer = converse(session(model), "do it", purpose="author")

    assert answer.edits == (Replace("a.py", "old\n", "new\n"), WriteWhole("b.py", "whole\n"))
    assert answer.summary == "done"
    assert "a.py" in model.asked[1].messages[-1].text


DONE = '```json\n{"summary": "nothing to do", "criteria": [{"id": 1, "status": "done"}]}\n```'
NOTHING = '```json\n{"nothing_to_do": "total() rounds already"}\n```'


def test_claims_alone_answer_a_request_for_claims() -> None:
    answer = converse(session(Scripted([DONE])), "x", purpose="criteria")
    assert answer.edits == ()
    assert answer.criteria[0].id == 1


def test_claims_without_edits_are_asked_again_and_then_refused() -> None:
    model = Scripted([DONE] * 3)
    with pytest.raises(ModelError, match="no edit block could be read") as caught:
        converse(session(model), "x", purpose="author")
    assert caught.value.kind == "unreadable"


def test_nothing_to_do_is_an_answer_when_it_is_said_with_a_reason() -> None:
    answer = converse(session(Scripted([DONE, NOTHING])), "x", purpose="author")
    assert (answer.edits, answer.nothing_to_do) == ((), "total() rounds already")
