"""Sections of `.editorconfig`, rule by rule as in the specification: which paths they match."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from redimento.text.editorconfig import properties


def matches(section: str, path: str) -> bool:
    config = f"[{section}]\nkey = value\n".encode()
    return properties(path, lambda name: config if name == ".editorconfig" else None) == {"key": "value"}


@pytest.mark.parametrize(
    ("section", "matched", "others"),
    [
        # A section without a slash matches in every folder, one with a slash only from the folder of the file.
        ("*.py", ["a.py", "deep/er/a.py", ".py"], ["a.pyc", "a.py/b", "apy"]),
        ("a.py", ["a.py", "deep/a.py"], ["A.py", "ba.py"]),
        ("/a.py", ["a.py"], ["deep/a.py"]),
        ("src/*.py", ["src/a.py", "src/.py"], ["src/deep/a.py", "deep/src/a.py", "a.py"]),
        # * and ? stop at a slash, ** does not.
        ("a?c", ["abc", "a.c"], ["ac", "abbc", "a/c"]),
        ("a*c", ["ac", "abbc"], ["a/c", "ab/c"]),
        ("a**c", ["ac", "abbc", "a/c", "a/b/c"], ["ab", "a/b"]),
        ("a/**/c", ["a/c", "a/b/c", "a/b/b/c"], ["ac", "a/bc", "ab/c"]),
        ("a/**", ["a/b", "a/b/c"], ["ab", "a"]),
        ("**/c", ["c", "a/c", "a/b/c"], ["bc"]),
        # Sets of characters; a slash inside makes the brackets literal.
        ("[ab]", ["a", "b"], ["c", "ab", "[ab]"]),
        ("[!ab]", ["c", "!"], ["a", "b"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "-x"]),
        ("[-a]", ["-", "a"], ["b"]),
        (r"[\]a]", ["]", "a"], ["b", "\\"]),
        ("a[b/]c", ["a[b/]c"], ["abc", "a/c"]),
        # Alternatives, also empty and nested ones; braces without a comma are literal.
        ("*.{py,js}", ["a.py", "a.js"], ["a.py,js", "a.ts"]),
        ("a{,b}", ["a", "ab"], ["a,b", "b"]),
        ("{a,b{c,d}}", ["a", "bc", "bd"], ["b", "c", "bcd"]),
        ("{a,b/*}.py", ["a.py", "b/x.py"], ["b.py", "b/x/y.py"]),
        ("{a}", ["{a}"], ["a"]),
        ("{}", ["{}"], [""]),
        ("{a,b", ["{a,b"], ["a", "b"]),
        (r"{a\,b,c}", ["a,b", "c"], ["a", "b"]),
        (r"{a,\}}", ["a", "}"], ["b"]),
        # Ranges of integers, without leading zeros.
        ("{1..10}", ["1", "9", "10"], ["0", "11", "01", "1..10", "5a"]),
        ("{-2..2}", ["-2", "0", "2", "+1"], ["-3", "3", "-0", "00"]),
        ("v{1..3}.{7..9}", ["v2.8"], ["v4.8", "v2.6"]),
        ("{a,{1..3}}", ["a", "2"], ["4"]),
        ("{a..c}", ["{a..c}"], ["a", "b"]),
        # Comment marks may be escaped, and other characters mean themselves.
        (r"a\;\#", ["a;#"], ["a;"]),
        ("a.b+c", ["a.b+c"], ["axbbc"]),
        ("\u4f60*", ["\u4f60\u597d.txt"], ["\u597d"]),
    ],
)
def test_a_section_matches_as_specified(section: str, matched: list[str], others: list[str]) -> None:
    assert [path for path in (*matched, *others) if matches(section, path)] == matched


def test_sections_are_relative_to_the_folder_of_their_file() -> None:
    files = {"src/.editorconfig": b"[/a.py]\nkey = value\n[lib/*]\nlib = true\n"}
    assert properties("src/a.py", files.get) == {"key": "value"}
    assert properties("src/lib/a.py", files.get) == {"lib": "true"}
    assert properties("lib/a.py", files.get) == {}


def test_later_sections_and_nearer_files_win() -> None:
    files = {
        ".editorconfig": b"[*]\na = far\nb = far\nc = far\n",
        "src/.editorconfig": b"[*]\na = near\nb = near\n[*.py]\na = last\n",
    }
    assert properties("src/x.py", files.get) == {"a": "last", "b": "near", "c": "far"}


@pytest.mark.parametrize(("name", "is_read"), [("a" * 1024, True), ("a" * 1025, False), ("{,}" * 65, False)])
def test_a_section_name_has_at_least_the_length_of_the_specification(name: str, is_read: bool) -> None:  # noqa: FBT001  # a table
    assert matches(name, name) is is_read


@pytest.mark.parametrize("section", ["[z-a]", "}{,", "[", "a]b[", "{,[}]", "\\", "(?P<a>b)", "{1..2"])
def test_a_section_that_cannot_be_read_matches_nothing_else(section: str) -> None:
    assert not matches(section, "a.py")


@given(st.text("ab/\\[]{}(),.*?!^-+|$0123", max_size=30), st.text("ab/{}[],.-123", min_size=1, max_size=12))
@example("{" * 64 + "\\}" * 64 + "}", "a")
def test_no_section_raises(section: str, path: str) -> None:
    assert matches(section, path) in {True, False}


@given(st.text("abc./ -_", min_size=1, max_size=20).filter(lambda path: path.strip() == path and "//" not in path))
def test_a_plain_path_matches_itself(path: str) -> None:
    assert matches(f"/{path.strip('/')}", path.strip("/"))
