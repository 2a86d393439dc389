"""Foreign text of twice the size takes at most about twice the time, in every parser and matcher of this room."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial

import pytest

from redimento.change.apply import apply
from redimento.change.beneath import Found
from redimento.change.document import decode, encode, rewritten
from redimento.change.edit import Edit, FileChange, Replace, Undivided, WriteWhole
from redimento.change.guards.dependencies import new_dependencies
from redimento.change.guards.limits import measure
from redimento.change.guards.line_diff import Added, changed_lines
from redimento.change.guards.paths import problem
from redimento.change.guards.pipelines import is_pipeline
from redimento.change.guards.secret_scan import secrets_in
from redimento.change.guards.steering import steering_files
from redimento.change.guards.syntax import syntax_error
from redimento.change.guards.yaml_outline import outlines
from redimento.text.editorconfig import properties
from tests.scaling import assert_linear_in, run

Shape = Callable[[int], Callable[[], object]]  # from a size to the work on an input of that size

_MEASURABLE = 0.01  # seconds
_LARGEST = 100_000  # what takes no measurable time for this size is fast enough


def assert_linear_shape(shape: Shape, size: int = 2_000) -> None:
    """Compare a size that takes a measurable time with twice that size."""
    while seconds(shape(size)) < _MEASURABLE and size < _LARGEST:
        size *= 2
    assert_linear_in(run, shape, size)


def seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def edited(text: str, edit: Edit) -> Callable[[], object]:
    content = Found(text.encode(), 0o100644)
    return partial(apply, [edit], lambda _: content)


def numbered(size: int, line: str = "value_{n} = compute({n})\n") -> str:
    return "".join(line.format(n=n) for n in range(size))


EDITS: dict[str, Shape] = {
    "readings": lambda n: edited(
        "a\n=======\n" * n, Undivided("a", tuple(("a\n=======\n" * (n - k), "=======\n" * n) for k in range(20, 0, -1)))
    ),
    "entities": lambda n: edited("a < b\n" * n + "c\n", Replace("a", "a &lt; b\n" * n, "&lt;\n" * n)),
    "an escaped file": lambda n: edited("", WriteWhole("a.py", 'x = "&lt;" &lt; \'' * n + "\n" + '"\\' * n + "&gt;\n")),
    "ampersands": lambda n: edited("", WriteWhole("a.py", "&#" + "0" * n + "&amp" * n + "&lt;\n")),
    "marks of excerpts": lambda n: edited(
        "", WriteWhole("a", "\u22ee left ou" * n + "\nlines 1" + "0" * n + " left\n")
    ),
    "bare numbers": lambda n: edited(
        numbered(n), Replace("a", numbered(n, "{n} value_{n} = compute({n})\n"), numbered(n, "{n} x\n"))
    ),
    "everywhere": lambda n: edited("a\n" * n, Replace("a", "a\n", "b\n", everywhere=True)),
    "part of lines everywhere": lambda n: edited("xa\n" * n, Replace("a", "a\n", "b\n", everywhere=True)),
    "an exact block": lambda n: edited(numbered(n), Replace("a", numbered(n)[-10 * n :], "x\n")),
    "a shifted block": lambda n: edited(
        numbered(n), Replace("a", numbered(n // 2, "  value_{n} = compute({n})\n"), "")
    ),
    "slips in half of the lines": lambda n: edited(
        numbered(n), Replace("a", numbered(n).replace("0)\n", "0 )\n").replace("1)\n", "1 )\n"), "x\n")
    ),
    "one long line": lambda n: edited("ab" * n, Replace("a", "ba" * n + "\n", "x\n")),
    "one repeated line": lambda n: edited("a\n" * n, Replace("a", " a\n" * (n // 2) + "b\n", "x\n")),
    "one repeated line among blank ones": lambda n: edited(
        ("a" + "\n" * 20) * n, Replace("a", "a\n" * (n // 2) + " b\n", "x\n")
    ),
    "a line in many others": lambda n: edited("xaaaax\n" * n, Replace("a", "aaaa\n", "x\n")),
    "blank lines": lambda n: edited("\n" * n + "a\n", Replace("a", "\n" * n + "b\n", "\n" * n + "c\n")),
    "kept lines": lambda n: edited("x\n", Replace("a", "abc\n" * n, "abc\n" * (n // 2))),
    "line numbers": lambda n: edited("a\n" * n, Replace("a", "1 | b\n" * n, "1 | c\n" * n)),
    "look-alikes": lambda n: edited("\u201ca\u201d\n" * n, Replace("a", '"b"\n' * n, "x\n")),
    "omissions": lambda n: edited(
        numbered(n), Replace("a", numbered(n, "value_{n} = compute({n})\n...\n") + "x\n", "")
    ),
    "placeholders": lambda n: edited("b\n", Replace("a", "b\n", numbered(n, "# the rest of x {n} ...\n"))),
    "every occurrence": lambda n: edited("a\n" * n, Replace("a", "a\n", "b\nc\n", everywhere=True)),
    "indentation of many depths": lambda n: edited(
        "".join(" " * (k % 60) + f"{k}\n" for k in range(n)),
        Replace("a", "".join(" " * (k % 59) + f"{k}\n" for k in range(n)), numbered(n)),
    ),
    "a whole file": lambda n: edited("a\r\nb\n" * n, WriteWhole("a", "a\nc\n" * n)),
}


@pytest.mark.parametrize("shape", EDITS.values(), ids=EDITS.keys())
def test_edits_apply_in_linear_time(shape: Shape) -> None:
    assert_linear_shape(shape)


def manifest(path: str, piece: str) -> Shape:
    root = ("<a>", "</a>") if piece.endswith(">") else ("", "")
    return lambda n: partial(new_dependencies, [FileChange(path, None, (piece * n).join(root).encode())])


@pytest.mark.parametrize(
    ("path", "piece"),
    [
        ("package.json", '{"a":'),
        ("requirements.txt", "a==1\n"),
        ("requirements.txt", " "),
        ("pyproject.toml", "[a]\n"),
        ("Cargo.toml", "[[a.b]]\n"),
        ("go.mod", "\n"),
        ("go.mod", "a."),
        ("go.mod", "require a.b/c "),
        ("A.csproj", '<PackageReference Include="a" />'),
        ("pom.xml", "<dependency>\n"),
        ("pom.xml", "<dependency><artifactId>${a}</artifactId><version>${a}</version></dependency>"),
        ("build.gradle", "\n"),
        ("build.gradle", "api "),
        ("build.gradle", "\ntest"),
        ("Gemfile", "\n"),
        ("Gemfile", "gem 'a"),
        ("requirements.txt", "a[b"),
        ("requirements.txt", "a @ b"),
        ("libs.versions.toml", "[libraries]\n"),
    ],
)
def test_manifests_are_read_in_linear_time(path: str, piece: str) -> None:
    assert_linear_shape(manifest(path, piece))


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "def f_{n}(x):\n    return [x, {n}]\n"),
        ("a.py", "  x{n}\n"),
        ("a.ts", "const f_{n} = (x: number) => x + {n};\n"),
        ("a.go", "func f_{n}() int {{ return {n} }}\n"),
        ("a.json", "[{n},"),
        ("a.yaml", "key_{n}: [{n}]\n"),
        ("a.yaml", "- "),
        ("a.yaml", "[{n}],"),
        ("a.toml", "key_{n} = {n}\n"),
        ("a.yaml", "key_{n}: {n}\n"),
        ("a.jsonc", "/* "),
        ("a.jsonc", '"'),
        ("a.jsonc", ", "),
        ("a.jsonc", '["\\\\"],// x\n'),
        ("a.xml", "<a{n}>"),
        ("a.xml", "<!--"),
        ("a.xml", "<a b{n}='"),
        ("a.xml", "<!DOCTYPE a [<!ENTITY b{n} '&b;'>"),
        ("a.xml", "{{ a {{%"),
    ],
)
def test_syntax_is_checked_in_linear_time(path: str, text: str) -> None:
    def shape(size: int) -> Callable[[], object]:
        return partial(syntax_error, path, None, numbered(size, text))

    assert_linear_shape(shape, 500)


def section(text: str) -> Shape:
    return lambda n: partial(properties, "src/a.py", {".editorconfig": text.encode() * n}.get)


OTHERS: dict[str, Shape] = {
    "mixed line endings": lambda n: lambda: encode(decode(b"a\r\nb\nc\r" * n)),
    "no UTF-8": lambda n: lambda: decode(b"\xff\xe4" * n),
    "a rewritten text": lambda n: partial(rewritten, decode(b"a\r\nb\n" * n), "a\nb\n" * (n // 2) + "c\n" * n),
    "sections": section("[a*{b,c}[d]{1..3}]\nkey = value\n"),
    "a long section": section("["),
    "open braces": section("[" + "{" * 60 + "]\n"),
    "keys": section("key = value\n"),
    "moved lines": lambda n: partial(
        changed_lines, numbered(n), "".join(reversed(numbered(n).splitlines(keepends=True)))
    ),
    "repeated lines": lambda n: partial(changed_lines, "a\nb\n" * n, "b\na\n" * n),
    "a long path": lambda n: partial(problem, "a/" * n),
    "a broken YAML file": lambda n: partial(outlines, "a:\n" * n + "- }\n"),
    "YAML keys": lambda n: partial(outlines, numbered(n, "a{n}:\n- b\n")),
    "YAML aliases": lambda n: partial(
        outlines, f"a: &a\n{numbered(n, '  b{n}: 1' + chr(10))}" + numbered(n, "c{n}: [*a, *a]\n"), ["b"]
    ),
    "a long line with secrets": lambda n: lambda: list(secrets_in("a.env", [Added(1, "password = 'x' <a " * n)])),
    "a long line of letters": lambda n: lambda: list(secrets_in("a.env", [Added(1, "a" * 60 * n)])),
    "a long line of names": lambda n: lambda: list(secrets_in("a.env", [Added(1, "token" * n)])),
    "a long line of signs": lambda n: lambda: list(secrets_in("a.env", [Added(1, ";pwd = ://a:" * n)])),
    "a long line of keys": lambda n: lambda: list(secrets_in("a.env", [Added(1, "-----BEGIN PRIVATE KEY-----" * n)])),
    "a long line of web tokens": lambda n: lambda: list(secrets_in("a.env", [Added(1, "eyJaaaaaaaaaaa." * n)])),
    "known secrets": lambda n: (
        lambda: list(
            secrets_in(
                "a.env", [Added(k, f"password: 'a1b2c3{k}'") for k in range(n)], numbered(n, "password: 'a1b2c3{n}'\n")
            )
        )
    ),
    "moved lines between files": lambda n: partial(
        measure, [FileChange("a", numbered(n).encode(), None), FileChange("b", None, numbered(2 * n)[5:].encode())]
    ),
    "one line moved often": lambda n: partial(
        measure, [FileChange(str(k), b"a line\n" * n, None if k % 2 else b"a line\n") for k in range(20)]
    ),
    "many files with one line": lambda n: partial(
        measure, [FileChange(str(k), None if k % 2 else b"a line\n", b"a line\n" if k % 2 else None) for k in range(n)]
    ),
    "lines about sources": lambda n: partial(
        steering_files, [FileChange("requirements.txt", None, numbered(n, "a @ b{n} @ +a+://").encode() * 2)]
    ),
    "sources of packages": lambda n: partial(
        steering_files,
        [FileChange("package.json", None, json.dumps({"overrides": {str(k): "1" for k in range(n)}}).encode())],
    ),
    "a pipeline in many documents": lambda n: partial(is_pipeline, "a.yml", b"a: [b]\n---\n" * n),
    "lines with secrets": lambda n: lambda: list(secrets_in("a.env", [Added(1, "token: 'abcdefgh'")] * n)),
}


@pytest.mark.parametrize("shape", OTHERS.values(), ids=OTHERS.keys())
def test_other_foreign_text_takes_linear_time(shape: Shape) -> None:
    assert_linear_shape(shape, 100)
