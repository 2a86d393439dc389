"""Conversations with the model: unreadable, cut off, asking first; each goes on for as long as it gets somewhere."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.authoring.conversation import ModelSession, converse
from redimento.authoring.notebook import Notebook
from redimento.authoring.prompt import Briefing
from redimento.authoring.state import State
from redimento.change.edit import Change, FileChange, Replace, WriteWhole
from redimento.context.selection import Excerpt
from redimento.context.tokens import estimate
from redimento.exploration.wish import Changed, Explore, Finding, Wish
from redimento.models.port import ModelError, ModelReply, ModelRequest, Usage
from redimento.settings import ModelSettings
from tests.authoring.requests import bare
from tests.run.scripted import explore, head

EDIT = '```json\n{"summary": "done"}\n```\n```python\na.py\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n```\n'
READ = '```json\n{"read": ["b.py:1-20"], "search": ["def .*"]}\n```'
BUDGET = 60_000
BLANK = State(Notebook(BUDGET))
LAST = "You have read enough: answer now. This was the last time that you could ask to read."


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

    def prompt(self, number: int) -> str:
        return bare(self.asked[number].messages[0].text)


def session(model: Scripted, look: Explore = explore) -> ModelSession:
    brief = Briefing("the role", "the repository\n", "# Work item 7\nthe task\n\n")
    return ModelSession(model, ModelSettings(max_output_tokens=999), brief, look, "medium", BUDGET, BUDGET)


def nothing(wishes: Sequence[Wish], changed: Changed) -> list[Finding]:
    return [Finding(wish, text="There is nothing.") for wish in wishes]


def reads(*targets: str) -> str:
    return head(read=list(targets))


def test_edits_end_the_conversation() -> None:
    model = Scripted([EDIT])
    answer, notebook = converse(session(model), BLANK, purpose="author")

    assert answer.edits == (Replace("a.py", "old\n", "new\n"),)
    assert notebook == BLANK.notebook
    (request,) = model.asked
    assert request.system == "the role"
    assert request.messages[0].text.startswith("the repository\n# Work item 7\nthe task\n\n# Now\n")
    assert (request.max_output_tokens, request.thinking, request.purpose) == (999, "medium", "author")


def test_questions_end_the_conversation() -> None:
    answer, _ = converse(session(Scripted(['```json\n{"questions": ["Which?"]}\n```'])), BLANK, purpose="author")
    assert answer.questions == ("Which?",)


def test_what_the_model_asks_to_see_stands_before_the_item_in_every_later_request() -> None:
    wishes = head(read=["src/a.py:1-9", "Cart.total"], search=[{"pattern": "x  y", "in": "src/**", "around": 2}])
    model = Scripted([wishes, READ, EDIT])
    converse(session(model), BLANK, purpose="author")

    for number in (1, 2):
        assert len(model.asked[number].messages) == 1
        seen = model.prompt(number).partition("# What you asked to see\n")[2].partition("# Work item 7")[0]
        assert '## {"read": "src/a.py:1-9"}\n' in seen
        assert '## {"read": "Cart.total"}\n' in seen
        assert '## {"search": {"pattern": "x y", "in": "src/**", "around": 2}}\n' in seen
        assert "## src/a.py:1-9\n```\ncontent of src/a.py:1-9\n```" in seen
        assert "```\nhits of x  y\n```" in seen
    assert "content of b.py:1-20" in model.prompt(2)


@given(st.lists(st.sampled_from(["a", "b", "c", "d", "?", "?!", "#"]), max_size=8))
def test_each_request_begins_with_all_that_the_one_before_had_seen(script: list[str]) -> None:
    """The service's implicit cache pays for it: system, repository, and the notebook as it was."""
    shapes = {"?": "prose", "?!": '```json\n{"summary"', "#": reads("same")}
    model = Scripted([*(shapes.get(each) or reads(each) for each in script), *[EDIT] * 3])
    with suppress(ModelError):
        converse(session(model), BLANK, purpose="author")
    texts = [request.messages[0].text for request in model.asked]
    for before, after in pairwise(texts):
        assert after.startswith(before.partition("# Work item 7")[0])


def test_a_look_up_survives_an_unreadable_answer() -> None:
    model = Scripted([READ, "I would rather not say.", "Nor now.", EDIT])
    converse(session(model), BLANK, purpose="author")

    for number in (1, 2, 3):
        assert "content of b.py:1-20" in model.prompt(number)
        assert "rather not" not in model.prompt(number)
    assert "# Your last answer could not be used\n- " in model.prompt(2)
    assert "# Your last answer could not be used\n- " in model.prompt(3)


def test_unreadable_answers_are_counted_in_a_row() -> None:
    model = Scripted(["…", "…", reads("a"), "…", "…", reads("b"), "…", EDIT])
    answer, _ = converse(session(model), BLANK, purpose="author")
    assert answer.edits

    with pytest.raises(ModelError, match="could not be used 3 times") as failure:
        converse(session(Scripted(["…", "…", "…", EDIT])), BLANK, purpose="author")
    assert (failure.value.kind, failure.value.exit_code) == ("unreadable", 4)


def test_a_model_that_repeats_itself_is_told_once_then_asked_to_answer_then_ends() -> None:
    model = Scripted([READ] * 9)
    with pytest.raises(ModelError, match="did nothing but ask") as failure:
        converse(session(model), BLANK, purpose="author")

    assert failure.value.kind == "unreadable"
    assert len(model.asked) == 4
    assert 'This stands above already, under "What you asked to see": {"read": "b.py:1-20"}' in model.prompt(2)
    assert LAST not in model.prompt(2)
    assert "Answer with the change, or ask for what you still need to see." in model.prompt(2)
    assert LAST in model.prompt(3)
    assert "Answer with the change.\n" in model.prompt(3)
    assert model.prompt(3).count("content of b.py") == 1


def test_reading_goes_on_while_each_answer_brings_something_new() -> None:
    model = Scripted([*(reads(f"{number}.py") for number in range(30)), EDIT])
    _, notebook = converse(session(model), BLANK, purpose="author")
    assert len(notebook.entries) == 30


def test_the_same_answer_to_another_wish_brings_nothing_new() -> None:
    model = Scripted([reads(f"{number}.py") for number in range(9)])
    with pytest.raises(ModelError):
        converse(session(model, nothing), BLANK, purpose="author")
    assert len(model.asked) == 4


def test_what_two_wishes_bring_is_shown_once() -> None:
    def same(wishes: Sequence[Wish], changed: Changed) -> list[Finding]:
        return [Finding(one, (Excerpt("a.py", "x = 1", 0, 0.0, None),)) for one in wishes]

    model = Scripted([reads("a.py", "./a.py", "A.py"), EDIT])
    _, notebook = converse(session(model, same), BLANK, purpose="author")
    assert [entry.finding.wish.target for entry in notebook.entries] == ["a.py"]
    assert model.prompt(1).count("x = 1") == 1
    assert 'above already, under "What you asked to see": {"read": "./a.py"}, {"read": "A.py"}.' in model.prompt(1)


def test_a_model_that_asks_for_little_each_time_ends_as_well() -> None:
    model = Scripted([reads(f"{number}.py") for number in range(99)])
    with pytest.raises(ModelError, match="did nothing but ask"):
        converse(session(model), BLANK, purpose="author")
    assert len(model.asked) < 50
    assert LAST in model.prompt(-1)


@pytest.mark.parametrize("size", [1, 60])
def test_a_model_that_asks_for_the_whole_repository_ends_within_the_budget(size: int) -> None:
    def large(wishes: Sequence[Wish], changed: Changed) -> list[Finding]:
        return [
            Finding(one, (Excerpt(one.target, f"x = {one.target}\n" * 20_000, 0, 0.0, None),), "hit\n" * 9_000)
            for one in wishes
        ]

    model = Scripted([reads(*(f"{size * n + m}.py" for m in range(size))) for n in range(60)])
    with pytest.raises(ModelError, match="did nothing but ask"):
        converse(session(model, large), BLANK, purpose="author")
    assert len(model.asked) < 20
    assert max(estimate(request.messages[0].text) for request in model.asked) <= 1.1 * BUDGET
    assert LAST in model.prompt(-1)
    assert "There is no room to show this: " in model.prompt(-1)


def test_what_is_left_is_said() -> None:
    model = Scripted([READ, EDIT])
    converse(session(model), BLANK, purpose="author")
    assert "about 60000\ntokens are left" in model.prompt(0)
    assert "about 58500\ntokens are left" in model.prompt(1)


def test_a_changed_file_is_read_as_it_is_now_and_may_be_asked_for_again() -> None:
    before = converse(session(Scripted([reads("a.py", "b.py"), EDIT])), BLANK, purpose="author")[1]
    change = Change((FileChange("a.py", b"old", b"changed a"),))
    model = Scripted([reads("a.py", "b.py"), EDIT])
    _, notebook = converse(session(model), State(before, change), purpose="repair")

    assert "## a.py\n```\ncontent of a.py\n```" in model.prompt(1)
    assert "## a.py\n```\nchanged a\n```" in model.prompt(1).partition("# Work item")[0]
    assert 'above already, under "What you asked to see": {"read": "b.py"}' in model.prompt(1)
    assert len(notebook.entries) == 3


def test_a_file_that_was_seen_with_a_discarded_change_is_named() -> None:
    change = Change((FileChange("a.py", b"old", b"changed a"),))
    _, notebook = converse(session(Scripted([reads("a.py"), EDIT])), State(BLANK.notebook, change), purpose="repair")
    model = Scripted([EDIT])
    converse(session(model), State(notebook), purpose="fresh start")
    assert "they are as in the repository again: a.py." in model.prompt(0)


def test_a_later_conversation_makes_room_but_keeps_what_the_change_and_the_failures_name() -> None:
    def paged(wishes: Sequence[Wish], changed: Changed) -> list[Finding]:
        return [Finding(one, (Excerpt(one.target, f"{one.target} = 1\n" * 450, 0, 0.0, None),)) for one in wishes]

    names = [f"file_{number}.py" for number in range(14)]
    _, notebook = converse(session(Scripted([*map(reads, names), EDIT]), paged), BLANK, purpose="author")
    assert 3 * notebook.left < notebook.budget

    change = Change((FileChange("file_1.py", b"old", b"new"),))
    model = Scripted([EDIT])
    _, later = converse(session(model, paged), State(notebook, change), purpose="repair")
    shown = [entry.finding.wish.target for entry in later.entries]
    assert 3 * later.left >= later.budget
    assert shown == ["file_1.py", *names[-len(shown) + 1 :]]


def test_a_cut_off_answer_is_continued_and_both_parts_count() -> None:
    begun = EDIT + "```python\nb.py\n<<<<<<< WHOLE\nhalf"
    rest = "```python\nb.py\n<<<<<<< WHOLE\nwhole\n>>>>>>> WHOLE\n```\n"
    model = Scripted([READ, (begun,), rest])
    answer, _ = converse(session(model), BLANK, purpose="author")

    assert answer.edits == (Replace("a.py", "old\n", "new\n"), WriteWhole("b.py", "whole\n"))
    assert answer.summary == "done"
    first, half, more = model.asked[2].messages
    assert (first.text, half.text) == (model.asked[1].messages[0].text, begun)
    assert more.text.startswith("Your answer was cut off.")
    assert "a.py" in more.text


DONE = '```json\n{"summary": "nothing to do", "criteria": [{"id": 1, "status": "done"}]}\n```'
NOTHING = '```json\n{"nothing_to_do": "total() rounds already"}\n```'


def test_claims_alone_answer_a_request_for_claims() -> None:
    answer, _ = converse(session(Scripted([DONE])), BLANK, purpose="criteria")
    assert answer.edits == ()
    assert answer.criteria[0].id == 1


def test_claims_without_edits_are_asked_again_and_then_refused() -> None:
    model = Scripted([DONE] * 3)
    with pytest.raises(ModelError, match="no edit block could be read") as caught:
        converse(session(model), BLANK, purpose="author")
    assert caught.value.kind == "unreadable"


def test_a_head_without_anything_is_told_so() -> None:
    model = Scripted(['```json\n{"summary": "hm"}\n```', EDIT])
    converse(session(model), BLANK, purpose="author")
    assert "- There was no edit and no question in it." in model.prompt(1)


def test_nothing_to_do_is_an_answer_when_it_is_said_with_a_reason() -> None:
    answer, _ = converse(session(Scripted([DONE, NOTHING])), BLANK, purpose="author")
    assert (answer.edits, answer.nothing_to_do) == ((), "total() rounds already")


def test_without_a_notebook_the_model_is_told_to_answer() -> None:
    model = Scripted([READ, EDIT])
    converse(session(model), replace(BLANK, notebook=Notebook(0)), purpose="author")
    assert LAST in model.prompt(0)
    assert "content of b.py" not in model.prompt(1)
