"""The ladder of matches: each rung forgives one kind of slip, in exactly one place."""

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


def test_whole_lines_are_found_although_other_lines_contain_the_same_text() -> None:
    assert result("max = 1\nx = 1\n", "x = 1\n", "x = 2\n") == "max = 1\nx = 2\n"


def test_a_piece_of_text_is_replaced_literally() -> None:
    assert result("prefix-middle-suffix", "middle", r"\1$`&") == r"prefix-\1$`&-suffix"


def test_a_piece_of_text_is_refused_if_it_is_missing_or_occurs_twice() -> None:
    assert "not in the file" in refusal("prefix-middle-suffix", "muddle")
    assert "more than one place (lines 1, 2)" in refusal("a middle\nmiddle b\n", "middle")


def test_the_last_line_may_lack_its_line_break() -> None:
    assert result("a\nlast", "last\n", "end\n") == "a\nend"
    assert result("a\nlast", "last\n", "") == "a"


def test_trailing_white_space_is_forgiven_and_kept_on_unchanged_lines() -> None:
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


def test_irregular_indentation_follows_the_unchanged_neighbours() -> None:
    text = "        one()\n            two()\n        three()\n"
    search = "one()\n two()\n  three()\n"
    assert result(text, search, "one()\n two()\n two_and_a_half()\n  three()\n") == (
        "        one()\n            two()\n            two_and_a_half()\n        three()\n"
    )


def test_missing_and_extra_blank_lines_are_forgiven() -> None:
    assert result("a()\n\n\nb()\nc()\n", "a()\nb()\n", "a()\nB()\n") == "a()\nB()\nc()\n"
    assert result("a()\nb()\n", "a()\n\nb()\n", "A()\n\nb()\n") == "A()\n\nb()\n"


def test_windows_line_endings_in_the_search_text_are_forgiven() -> None:
    assert result("a\nb\n", "a\r\nb\r\n", "a\r\nc\r\n") == "a\nc\n"


def test_look_alikes_are_forgiven_and_the_file_keeps_its_own() -> None:
    text = "title = \u201cHello\u201d\nx\u00a0= 1 \u2013 2\ny = 3\n"
    assert result(text, 'title = "Hello"\nx = 1 - 2\ny = 3\n', 'title = "Hello"\nx = 1 - 2\ny = 4\n') == text.replace(
        "3", "4"
    )


def test_line_numbers_before_every_line_are_removed() -> None:
    assert result("def f():\n    return 1\n", "10 | def f():\n11 |     return 1\n", "def f():\n    return 2\n") == (
        "def f():\n    return 2\n"
    )


def test_diff_marks_are_removed() -> None:
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
    ids=["the replacement would delete them", "nothing after them", "out of order", "an anchor that occurs twice"],
)
def test_unclear_omissions_are_refused(search: str, replace: str) -> None:
    assert (
        "matches more than one" in (reason := refusal("def f():\n    a()\n    a()\n    return 1\n", search, replace))
        or "not in the file" in reason
    )


def test_a_similar_line_is_forgiven_in_a_block_that_matches_otherwise() -> None:
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
        "total = 1\nother = 2\nnothing = 3\n",
    ],
    ids=["two lines are too few", "too different", "missing"],
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


def test_part_of_a_word_is_not_a_match() -> None:
    assert "not in the file" in refusal("width = 10\n", "id\n")


def test_part_of_a_line_is_found_if_it_occurs_once() -> None:
    assert result("value = compute(a, b) + 1\n", "compute(a, b)\n", "compute(b, a)\n") == "value = compute(b, a) + 1\n"


def test_a_refusal_shows_the_nearest_lines_and_the_differences() -> None:
    shown = refusal(
        "import os\n\ndef load(path):\n    return open(path)\n", "def load(file):\n    return open(path)\n    close()\n"
    )
    assert "3| def load(path):\n4|     return open(path)" in shown
    assert 'your line 1: "def load(file):"; line 3 of the file: "def load(path):"' in shown


def test_an_empty_search_text_is_refused_if_the_file_exists() -> None:
    assert "is empty" in refusal("a\n", "\n")


def test_the_replacement_of_a_line_quoted_without_indentation_is_indented() -> None:
    assert result("def f():\n    return 1\n", "return 1", "x = 1\nreturn x") == "def f():\n    x = 1\n    return x\n"
    assert (
        result("def f():\n    return 1\n", "return 1", "if x:\n    return 1")
        == "def f():\n    if x:\n        return 1\n"
    )
    assert (
        result("def f():\n    return 1\n", "return 1", "x = 1\n    return x") == "def f():\n    x = 1\n    return x\n"
    )


def test_a_file_of_one_repeated_line_is_refused_quickly() -> None:
    assert "not in the file" in refusal("a\n" * 200_000, " a\n" * 50_000 + "b\n")


def test_a_similar_block_needs_ninety_percent_of_its_characters() -> None:
    text = "aaaaaaaaaa\nbbbbbbbbbb\nabcdefghij\n"
    assert result(text, text.replace("hij", "XYZ"), "x\n") == "x\n"
    assert "not in the file" in refusal(text, text.replace("ghij", "WXYZ"))


def test_a_similar_block_needs_half_of_its_lines_exact() -> None:
    lines = [f"value_{n} = compute_the_value_number({n})\n" for n in range(5)]
    slips = [line.replace("number", "numbr") for line in lines]
    assert result("".join(lines[:4]), "".join(slips[:2] + lines[2:4]), "x\n") == "x\n"
    assert "not in the file" in refusal("".join(lines), "".join(slips[:3] + lines[3:]))


def test_a_similar_block_needs_the_same_blank_lines_and_a_uniform_shift() -> None:
    lines = [f"value_{n} = compute_the_value_number({n})\n" for n in range(4)]
    search = "".join([lines[0].replace("number", "numbr"), *lines[1:]])
    assert result("".join(f"  {line}" for line in lines), search, "x\n") == "  x\n"
    assert "not in the file" in refusal("".join([*lines[:2], "\n", *lines[2:]]), search)
    assert "not in the file" in refusal("".join([*lines[:2], *(f"  {line}" for line in lines[2:])]), search)


@pytest.mark.parametrize(("braces", "is_found"), [(50, True), (51, False)])
def test_a_line_that_occurs_more_than_fifty_times_does_not_locate_a_similar_block(braces: int, is_found: bool) -> None:  # noqa: FBT001  # a table
    text = "}\n" * (braces - 1) + "value = compute(1)\n}\nend\n"
    outcome = applied(text, Replace("a.py", "value = compute(2)\n}\nend\n", "x\n"))
    assert (outcome.refusals == ()) is is_found


def test_a_similar_line_of_more_than_a_thousand_characters_is_another_line() -> None:
    for length, is_found in ((1_000, True), (1_001, False)):
        text = "first\nlast\n" + "x" * (length - 1) + "y\n"
        outcome = applied(text, Replace("a.py", text.replace("y", "z"), "x\n"))
        assert (outcome.refusals == ()) is is_found


@pytest.mark.parametrize("text", ["maximum = 1\n", "minimax = 1\n", "a_max = 1\n"])
def test_part_of_a_word_is_not_a_match_on_either_side(text: str) -> None:
    assert "not in the file" in refusal(text, "max\n")


def test_part_of_a_line_may_touch_words_with_punctuation() -> None:
    assert result("call(one, two)now\n", "(one, two)\n", "(two)\n") == "call(two)now\n"


@pytest.mark.parametrize(("others", "is_found"), [(18, True), (19, False)])
def test_part_of_a_line_is_refused_if_it_is_part_of_many_words(others: int, is_found: bool) -> None:  # noqa: FBT001  # a table
    outcome = applied("width\n" * others + "x.id = 1\n", Replace("a.py", "id\n", "no\n"))
    assert (outcome.refusals == ()) is is_found
    assert is_found or "more than one place (lines 1, 2, " in outcome.refusals[0].reason


@pytest.mark.parametrize(
    ("text", "search", "replace", "expected"),
    [
        ("    a\n", "a", "b\n\nc", "    b\n\n    c\n"),
        ("    a\n", "a", "b(\n        c)", "    b(\n        c)\n"),
        ("    a\n    b\n", "a\n    b", "c\nd", "    c\nd\n"),
        ("     a\n", " a", " b\nc", "     b\nc\n"),
        ("x = f(1)\n", "f(1)", "f(\n1)", "x = f(\n1)\n"),
        ("    a\n", "a", "b\n", "    b\n\n"),
    ],
    ids=["blank line", "already deeper", "several lines", "with its indentation", "after code", "no further line"],
)
def test_only_a_whole_line_quoted_without_indentation_shifts_its_replacement(
    text: str, search: str, replace: str, expected: str
) -> None:
    assert result(text, search, replace) == expected


@pytest.mark.parametrize(
    ("text", "search", "replace", "expected"),
    [
        ("a()\nb()\n", "\na()\nb()\n\n", "\nA()\nb()\n\n", "A()\nb()\n"),
        ("a()\nb()\n", "\na()\nb()\n", "\n\nA()\nb()\n", "\nA()\nb()\n"),
        ("a()\nb()\n", "a()\nb()\n\n", "a()\nB()\n\n\n", "a()\nB()\n\n"),
        ("a\nlast  ", "last\n", "", "a"),
        ("a\nlast  ", "last\n", "end\n", "a\nend"),
        ("last  ", "last\n", "", ""),
    ],
    ids=["around both", "one more before", "one more after", "delete at the end", "replace at the end", "delete all"],
)
def test_blank_lines_and_a_missing_line_break_around_a_block(
    text: str, search: str, replace: str, expected: str
) -> None:
    assert result(text, search, replace) == expected


@pytest.mark.parametrize(
    ("search", "replace"),
    [
        ("1|def f():\n2|    return 1\n", "1|def f():\n2|    return 2\n"),
        ("  1: def f():\n\n  2:     return 1\n", "  1: def f():\n  2:     return 2\n"),
        ("+def f():\n+    return 1\n", "def f():\n    return 2\n"),
        ("def f() :\n    return 1\n".replace(" :", ":\u00a0"), "def f():\n    return 2\n"),
    ],
)
def test_prefixes_and_look_alikes_are_removed(search: str, replace: str) -> None:
    assert result("def f():\n    return 1\n", search, replace) == "def f():\n    return 2\n"


@pytest.mark.parametrize("search", ["1 | a()\nb()\n", "1234567| a()\n", "-a()\n+b()\n", "-a()\nb()\n"])
def test_other_prefixes_are_not_removed(search: str) -> None:
    assert "not in the file" in refusal("a()\nb()\n", search)


def test_omitted_lines_may_be_in_several_places_and_none() -> None:
    text = "".join(f"line_{n}()\n" for n in range(9))
    search = "line_0()\n...\nline_3()\n...\nline_4()\n...\nline_8()\n"
    assert result(text, search, search.replace("3()", "3(x)").replace("8()", "8(x)")) == text.replace(
        "3()", "3(x)"
    ).replace("8()", "8(x)")


def test_more_than_a_hundred_omissions_are_refused() -> None:
    lines = [f"line_{n}()\n" for n in range(101)]
    search = "...\n".join(lines)
    assert "not in the file" in refusal("".join(lines), search, search.replace("line_0()", "first()"))
    shorter = "...\n".join(lines[:100])
    assert result("".join(lines), shorter, shorter.replace("line_0()", "first()")).startswith("first()\n")


def test_a_refusal_names_at_most_twenty_places() -> None:
    assert "(lines " + ", ".join(map(str, range(1, 21))) + ")" in refusal("a\n" * 30, "a\n")


def test_overlapping_occurrences_are_ambiguous() -> None:
    assert "more than one place (lines 1, 1)" in refusal("aaa\n", "aa")


def test_lines_are_counted_from_the_first_one_even_if_it_is_blank() -> None:
    assert "(lines 2, 3)" in refusal("\nx\nx\n", "x\n")
    assert result("\n    a\n", "a", "b\nc") == "\n    b\n    c\n"


def test_the_only_line_may_be_deleted_without_its_line_break() -> None:
    assert result("last", "last\n", "") == ""


def test_two_similar_places_are_named() -> None:
    block = "def first_name(person):\n    value = person.name{}\n    return value\n"
    assert "(lines 1, 4)" in refusal(block.format("_one") + block.format("_two"), block.format("_ten"))


def test_look_alikes_only_in_the_search_text_are_forgiven() -> None:
    assert result('x = say("hi")\n', "x = say(\u201chi\u201d)\n", "x = 1\n") == "x = 1\n"
    assert result('x = say("hi") + 1\n', "say(\u201chi\u201d)", "1") == "x = 1 + 1\n"


def test_trailing_white_space_is_kept_on_unchanged_lines_at_the_end() -> None:
    assert result("a\nb  \nc  \n", "a\nb\nc\n", "x\nb\nc\n") == "x\nb  \nc  \n"


def test_the_parts_around_omitted_lines_may_differ_in_white_space() -> None:
    text = "  def f():\n    a()\n    return 1\n"
    assert result(text, "def f():\n...\nreturn 1\n", "def f():\n...\nreturn 2\n") == text.replace("1", "2")


@pytest.mark.parametrize(
    ("text", "search", "replace", "expected"),
    [
        ("class A:\n    x = 1\n    y = 2\n", "x = 1\ny = 2\n", "    x = 3\n    y = 4\n", "class A:\n    x = 3\n    y = 4\n"),
        ("class A:\n    x = 1\n", "x = 1\n", "    x = 3\n    y = 4\n", "class A:\n    x = 3\n    y = 4\n"),
        ("class A:\n    x = 1\n", "x = 1\n", "x = 3\n    y = 4\n", "class A:\n    x = 3\n    y = 4\n"),
        ("class A:\n    x = 1\n", "x = 1\n", "if z:\n    x = 3\n", "class A:\n    if z:\n        x = 3\n"),
        ("class A:\n    x = 1\n", "x = 1\n", "if z:\n        x = 3\n", "class A:\n    if z:\n        x = 3\n"),
        ("class A:\n\tx = 1\n\ty = 2\n", "x = 1\ny = 2\n", "\tx = 3\n\n\ty = 4\n", "class A:\n\tx = 3\n\n\ty = 4\n"),
        ("  <p>\n    a\n  </p>\n", "<p>\n  a\n</p>\n", "  <p>\n    b\n  </p>\n", "  <p>\n    b\n  </p>\n"),
        ("  <p>\n    a\n  </p>\n", "<p>\n  a\n</p>\n", "<p>\n  b\n</p>\n", "  <p>\n    b\n  </p>\n"),
        ("    <p>\n        a\n", "<p>\n    a\n", "<p>\n    b\n", "    <p>\n        b\n"),
        ("  a\n    b\n", "a\n    b\n", "  c\n    d\n", "  c\n    d\n"),
    ],
)  # fmt: skip
def test_a_replacement_that_has_the_indentation_of_the_file_is_not_indented_again(
    text: str, search: str, replace: str, expected: str
) -> None:
    assert result(text, search, replace) == expected


@pytest.mark.parametrize(
    ("search", "replace"),
    [
        ("1 def f():\n2     return 1\n", "1 def f():\n2     return 2\n"),
        ("1 def f():\n2     return 1\n", "def f():\n    return 2\n"),
        (" 9 def f():\n10     return 1\n", " 9 def f():\n10     return 2\n"),
        ("  9  def f():\n 10      return 1\n", "  9  def f():\n 10      return 2\n"),
        ("41\tdef f():\n42\t    return 1\n", "41\tdef f():\n42\t    return 2\n"),
        ("1 def f():\n2     return 1\n3\n", "1 def f():\n2     return 2\n3\n"),
    ],
)
def test_bare_line_numbers_are_removed_if_they_count_every_line(search: str, replace: str) -> None:
    assert result("def f():\n    return 1\n", search, replace) == "def f():\n    return 2\n"


@pytest.mark.parametrize(
    ("text", "search", "replace"),
    [
        ("apples\n", "3 apples\n", "4 apples\n"),
        ("apples\npears\n", "3 apples\n5 pears\n", "4 apples\n6 pears\n"),
        ("apples\npears\n", "3 apples\npears\n", "4 apples\npears\n"),
        ("apples\npears\n", "3  apples\n4  pears\n", "apples\nplums\n"),
        ("apples\npears\n", "3 apples\n4 pears\n", "3 apples\nplums\n"),
    ],
)
def test_numbers_that_do_not_count_every_line_are_content(text: str, search: str, replace: str) -> None:
    assert "not in the file" in refusal(text, search, replace)


def test_numbers_that_are_in_the_file_stay() -> None:
    assert result("1 a\n2 b\n", "1 a\n2 b\n", "1 a\n2 c\n") == "1 a\n2 c\n"
    assert result("1 a  \n2 b\n", "1 a\n2 b\n", "1 a\n2 c\n") == "1 a  \n2 c\n"
