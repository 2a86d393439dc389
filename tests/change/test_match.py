"""The ladder: each rung forgives one slip, in exactly one place."""

from __future__ import annotations

import pytest

from redimento.change.apply import Applied, apply
from redimento.change.beneath import Found
from redimento.change.edit import Edit, Replace


def applied(text: str, *edits: Edit) -> Applied:
    return apply(edits, lambda path: Found(text.encode(), 0o100644) if path == "a.py" else None)


def result(text: str, search: str, replace: str) -> str:
    outcome = applied(text, Replace("a.py", search, replace))
    assert outcome.refusals == ()
    found = outcome.files["a.py"]
    assert found is not None
    return found.content.decode()


def refusal(text: str, search: str, replace: str = "new\n") -> str:
    outcome = applied(text, Replace("a.py", search, replace))
    found = outcome.files["a.py"]
    assert found is not None
    assert found.content.decode() == text
    (refused,) = outcome.refusals
    return refused.reason + "\n" + refused.nearest


def test_whole_lines_are_found_although_the_same_text_stands_inside_other_lines() -> None:
    assert result("max = 1\nx = 1\n", "x = 1\n", "x = 2\n") == "max = 1\nx = 2\n"


def test_a_piece_of_text_is_replaced_literally() -> None:
    assert result("prefix-middle-suffix", "middle", r"\1$`&") == r"prefix-\1$`&-suffix"


def test_the_last_line_may_lack_its_break() -> None:
    assert result("a\nlast", "last\n", "end\n") == "a\nend"
    assert result("a\nlast", "last\n", "") == "a"


def test_trailing_white_space_is_forgiven_and_kept_where_the_edit_keeps_the_line() -> None:
    text = "def f():  \n    return 1\n"
    assert result(text, "def f():\n    return 1\t\n", "def f():\n    return 2\n") == "def f():  \n    return 2\n"


@pytest.mark.parametrize(
    ("text", "search", "replace", "expected"),
    [
        (
            "class A:\n    if x:\n        y()\n",
            "if x:\n    y()\n",
            "if x:\n    y()\n    z()\n",
            "class A:\n    if x:\n        y()\n        z()\n",
        ),
        ("if x:\n    y()\n", "    if x:\n        y()\n", "    if x:\n        z()\n", "if x:\n    z()\n"),
    ],
    ids=["less in the search", "more in the search"],
)
def test_a_uniform_shift_of_indentation_is_carried_to_the_replacement(
    text: str, search: str, replace: str, expected: str
) -> None:
    assert result(text, search, replace) == expected


def test_spaces_for_tabs_become_tabs() -> None:
    text = "func f() {\n\tif x {\n\t\ty()\n\t}\n}\n"
    search = "    if x {\n        y()\n    }\n"
    replace = "    if x {\n        y()\n        if z {\n            w()\n        }\n    }\n"
    assert result(text, search, replace) == "func f() {\n\tif x {\n\t\ty()\n\t\tif z {\n\t\t\tw()\n\t\t}\n\t}\n}\n"


def test_leading_white_space_is_ignored_line_by_line() -> None:
    text = "    if a:\n        b\n    else:\n        c\n"
    search = "if a:\n        b\n    else:\n        c\n"
    assert result(text, search, search.replace("c", "d")) == text.replace("c\n", "d\n")


def test_a_crooked_search_takes_the_indentation_of_unchanged_neighbours() -> None:
    text = "        one()\n            two()\n        three()\n"
    search = "one()\n two()\n  three()\n"
    assert result(text, search, "one()\n two()\n two_and_a_half()\n  three()\n") == (
        "        one()\n            two()\n            two_and_a_half()\n        three()\n"
    )


def test_blank_lines_between_may_be_missing_or_too_many() -> None:
    assert result("a()\n\n\nb()\nc()\n", "a()\nb()\n", "a()\nB()\n") == "a()\nB()\nc()\n"
    assert result("a()\nb()\n", "a()\n\nb()\n", "A()\n\nb()\n") == "A()\n\nb()\n"


def test_windows_line_endings_in_the_search_text_are_forgiven() -> None:
    assert result("a\nb\n", "a\r\nb\r\n", "a\r\nc\r\n") == "a\nc\n"


def test_look_alikes_are_forgiven_and_the_file_keeps_its_own() -> None:
    text = "title = \u201cHello\u201d\nx\u00a0= 1 \u2013 2\ny = 3\n"
    assert result(text, 'title = "Hello"\nx = 1 - 2\ny = 3\n', 'title = "Hello"\nx = 1 - 2\ny = 4\n') == text.replace(
        "3", "4"
    )


def test_line_numbers_before_every_line_are_taken_off() -> None:
    assert result("def f():\n    return 1\n", "10 | def f():\n11 |     return 1\n", "def f():\n    return 2\n") == (
        "def f():\n    return 2\n"
    )


def test_marks_of_a_diff_are_taken_off() -> None:
    assert result("a()\nb()\n", " a()\n-b()\n", " a()\n+c()\n") == "a()\nc()\n"


def test_omitted_lines_between_two_anchors_are_kept() -> None:
    text = "def f():\n    a()\n    b()\n    return 1\n"
    assert result(text, "def f():\n    ...\n    return 1\n", "def f(x):\n    ...\n    return x\n") == (
        "def f(x):\n    a()\n    b()\n    return x\n"
    )


@pytest.mark.parametrize(
    ("search", "replace"),
    [
        ("def f():\n    ...\n    return 1\n", "def f():\n    return 2\n"),
        ("def f():\n    ...\n", "def f():\n    first()\n    ...\n"),
        ("return 1\n...\ndef f():\n", "return 2\n...\ndef f():\n"),
        ("def f():\n    ...\n    a()\n", "def f():\n    ...\n    c()\n"),
    ],
    ids=["the replacement would delete them", "nothing after them", "out of order", "an anchor that stands twice"],
)
def test_omitted_lines_are_refused_where_it_is_not_sure_what_they_are(search: str, replace: str) -> None:
    assert (
        "fits more than one" in (said := refusal("def f():\n    a()\n    a()\n    return 1\n", search, replace))
        or "not in the file" in said
    )


def test_a_line_that_is_nearly_right_is_forgiven_in_a_block_that_else_fits() -> None:
    text = "function getData() {\n    const results = fetchData();\n    return results.filter(Boolean);\n}\n"
    search = text.replace("results =", "result =")
    assert result(text, search, search.replace("filter(Boolean)", "filter(ok)")) == text.replace(
        "filter(Boolean)", "filter(ok)"
    )


@pytest.mark.parametrize(
    "search",
    [
        "def total(prices):\n    return len(prices)\n",
        "def total(costs):\n    result = 0\n    return sum(costs)\n",
        "total = 1\nwhatever = 2\nnothing = 3\n",
    ],
    ids=["two lines are too few", "too different", "not there at all"],
)
def test_what_is_not_similar_enough_is_refused(search: str) -> None:
    text = "def total(prices):\n    result = 0\n    return sum(prices)\n"
    assert "not in the file" in refusal(text, search)


def test_two_similar_places_are_refused() -> None:
    block = "def first_name(person):\n    value = person.name{}\n    return value\n"
    text = block.format("_one") + block.format("_two")
    assert "more than one place" in refusal(text, block.format("_ten"))


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("x = 1\ny\nx = 1\n", "x = 1\n"),
        ("x = 1  \ny\nx = 1 \n", "x = 1\n"),
        ("  x = 1\n  z\ny\n    x = 1\n    z\n", "x = 1\nz\n"),
        ("a()\n\nb()\na()\n\n\nb()\n", "a()\nb()\n"),
        ("\u201ca\u201d\n\u201ea\u201c\n", '"a"\n'),
    ],
    ids=["exact", "trailing", "indentation", "blank lines", "look-alikes"],
)
def test_a_rung_with_two_places_refuses_and_names_them(text: str, search: str) -> None:
    assert "more than one place (lines 1, " in refusal(text, search)


def test_a_piece_of_a_word_is_not_a_match_for_a_line() -> None:
    assert "not in the file" in refusal("width = 10\n", "id\n")


def test_a_piece_of_one_line_is_found_when_it_stands_once() -> None:
    assert result("value = compute(a, b) + 1\n", "compute(a, b)\n", "compute(b, a)\n") == "value = compute(b, a) + 1\n"


def test_a_refusal_shows_the_nearest_lines_and_what_differs() -> None:
    said = refusal(
        "import os\n\ndef load(path):\n    return open(path)\n", "def load(file):\n    return open(path)\n    close()\n"
    )
    assert "3| def load(path):\n4|     return open(path)" in said
    assert 'your line 1: "def load(file):"; line 3 of the file: "def load(path):"' in said


def test_an_empty_search_text_is_refused_where_a_file_exists() -> None:
    assert "is empty" in refusal("a\n", "\n")


def test_several_lines_for_one_that_lost_its_indentation_are_indented() -> None:
    assert result("def f():\n    return 1\n", "return 1", "x = 1\nreturn x") == "def f():\n    x = 1\n    return x\n"
    assert (
        result("def f():\n    return 1\n", "return 1", "if x:\n    return 1")
        == "def f():\n    if x:\n        return 1\n"
    )
    assert (
        result("def f():\n    return 1\n", "return 1", "x = 1\n    return x") == "def f():\n    x = 1\n    return x\n"
    )


def test_a_file_of_one_line_repeated_is_refused_in_no_time() -> None:
    assert "not in the file" in refusal("a\n" * 200_000, " a\n" * 50_000 + "b\n")
