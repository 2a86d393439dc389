from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.work_items import criteria as reading


def split_criteria(text: str) -> tuple[str, ...]:
    return reading.split_criteria(text).criteria


def criteria_in_description(description: str) -> tuple[str, tuple[str, ...]]:
    return reading.asked_for(description, "")


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        ("- a\n- b", ("a", "b")),
        ("1. x\n2) y", ("x", "y")),
        ("AC1: foo\nAC2: bar", ("foo", "bar")),
        ("- [ ] one\n- [x] two", ("one", "two")),
        ("☐ a\n☐ b", ("a", "b")),
        ("## Acceptance criteria\n- a\n  - a1\n  - a2\n- b", ("a\n  - a1\n  - a2", "b")),
        ("- a\n\n  more a\n- b\n  ```\n  code\n  ```\n\nlast", ("a\n\nmore a", "b\n```\ncode\n```", "last")),
        ("**Acceptance Criteria:**\n\nX works", ("X works",)),
        ("Acceptance criteria\n- x", ("x",)),
        ("The following hold:\n- a\n- b", ("a", "b")),
        ("", ()),
        ("  \n\n", ()),
    ],
)
def test_lists_give_one_criterion_for_each_item(text: str, criteria: tuple[str, ...]) -> None:
    assert split_criteria(text) == criteria


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        ("Given a\nWhen b\nThen c\n\nGiven d\nThen e", ("Given a\nWhen b\nThen c", "Given d\nThen e")),
        ("Given a\n\nWhen b\n\nThen c\n\nGiven d\n\nThen e", ("Given a\nWhen b\nThen c", "Given d\nThen e")),
        ("Given a\nThen b\nGiven c\nThen d", ("Given a\nThen b", "Given c\nThen d")),
        ("- Given a\n- When b\n- Then c\n- d", ("Given a\nWhen b\nThen c", "d")),
        ("**Given** a\n**When** b\n**Then** c", ("**Given** a\n**When** b\n**Then** c",)),
        ("Feature: F\n\nScenario: A\n  Given x\n\n  Then y\nScenario: B\n  Given z", ("Scenario: A\n  Given x\n  Then y", "Scenario: B\n  Given z")),
        ("```gherkin\nScenario: A\n  Given x\n```", ("Scenario: A\n  Given x",)),
        ("### Scenario: A\nGiven x\nThen y", ("Scenario: A\nGiven x\nThen y",)),
        (
            "Scenario Outline: B\n  Given <a>\n  Examples:\n    | a |\n    | 1 |",
            ("Scenario Outline: B\n  Given <a>\n  Examples:\n    | a |\n    | 1 |",),
        ),
    ],
)  # fmt: skip
def test_steps_stay_together(text: str, criteria: tuple[str, ...]) -> None:
    assert split_criteria(text) == criteria


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        ("- Given a\n- Given b\n- When c", ("Given a", "Given b\nWhen c")),
        ("- When a\n- Then b", ("When a", "Then b")),
        ("- Given a", ("Given a",)),
        ("- Given a\n- d\n- Then b", ("Given a", "d", "Then b")),
        ("- Given a\n  - sub\n- When b", ("Given a\n  - sub", "When b")),
        ("- Given a\n- When b\n  - sub\n- Then c", ("Given a", "When b\n  - sub", "Then c")),
        ("- Given a\n- Given b\n  - sub\n- Then c", ("Given a", "Given b\n  - sub", "Then c")),
        ("- GIVEN a\n- and b\n- BUT c", ("GIVEN a\nand b\nBUT c",)),
        ("- d\n- Given a\n- Then b", ("d", "Given a\nThen b")),
    ],
)
def test_only_list_items_of_one_line_join_the_given_before_them(text: str, criteria: tuple[str, ...]) -> None:
    assert split_criteria(text) == criteria


@pytest.mark.parametrize(
    ("text", "criteria"),
    [
        ("para\n# Title\nmore", ("para", "more")),
        ("para\n# Title #\n## Scenario: A ##\nGiven x\n# Next\nmore", ("para", "Scenario: A\nGiven x", "more")),
        ("####### x", ("####### x",)),
        ("a\n#\nb", ("a", "b")),
        ("a\n#b\nc", ("a\n#b\nc",)),
        ("Title\n===\nb", ("b",)),
    ],
)
def test_headings_end_a_criterion_and_are_dropped(text: str, criteria: tuple[str, ...]) -> None:
    assert split_criteria(text) == criteria


def test_paragraphs_and_lines() -> None:
    assert split_criteria("One here.\n\nAnother one that\nwraps on.") == ("One here.", "Another one that\nwraps on.")
    assert split_criteria("The cart shows x\nThe tax is y") == ("The cart shows x", "The tax is y")


def test_tables_give_one_criterion_for_each_row() -> None:
    assert split_criteria("| # | Criterion |\n|---|---|\n| 1 | does a |\n| 2 | b \\| c |") == ("does a", "b | c")
    assert split_criteria("| Input | Output |\n|---|---|\n| 1 | 2 |") == ("Input: 1; Output: 2",)


@pytest.mark.parametrize(
    ("description", "rest", "criteria"),
    [
        ("Text\n\n## Acceptance criteria\n\n- a\n\n### sub\n- b\n\n## Notes\nn", "Text\n\n## Notes\nn", ("a", "b")),
        ("Text\nAcceptance Criteria:\n- a\n\n**Notes**\nn", "Text\n**Notes**\nn", ("a",)),
        ("Text\n\nAcceptance criteria\n\n- a", "Text", ("a",)),
        ("Text only", "Text only", ()),
        ("```\n# Acceptance criteria\n- a\n```", "```\n# Acceptance criteria\n- a\n```", ()),
        ("## Acceptance criteria\n\n## Notes", "## Acceptance criteria\n\n## Notes", ()),
    ],
)
def test_criteria_are_found_in_the_description(description: str, rest: str, criteria: tuple[str, ...]) -> None:
    assert criteria_in_description(description) == (rest, criteria)


_LINES = st.sampled_from(
    ["- a", "  - b", "1. c", "", "# h", "---", "===", "| a | b |", "|---|---|", "Given x", "Then y", "Scenario: s", "```", "```gherkin", "~~~", "A sentence.", ":"]
)  # fmt: skip


@given(st.lists(_LINES | st.text(max_size=8), max_size=25).map("\n".join))
def test_any_text_gives_criteria_that_are_not_empty(text: str) -> None:
    assert all(criterion.strip() for criterion in split_criteria(text))
    rest, criteria = criteria_in_description(text)
    assert criteria or rest == text


_SENTENCES = st.lists(st.text("abcdefghijklm", min_size=3, max_size=12), min_size=1, max_size=6).map(" ".join)


@given(st.lists(_SENTENCES, min_size=1, max_size=12))
def test_plain_bullets_come_back_one_by_one(criteria: list[str]) -> None:
    assert split_criteria("\n".join(f"- {each}" for each in criteria)) == tuple(criteria)


def test_long_texts_are_read_to_the_end() -> None:
    assert len(split_criteria("- a\n" * 20_000)) == 20_000
    assert split_criteria("```gherkin\n" * 10_000 + "- a") == ("a",)
