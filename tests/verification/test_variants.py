"""Hunks of a change, and the other forms of its source that unmask a test."""

from __future__ import annotations

import ast
import sys
import types
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.change.edit import FileChange
from redimento.verification.hunks import hunks_of, without
from redimento.verification.syntax import bytes_of, leaves, same_code
from redimento.verification.variants import decoy, hollow, other_text

BEFORE = '"""Prices."""\n\n\ndef total(prices):\n    """Add."""\n    return sum(prices) - 1\n\n\ndef vat(price):\n    return price * 0.19\n'
AFTER = '"""Prices."""\n\n\ndef total(prices):\n    """Add all."""\n    # one by one\n    return sum(prices)\n\n\ndef vat(price):\n    return price * 0.20\n'
JS = "function total(prices) {\n  return prices.length;\n}\nmodule.exports = { total };\n"
JS_FIXED = "function total(prices) {\n  return prices.reduce((a, b) => a + b, 0);\n}\nmodule.exports = { total };\n"


def change(path: str, before: str | None, after: str | None) -> FileChange:
    encoded = [None if text is None else text.encode() for text in (before, after)]
    return FileChange(path, encoded[0], encoded[1])


def run(text: str) -> types.ModuleType:
    module = types.ModuleType("prices")
    module.__file__ = "prices.py"
    exec(text, module.__dict__)
    return module


def test_a_hunk_can_be_taken_back_alone() -> None:
    file = change("cart.py", BEFORE, AFTER)
    first, second = hunks_of(file)
    assert (first.where, second.where) == ("cart.py:5", "cart.py:11")
    assert "0.20" in without(file, (first,))
    assert "sum(prices) - 1" in without(file, (first,))
    assert "0.19" in without(file, (second,))
    assert without(file, (first, second)) == BEFORE


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("a.py", "x = 1\n", "# one\nx = 1\n"),
        ("a.py", "def f():\n    return 1\n", 'def f():\n    """One."""\n    return 1\n'),
        ("a.py", "x = 1\n", "x  =  1\n\n\n"),
        ("a.js", "let x = 1;\n", "// one\nlet x = 1; /* one */\n"),
        ("a.go", "package a\n", "// Package a.\npackage a\n"),
        ("a.rb", "x = 1\n", "# one\nx = 1\n"),
    ],
)
def test_comments_and_docstrings_are_no_source(path: str, before: str, after: str) -> None:
    assert hunks_of(change(path, before, after)) == ()


@pytest.mark.parametrize(
    ("path", "text"), [("a.json", "# 1\n"), ("a.txt", "# one\n"), ("a.py", "x = 2\n"), ("a.ts", "let y = 2\n")]
)
def test_everything_else_is(path: str, text: str) -> None:
    assert len(hunks_of(change(path, "x = 1\n", text))) == 1
    assert len(hunks_of(change(path, None, text))) == 1


def test_what_is_no_text_has_no_hunks() -> None:
    assert hunks_of(FileChange("a.bin", b"\0", b"\0\1")) == ()


def test_code_in_latin_1_has_hunks_and_other_forms_with_its_bytes() -> None:
    old = "class A { // preço\n  int x() { return 1; }\n}\n".encode("latin-1")
    file = FileChange("A.java", old, old.replace(b"1;", b"2;"))
    assert len(hunks_of(file)) == 1
    for form in (decoy(file), other_text(file), hollow(file)):
        assert form is not None
        assert b"pre\xe7o" in bytes_of(form)


@given(
    st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d = 1\n", "\n"])),
    st.lists(st.sampled_from(["a\n", "b\n", "c\n", "e = 1\n", "\n"])),
)
def test_without_its_hunks_a_file_is_what_it_was(before: list[str], after: list[str]) -> None:
    file = change("a.txt", "".join(before), "".join(after))
    assert without(file, hunks_of(file)).split() == "".join(before).split()


def test_a_decoy_behaves_as_before_and_reads_as_after() -> None:
    text = decoy(change("prices.py", BEFORE, AFTER)) or ""
    assert "# one by one" in text
    assert "return sum(prices)\n" in text
    assert ast.dump(ast.parse(text)) == ast.dump(ast.parse(BEFORE))
    script = decoy(change("prices.js", JS, JS_FIXED)) or ""
    assert "reduce((a, b)" in script
    assert same_code("prices.js", script, JS)


def test_the_other_text_of_python_behaves_as_the_new_and_shows_nothing_of_it() -> None:
    text = other_text(change("prices.py", BEFORE, AFTER)) or ""
    assert "return" not in text
    module = run(text)
    assert module.total([1, 2]) == 3
    assert module.total.__doc__ is None
    assert module.__doc__ is None


def test_the_other_text_of_a_script_has_comments_between_its_tokens() -> None:
    text = other_text(change("prices.js", JS, JS_FIXED)) or ""
    assert "return/**/" in text
    assert same_code("prices.js", text, JS_FIXED)


def test_the_other_text_of_csharp_leaves_characters_and_directives_as_they_are() -> None:
    """Both are more than one token, and do not compile with a comment inside."""
    after = (
        "#nullable enable\n#if DEBUG || TRACE\n#pragma warning disable CS0168\n#endif\nclass A { char F() => '\\''; }\n"
    )
    text = other_text(change("A.cs", "class A { }\n", after)) or ""
    assert [line for line in text.splitlines() if line[0] == "#"] == [
        line for line in after.splitlines() if line[0] == "#"
    ]
    assert "class/**/ A" in text
    assert "'\\''" in text


@pytest.mark.parametrize(
    "path",
    sorted(
        str(path.relative_to(Path(__file__).parents[2]))
        for path in Path(__file__).parents[2].glob("src/redimento/verification/*.py")
    ),
)
def test_every_python_file_can_be_written_differently(path: str) -> None:
    source = (Path(__file__).parents[2] / path).read_text("utf-8")
    for variant in (other_text, hollow):
        text = variant(change(path, "", source))
        if text is not None:
            compile(text, path, "exec")


def test_a_hollow_form_raises_in_what_the_change_touches_and_only_there() -> None:
    module = run(hollow(change("prices.py", BEFORE, BEFORE.replace("- 1", "- 0"))) or "")
    assert module.vat(100) == 19
    with pytest.raises(NotImplementedError):
        module.total([1])


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        ("a.js", JS, JS_FIXED, "function total(prices) { throw"),
        ("a.ts", "const f = (a: number): number => { return a; };\n", "const f = (a: number): number => { return a + 1; };\n", "=> { throw"),
        ("b.js", "exports.f = () => 1;\n", "exports.f = () => 2;\n", "() => (() => { throw"),
        ("B.cs", "class A { int F() => 1; }\n", "class A { int F() => 2; }\n", "int F() => throw"),
        ("C.cs", "class A { int F => 1; }\n", "class A { int F => 2; }\n", "int F => throw"),
        ("D.cs", "class A { int F { get { return 1; } } }\n", "class A { int F { get { return 2; } } }\n", "int F { get { throw"),
        ("E.cs", "class A { public static A operator +(A a, A b) { return a; } }\n", "class A { public static A operator +(A a, A b) { return b; } }\n", "operator +(A a, A b) { throw"),
        ("b.py", "f = lambda x: x\n", "f = lambda x: x + 1\n", "lambda x: (_ for _ in ())"),
        ("c.py", "X = 1\n", "X = 2\n", "X = NotImplemented"),
        ("A.java", "class A { int f() {\nreturn 1;\n} }\n", "class A { int f() {\nreturn 2;\n} }\n", "int f() { if (true) throw"),
        ("A.cs", "class A { int F() {\nreturn 1;\n} }\n", "class A { int F() {\nreturn 2;\n} }\n", "int F() { throw"),
        ("a.go", "package a\nfunc F() int {\nreturn 1\n}\n", "package a\nfunc F() int {\nreturn 2\n}\n", 'func F() int { panic("hollow") }'),
        ("a.rs", "fn f() -> i32 {\n1\n}\n", "fn f() -> i32 {\n2\n}\n", 'fn f() -> i32 { panic!("hollow") }'),
    ],
)  # fmt: skip
def test_the_body_is_emptied_in_every_language_with_a_grammar(
    path: str, before: str, after: str, expected: str
) -> None:
    assert expected in (hollow(change(path, before, after)) or "")


def test_there_is_no_other_form_of_what_has_no_grammar_or_no_function() -> None:
    assert hollow(change("a.py", "print(1)\n", "print(2)\n")) is None
    assert (
        decoy(change("a.txt", "1", "2")),
        other_text(change("a.txt", "1", "2")),
        hollow(change("a.txt", "1", "2")),
    ) == (None, None, None)
    assert (decoy(change("a.py", "1\n", None)), other_text(change("a.py", "1\n", None))) == (None, None)


def test_tokens_are_found_however_deep() -> None:
    deep = "(" * 3_000 + "1" + ")" * 3_000
    assert len(leaves(deep.encode(), "javascript")) > 3_000
    assert sys.getrecursionlimit() < 3_000
