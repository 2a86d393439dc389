"""The syntax gate: what parsed before must still parse, new files must parse, and the error is reported."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.change.edit import Replace, WriteWhole
from redimento.change.guards.data_syntax import commented_json_error, json_error
from redimento.change.guards.syntax import syntax_error
from redimento.change.plan import plan
from redimento.settings import ChangeSettings

GOOD_AND_BAD = {
    "a.py": ("def f(x):\n    return x\n", "def f(x:\n    return x\n"),
    "a.pyi": ("def f(x: int) -> int: ...\n", "def f(x: int -> int: ...\n"),
    "a.js": ("const f = (x) => x + 1;\n", "const f = (x => x + 1;\n"),
    "a.jsx": ("const A = () => <b>x</b>;\n", "const A = () => <b>x</i;\n"),
    "a.mjs": ("export const a = 1;\n", "export const = 1;\n"),
    "a.ts": ("const x: number = <number>y;\n", "const x: number = ;\n"),
    "a.tsx": ("const A = (p: P) => <b>{p.x}</b>;\n", "const A = (p: P) => <b>{p.x</b>;\n"),
    "a.go": ("package a\n\nfunc f() int { return 1 }\n", "package a\n\nfunc f() int { return 1\n"),
    "A.java": ("class A { int f() { return 1; } }\n", "class A { int f() { return 1; }\n"),
    "a.rs": ("fn f() -> i32 { 1 }\n", "fn f() -> i32 { 1 \n"),
    "A.cs": ("class A { int F() => 1; }\n", "class A { int F() => 1; \n"),
    "a.json": ('{"a": [1]}\n', '{"a": [1],}\n'),
    "a.yaml": ("a:\n  - b\n", "a: [b\n"),
    "a.toml": ("a = 1\n", "a = \n"),
    "Pipfile": ("[packages]\na = '*'\n", "[packages]\na = '*'\na = '1'\n"),
    "b.yaml": ("a: 1\nb: {a: 1}\n", "a: 1\nb: 1\na: 2\n"),
    "a.ipynb": ('{"cells": ["a", "b"]}\n', '{"cells": ["a" "b"]}\n'),
    "a.geojson": ('{"type": "Point"}\n', '{"type": "Point"\n'),
    "a.webmanifest": ('{"name": "a"}\n', '{"name": "a",}\n'),
    "a.code-workspace": ('{"folders": [], /* b */}\n', '{"folders": [}\n'),
    "tsconfig.json": ('{\n  // why\n  "a": "//",\n}\n', '{\n  // why\n  "a": 1 "b": 2\n}\n'),
    "a.json5": ("{a: 'b', /* c */}\n", "{a: 'b'\n"),
    "a.xml": ('<?xml version="1.0" encoding="utf-16"?>\n<a>\u00e9&amp;</a>\n', "<a>b & c</a>\n"),
    "a.csproj": ('<Project><A B="1" /></Project>\n', '<Project><A B="1" ></Project>\n'),
    "a.props": ("<Project />\n", "<Project>\n"),
    "a.targets": ("<Project><!-- a --></Project>\n", "<Project><!-- a -- b --></Project>\n"),
    "a.resx": ('<root xml:space="preserve"><![CDATA[<]]></root>\n', '<root a="1" a="2"></root>\n'),
    "a.xaml": ('<a xmlns:x="y"><x:b/></a>\n', "<a><x:b/></a>\n"),
    "web.config": ("<configuration/>\n", "<configuration>\n"),
    "a.svg": ("<svg>&#233;</svg>\n", "<svg></svg><svg/>\n"),
    "Info.plist": ('<!DOCTYPE plist PUBLIC "a" "http://b">\n<plist/>\n', "<plist><dict></plist>\n"),
    "bomb.xml": ("<a/>\n", '<!DOCTYPE a [<!ENTITY b "c">]>\n<a>&b;</a>\n'),
}


@pytest.mark.parametrize(("path", "texts"), GOOD_AND_BAD.items(), ids=GOOD_AND_BAD.keys())
def test_new_files_must_parse(path: str, texts: tuple[str, str], tmp_path: Path) -> None:
    good, bad = texts
    assert plan(tmp_path, [WriteWhole(path, good)], ChangeSettings()).refusals == ()
    (refusal,) = plan(tmp_path, [WriteWhole(path, bad)], ChangeSettings()).refusals
    assert f"{path} would not parse" in refusal.reason


@pytest.mark.parametrize(("path", "texts"), GOOD_AND_BAD.items(), ids=GOOD_AND_BAD.keys())
def test_a_file_that_parsed_must_still_parse(path: str, texts: tuple[str, str]) -> None:
    good, bad = texts
    assert syntax_error(path, good, bad)
    assert syntax_error(path, bad, bad) == ""


@pytest.mark.parametrize(
    "text",
    [
        "def f():\nreturn 1\n",
        "if a:\n    b\n  c\n",
        "  x = 1\n",
        "class A:\n    def f(self):\n        pass\n   def g(self):\n        pass\n",
    ],
)
def test_wrong_indentation_is_found(text: str) -> None:
    assert syntax_error("a.py", None, text)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "def f[T](x: T) -> T:\n    return x\n"),
        ("a.py", "type A = int\n"),
        ("tsconfig.json", '{\n  // why\n  "a": 1,\n}\n'),
        ("chart/templates/a.yaml", "a: {{ .Values.a }}\n{{- if .b }}\nc: 1\n{{- end }}\n"),
        ("a.yml", "---\na: !vault x\n---\nb: !Ref y\n"),
        ("a.txt", "def f(:\n"),
        ("a.kt", "fun f( {\n"),
        ("protractor.config", "exports = {\n"),
        ("{{cookiecutter.name}}/package.json", '{"name": "a"{% if b %}, "c": 1{% endif %}}\n'),
        ("a.toml", "{% if a %}\nb = {{ c }}\n{% endif %}\n"),
        ("a.xml.tmpl", "<a>\n"),
        ("a.xml", "<a>\n{% if b %}</a>\n"),
        ("base.yml", "a: &b\n  c: 1\nd:\n  <<: *b\n  <<: *b\n"),
    ],
)
def test_newer_syntax_dialects_and_unknown_languages_pass(path: str, text: str) -> None:
    assert syntax_error(path, None, text) == ""


def test_the_refusal_shows_the_lines_around_the_error(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1\nb = 2\nc = 3\n")
    (refusal,) = plan(tmp_path, [Replace("a.py", "b = 2\n", "b = (2\n")], ChangeSettings()).refusals
    assert "line 2: '(' was never closed" in refusal.reason
    assert "2| b = (2" in refusal.nearest


@pytest.mark.parametrize(
    "suffix", [".py", ".js", ".ts", ".tsx", ".go", ".java", ".rs", ".cs", ".json", ".yaml", ".toml", ".jsonc", ".xml"]
)
def test_deep_nesting_is_harmless(suffix: str) -> None:
    for piece in ["(", "[", "{", "a.", "not ", "- ", "? ", "{a: ", "<a>"]:
        assert isinstance(syntax_error(f"a{suffix}", None, piece * 3_000), str)


def test_a_key_that_would_take_minutes_is_refused() -> None:
    assert "longer than" in syntax_error("a.toml", None, "a." * 500_000)


@pytest.mark.parametrize(
    ("path", "text", "error"),
    [
        ("a.go", "package a\n\nfunc f() int { return 1\n", 'line 4: "}" is missing'),
        ("A.java", "class A {\n  int f() { return 1; }\n", 'line 2: "}" is missing'),
        ("a.js", "let a = 1;\n  let b = @@ ;\nlet c;\n", 'line 2: cannot be parsed near "let b = @@ ;"'),
        ("a.ts", "let a = 1;\n" * 7_000 + "let b = ;\n", 'line 7001: cannot be parsed near "let b = ;"'),
        ("a.js", f"x {'y' * 200} z\n", f'line 1: cannot be parsed near "x {"y" * 118}"'),
        ("a.py", "if a:\n    b\n  c\n", "line 3: unindent does not match any outer indentation level"),
        ("a.py", "a\nx = (\n", "line 2: '(' was never closed"),
        ("a.json", '{\n"a": [1],}\n', "line 2: Expecting property name enclosed in double quotes"),
        ("a.toml", "a = 1\nb = \n", "Invalid value (at line 2, column 5)"),
        ("a.yaml", "a: [b\n", "line 2: did not find expected ',' or ']'"),
    ],
)
def test_an_error_names_its_line(path: str, text: str, error: str) -> None:
    assert syntax_error(path, None, text) == error


@pytest.mark.parametrize("value", ["'\ud800'", "-" * 20_000 + "1"], ids=["surrogate", "deep"])
def test_the_grammar_decides_where_the_parser_of_python_gives_up(value: str) -> None:
    assert syntax_error("a.py", None, f"x = {value}\n") == ""
    assert syntax_error("a.py", None, f"x = ({value}\n").startswith("line 1: cannot be parsed near")


@pytest.mark.parametrize("text", ["[" + "1" * 5_000 + "]", "[" * 100_000], ids=["long number", "deep"])
def test_json_that_python_cannot_read_is_refused(text: str) -> None:
    assert "nested too deeply or contains a number that is too long" in syntax_error("a.json", None, text)


def test_yaml_may_be_nested_up_to_a_limit() -> None:
    assert syntax_error("a.yaml", None, "[" * 200 + "]" * 200) == ""
    assert syntax_error("a.yaml", None, "[[]]," * 300) != "it is nested too deeply"
    assert syntax_error("a.yaml", None, "[" * 201 + "]" * 201) == "it is nested too deeply"


@pytest.mark.parametrize(
    "name",
    [
        "tsconfig.json",
        "jsconfig.build.json",
        ".eslintrc.json",
        "devcontainer.json",
        "api-extractor.json",
        "babelrc.json",
        ".vscode/tasks.json",
        "appsettings.Development.json",
        "angular.json",
        "a.jsonc",
    ],
)
def test_json_with_comments_is_json_where_its_tool_says_so(name: str) -> None:
    assert syntax_error(name, None, '{ // why\n"a": [1, ],\n}\n') == ""
    assert syntax_error(name, None, '{ // why\n"a": [1 2]\n}\n')
    assert syntax_error("package.json", None, "{ // why\n}\n")


def test_comments_are_allowed_where_the_file_had_some() -> None:
    before = '{\n  // why\n  "a": 1\n}\n'
    assert syntax_error("conf/app.json", before, before.replace("1", "2, // more")) == ""
    assert syntax_error("conf/app.json", before, before.replace("1", "2 3"))
    assert syntax_error("conf/app.json", '{"a": 1}\n', before)


def test_a_template_in_quotes_is_a_value_and_checked() -> None:
    assert syntax_error("de.json", None, '{"hello": "Hallo {{name}}" "bye": 1}\n')
    assert syntax_error("play.yml", None, 'a: "{{ b }}"\nc: [d\n')
    assert syntax_error("a.resx", "<a>{{b}}</a>\n", "<a>{{b}}\n")


def test_keys_that_were_there_twice_do_not_switch_the_check_off() -> None:
    assert syntax_error("a.yml", "a: 1\na: 2\n", "a: 1\na: 3\n") == ""
    assert syntax_error("a.yml", "a: 1\na: 2\n", "a: 1\na: [3\n")


@given(st.text(st.sampled_from('{}[],:"/*\\ \na1'), max_size=30))
def test_json_without_comments_stays_the_same_with_them_allowed(text: str) -> None:
    if not json_error(text):
        assert commented_json_error(text) == ""
