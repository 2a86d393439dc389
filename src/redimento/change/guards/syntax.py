"""The syntax gate: a file that parsed before must still parse, and a new file must parse."""

from __future__ import annotations

import ast
import time
import warnings
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from redimento.change.guards.data_syntax import Check, check_for
from redimento.text.grammars import grammar, language_of

# Error recovery can take cubic time (40 kB of "a<" in C#: 20 s); an honest file of a megabyte takes half a second.
_LONGEST_PARSE = 5.0  # seconds
_PIECE = 65_536  # bytes passed to the parser at a time
_DEEPEST = 500  # levels of nesting; no honest file goes deeper, and recursive parsers may overflow


def syntax_error(path: str, before: str | None, after: str) -> str:
    """Return the first syntax error of `after` and its line, "" if there is none or no parser for the file.

    A file that did not parse before (another dialect, a template) is not checked.
    """
    check = _checker(path, before)
    if check is None:
        return ""
    error = check(after)
    if not error or (before is not None and check(before)):
        return ""
    return error


def _checker(path: str, before: str | None) -> Check | None:
    name = PurePosixPath(path).name.lower()
    if name.endswith((".py", ".pyi")):
        return _python_error
    if language := language_of(name):
        return lambda text: _tree_error(text, language)
    if name.endswith(".json5"):  # an expression of JavaScript (spec.json5.org)
        return lambda text: _tree_error(f"({text})", "javascript")
    return check_for(path, before)


def _python_error(text: str) -> str:
    """Check with Python's own parser. What it rejects may be newer syntax, so the grammar decides.

    The grammar does not see wrong indentation, so there the parser decides.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except IndentationError as error:
        return f"line {error.lineno}: {error.msg}"
    except SyntaxError as error:
        return _tree_error(text, "python") and f"line {error.lineno}: {error.msg}"
    except (RecursionError, MemoryError, ValueError):
        return _tree_error(text, "python")
    return ""


def _tree_error(text: str, language: str) -> str:
    """Return the first error that the grammar reports."""
    source = text.encode("utf-8", "replace")
    deadline = time.monotonic() + _LONGEST_PARSE
    parser = _parser(language)
    try:
        tree = parser.parse(
            lambda offset, _: source[offset : offset + _PIECE], progress_callback=lambda *_: time.monotonic() > deadline
        )
    except ValueError:
        parser.reset()
        return "it takes too long to parse"
    node = tree.root_node
    if not node.has_error:
        return ""
    for _ in range(_DEEPEST):
        if node.is_missing:
            return f'line {node.start_point[0] + 1}: "{node.type}" is missing'
        if node.is_error:
            break
        node = next((child for child in node.children if child.has_error or child.is_missing), None) or node
    line = node.start_point[0]
    near = "".join(text.split("\n")[line : line + 1]).strip()[:120]
    return f'line {line + 1}: cannot be parsed near "{near}"'


@cache
def _parser(language: str) -> Any:
    from tree_sitter import Parser  # noqa: PLC0415  # a native library that most commands never need

    return Parser(grammar(language))
