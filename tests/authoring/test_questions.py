"""Questions are read by more people than the repository: few, short, and without its code."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from redimento.authoring.questions import askable, quoted
from redimento.context.selection import Excerpt
from redimento.exploration.wish import Finding, Wish
from tests.scaling import assert_linear

PRICES = "def total(prices):\n    rebate = secret_rebate(prices, 0.3141)\n    return sum(prices) - rebate\n"
SEEN = [Excerpt("shop/prices.py", PRICES, 30, 1.0, None)]


def asked(*questions: str, written: str = "Totals are wrong.") -> tuple[str, ...]:
    return askable(questions, written, SEEN)


def test_at_most_five_questions_are_asked() -> None:
    assert asked(*(f"Question {number}?" for number in range(1_000))) == tuple(f"Question {n}?" for n in range(5))


def test_long_question_is_cut() -> None:
    (only,) = asked("why " * 100_000)
    assert len(only) <= 300
    assert only.endswith("…")


def test_ordinary_question_stays_as_it_is() -> None:
    question = "Should `Cart.total()` in `shop/cart.py:12` round half up, as #7 says?"
    assert asked(question) == (question,)


def test_line_of_a_file_is_left_out() -> None:
    assert asked("Is rebate = secret_rebate(prices,   0.3141)\nright?") == ("Is [code left out] right?",)


def test_unseen_characters_hide_no_line() -> None:
    assert asked("Is rebate = secret_\u200brebate(prices, 0.3141) right?") == ("Is [code left out] right?",)


def test_code_in_marks_is_left_out() -> None:
    assert asked("Is `rebate * 2 + x` right?", "Is this?\n```python\na = b\n```\n") == (
        "Is [code left out] right?",
        "Is this? [code left out]",
    )


def test_code_of_a_file_that_the_item_names_may_be_quoted() -> None:
    question = "Is `rebate = secret_rebate(prices, 0.3141)` right?"
    assert asked(question, written="See prices.py.") == (question,)
    assert asked(question, written="See shop/prices.py, line 2") == (question,)
    assert asked(question, written="See myprices.py") == ("Is [code left out] right?",)


def test_code_that_the_item_quotes_may_be_quoted() -> None:
    question = "Is `a = b + c` right?"
    assert asked(question, written="It says\n\n    a = b   + c") == (question,)


@given(st.lists(st.text(alphabet="ab `\n=()0.3141", max_size=400), max_size=8))
def test_any_questions_stay_few_and_short(questions: list[str]) -> None:
    found = asked(*questions)
    assert len(found) <= 5
    assert all(len(one) <= 300 and "\n" not in one for one in found)


def test_many_lines_and_long_questions_take_linear_time() -> None:
    def ask(size: int) -> None:
        seen = [Excerpt("a.py", "".join(f"line {number} of a long file\n" for number in range(size)), 1, 1.0, None)]
        askable(["`" * size + "a " * size + "(" * size] * 5, "words " * size, seen)

    assert_linear(ask, 4_000, 8_000)


def test_code_that_was_only_found_is_left_out_as_well() -> None:
    hits = Finding(
        Wish("search", "rebate"), text="shop/prices.py:2: rebate = secret_rebate(prices, 0.3141)\nAlso in: a.py (2)."
    )
    past = Finding(
        Wish("history", "prices.py"),
        text="Commits that changed `shop/prices.py`, newest first:\n2026-01-02 Fix it\n@@ -1 +1 @@\n-rebate = old_rebate(prices)",
    )
    seen = [*quoted(hits), *quoted(past)]
    questions = [
        "Is rebate = secret_rebate(prices, 0.3141) right?",
        "Or rebate = old_rebate(prices)?",
        "Fix it in a.py?",
    ]
    assert askable(questions, "Totals are wrong.", seen) == (
        "Is [code left out] right?", "Or [code left out]?", "Fix it in a.py?",
    )  # fmt: skip
    assert askable(questions[:2], "See shop/prices.py.", seen) == tuple(questions[:2])
