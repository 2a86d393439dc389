"""The second part of an answer that was cut off goes on in the middle, repeats the last lines, or begins anew."""

from __future__ import annotations

import pytest

from redimento.authoring.answer import Answer
from redimento.authoring.conversation import converse
from redimento.change.edit import Edit, Replace, WriteWhole
from redimento.models.port import ModelError
from tests.authoring.test_conversation import BLANK, Scripted, session

HEAD = '```json\n{"summary": "done"}\n```\n'
CONTENT = "import os\n\n\ndef total(prices):\n    result = sum(prices)\n    return round(result, 2)\n"
BLOCK = f"```python\nb.py\n<<<<<<< WHOLE\n{CONTENT}>>>>>>> WHOLE\n```\n"
PAIR = "```python\na.py\n<<<<<<< SEARCH\nold()\n=======\nnew()\n>>>>>>> REPLACE\n```\n"
WHOLE = HEAD + PAIR + BLOCK
EDITS = (Replace("a.py", "old()\n", "new()\n"), WriteWhole("b.py", CONTENT))


def answer(*parts: str) -> Answer:
    answers: list[str | tuple[str]] = [*((part,) for part in parts[:-1]), parts[-1]]
    return converse(session(Scripted(answers)), BLANK, purpose="author")[0]


def edits(*parts: str) -> tuple[Edit, ...]:
    found = answer(*parts)
    assert found.problems == ()
    return found.edits


# White space at the start of a continuation is taken for a new line.
@pytest.mark.parametrize("at", [at for at in range(8, len(WHOLE) - 5, 3) if not WHOLE[at:].startswith("  ")])
def test_an_answer_that_goes_on_where_it_was_cut(at: int) -> None:
    assert edits(WHOLE[:at], WHOLE[at:]) == EDITS


def test_an_answer_that_was_cut_twice() -> None:
    first, second = WHOLE.index("sult = sum"), WHOLE.index("ound(")
    assert edits(WHOLE[:first], WHOLE[first:second], WHOLE[second:]) == EDITS


@pytest.mark.parametrize(
    "again",
    ["    result = ", "def total(prices):\n    result = ", "\n\ndef total(prices):\n    result = "],
)
def test_an_answer_that_repeats_its_last_lines(again: str) -> None:
    at = WHOLE.index("sum(prices)")
    assert edits(WHOLE[:at], again + WHOLE[at:]) == EDITS
    assert edits(WHOLE[:at], f"```python\n{again}{WHOLE[at:]}") == EDITS


def test_an_answer_that_repeats_whole_lines() -> None:
    at = WHOLE.index("    return round")
    assert edits(WHOLE[:at], "def total(prices):\n    result = sum(prices)\n" + WHOLE[at:]) == EDITS


@pytest.mark.parametrize("opening", ["", "Here is the rest:\n\n", HEAD])
def test_a_block_that_begins_anew(opening: str) -> None:
    assert edits(WHOLE[: WHOLE.index("sum(prices)")], opening + BLOCK) == EDITS


@pytest.mark.parametrize("opening", ["Here is the rest:\n", "Continuing:\n\n", "Sure, I go on.\n"])
def test_prose_before_a_continuation_never_gets_into_a_file(opening: str) -> None:
    at = WHOLE.index("sum(prices)")
    found = answer(WHOLE[:at], opening + WHOLE[at:])
    assert found.edits == EDITS[:1]
    assert "write that whole block again" in found.problems[0]


def test_a_continuation_that_may_be_the_next_line_is_not_glued_to_the_last() -> None:
    at = WHOLE.index("\n    return round")
    found = answer(WHOLE[:at], WHOLE[at + 1 :])
    assert found.edits == EDITS[:1]
    assert "write that whole block again" in found.problems[0]


def test_a_reason_beside_a_diff_is_not_nothing_to_do() -> None:
    text = '```json\n{"nothing_to_do": "see the patch"}\n```\n--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n'
    model = Scripted([text] * 3)
    with pytest.raises(ModelError, match="A diff cannot be applied"):
        converse(session(model), BLANK, purpose="author")
