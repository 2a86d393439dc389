from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.work_items.item import Comment
from redimento.work_items.replies import Answered, answered
from tests.scaling import assert_linear_in

QUESTIONS = ("Which rounding?", "What of None?")


def replied(text: str, count: int = 2) -> tuple[Answered, ...]:
    return answered(QUESTIONS[:count], [Comment(9, "Ann", "2026-01-01", text)])


@pytest.mark.parametrize(
    "text",
    ["1: up\n2: raise", "1. up\n2. raise", "1) up\n\n2) raise", "- **1.** up\n- **2:** raise", "#1: up\nQ2: raise",
     "> 1: up\n2 : x\n2: raise".replace("2 : x\n", ""), "1\\. up\n2\\. raise", "1:\nup\n2:\nraise"],
)  # fmt: skip
def test_a_number_at_the_start_of_a_line_names_the_question(text: str) -> None:
    assert replied(text) == (Answered(QUESTIONS[0], ("Ann: up",)), Answered(QUESTIONS[1], ("Ann: raise",)))


def test_a_reply_goes_on_until_the_next_number() -> None:
    first, second = replied("1: up,\nas in 2.5 seconds\n3. is no question\n2: raise")
    assert first.replies == ("Ann: up,\nas in 2.5 seconds\n3. is no question",)
    assert second.replies == ("Ann: raise",)


def test_a_reply_without_a_number_is_for_all_questions_or_the_only_one() -> None:
    assert replied("As you like.")[2:] == (Answered("", ("Ann: As you like.",)),)
    assert replied("As you like.", 1) == (Answered(QUESTIONS[0], ("Ann: As you like.",)),)
    assert replied("Hello.\n2: raise")[1:] == (Answered(QUESTIONS[1], ("Ann: raise",)), Answered("", ("Ann: Hello.",)))


@given(st.text(alphabet="12.:)- \n*#Qax", max_size=60))
def test_no_words_of_a_reply_are_lost(text: str) -> None:
    kept = "".join(reply for pair in replied(text) for reply in pair.replies)
    assert all(kept.count(letter) >= text.count(letter) for letter in "ax")


@pytest.mark.parametrize("piece", ["1: x\n", " ", "*", "- ", "1", "1:", "> "])
def test_a_long_reply_takes_time_in_proportion(piece: str) -> None:
    assert_linear_in(replied, lambda size: piece * size, 10_000)
