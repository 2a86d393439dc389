"""Whether anything in a test leads to the source: one that fails whatever the source does shows no fault of it."""

from __future__ import annotations

import ast
import builtins
import re
import sys
from collections.abc import Collection, Iterator
from itertools import pairwise
from textwrap import dedent
from unittest import TestCase

from redimento.text.grammars import language_of
from redimento.verification.altered_tests import declaration_in
from redimento.verification.evidence import TestResult
from redimento.verification.roles import is_test_path
from redimento.verification.syntax import bytes_of, leaves, python_tree, text_of

# Names of the runners and of the languages. A program that a test starts may be ours: `subprocess` leads to the source.
_OF_RUNNERS = frozenset({
    "pytest", "unittest", "tmp_path", "tmpdir", "monkeypatch", "self", "cls", "this", "assert", "expect", "should",
    "fail", "t", "b", "T", "testing", "test", "it", "describe", "done", "vi", "jest", "chai", "Assert", "Assertions",
    "Is", "Has", "Test", "Fact", "TestMethod", "Error", "AssertionError", "AssertionFailedError", "Exception",
    "undefined", "Promise", "Task", "assertEquals", "assertNotEquals", "assertTrue", "assertFalse", "assertNull",
    "assertNotNull", "assertSame", "assertThat", "assertThrows",
})  # fmt: skip
_OF_PYTHON = frozenset(dir(builtins)) - {"exec", "eval", "__import__"}
_OF_TEST_CASES = frozenset(dir(TestCase))
_STANDARD = sys.stdlib_module_names - {"subprocess", "multiprocessing", "importlib", "runpy"}
_MEMBER = frozenset({".", "?.", "::"})
_BINDS = frozenset({"as", "for", "const", "let", "var", "def", "func", "function", "class", "fn", "void"})


def leads_to_source(path: str, content: bytes | None, test: TestResult, existing: Collection[str]) -> bool:
    """Return whether the declaration of `test` in the file at `path` names anything but itself, its runner and what its language
    brings.

    `existing`: the paths of the untouched tree, which a text in the test may name. True where that cannot be told.
    """
    language, text = language_of(path), text_of(content)
    declared = dedent(declaration_in(path, content, test))
    if not language or not text or not declared:
        return True
    parts = {part for one in existing if not is_test_path(one) for part in one.split("/")}
    tokens = [
        (node.type, (node.text or b"").decode("utf-8", "replace")) for node in leaves(bytes_of(declared), language)
    ]
    if not any(
        "identifier" in kind for kind, _ in tokens
    ):  # a row of a table: the code that it is for stands elsewhere
        return True
    strings = [word for kind, word in tokens if "string" in kind]
    if any("{" in word or parts & {*re.split(r"[\s/\"'`]+", word)} for word in strings):  # "{": it may hold code
        return True
    own = {*_bound(tokens), *_OF_RUNNERS}
    if language == "python":
        own.update(_OF_PYTHON, _from_standard_library(text, parts))
    return not own.issuperset(_roots(tokens))


def _roots(tokens: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the names that stand for themselves, and the attributes of the test's own object."""
    for number, (kind, word) in enumerate(tokens):
        owner = tokens[number - 2][1] if number > 1 and tokens[number - 1][1] in _MEMBER else ""
        if "identifier" not in kind:
            continue
        if owner in {"self", "this"} and word not in _OF_TEST_CASES:
            yield f"{owner}.{word}"
        elif not owner and kind != "property_identifier":
            yield word


def _bound(tokens: list[tuple[str, str]]) -> Iterator[str]:
    """Yield the names that the declaration itself binds; the values that they get have names of their own."""
    for (_, first), (kind, second) in pairwise(tokens):
        if first in _BINDS and "identifier" in kind:
            yield second
        elif second in {"=", ":="}:
            yield first
    for (_, first), _, (kind, names) in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if first == "parametrize" and "string" in kind:
            yield from re.findall(r"\w+", names)


def _from_standard_library(text: str, parts: Collection[str]) -> Iterator[str]:
    """Yield the names that a Python file imports from the standard library, unless the tree has a module of that name."""
    tree = python_tree(text)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import | ast.ImportFrom):
            for one in node.names:
                module = (node.module or "." if isinstance(node, ast.ImportFrom) else one.name).partition(".")[0]
                if module in _STANDARD and not {module, f"{module}.py"} & {*parts}:
                    yield (one.asname or one.name).partition(".")[0]
