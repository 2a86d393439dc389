"""Read source: its text, its tokens, its Python tree, and whether two texts of it mean the same."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from redimento.change.edit import FileChange
from redimento.text.grammars import grammar, language_of

if TYPE_CHECKING:
    from tree_sitter import Node

_LARGEST = 1_000_000  # bytes; what is larger is generated, and parsing it takes seconds
_COMMENT = re.compile(r"^\s*(?:#|//|--|;|%|/?\*|<!--|\"\"\"|''')")
_WITH_COMMENTS = """
c h cc cpp hpp kt kts scala swift dart rb php pl lua sh bash ps1 sql r ex exs erl hs ml clj groovy vb fs yml yaml toml ini cfg
css scss less html xml vue svelte tf mk gradle cmake
"""
_COMMENTED = frozenset(_WITH_COMMENTS.split())
_OWNERS = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def lossy(content: bytes | None) -> str:
    """Return the text of any bytes, with LF; "" for a file that is absent."""
    return (content or b"").decode("utf-8", "replace").replace("\r\n", "\n")


def text_of(content: bytes | None) -> str | None:
    """Return a file's text, "" for a file that is absent, None for one that is binary or too large to look at."""
    if content is None:
        return ""
    if len(content) > _LARGEST or b"\0" in content:
        return None
    return content.decode("utf-8", "surrogateescape")  # Latin-1 is still common, and `bytes_of` gives its bytes back


def bytes_of(text: str) -> bytes:
    """Return the content of a file with a text that `text_of` has read."""
    return text.encode("utf-8", "surrogateescape")


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, each with its line end."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def syntax_tree(source: bytes, language: str) -> Node:
    """Return the root of what a grammar reads."""
    from tree_sitter import Parser  # noqa: PLC0415  a native library that most commands never need

    return Parser(grammar(language)).parse(source).root_node


def leaves(source: bytes, language: str) -> list[Node]:
    """Return the tokens of a text in order, comments and whole strings included."""
    found: list[Node] = []
    stack = [syntax_tree(source, language)]
    while stack:
        node = stack.pop()
        if node.child_count and "comment" not in node.type and "string" not in node.type:
            stack.extend(reversed(node.children))
        else:
            found.append(node)
    return found


def python_tree(text: str) -> ast.Module | None:
    """Return the tree of a Python file, None where it is no Python or nested too deep."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def docstrings(
    tree: ast.Module,
) -> Iterator[tuple[ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, ast.stmt]]:
    """Yield each module, class and function that has a docstring, with the statement that is it."""
    for node in ast.walk(tree):
        if isinstance(node, _OWNERS) and ast.get_docstring(node, clean=False) is not None:
            yield node, node.body[0]


def code_of(file: FileChange) -> str:
    """Return the new text of a file without comments, as far as its language is known."""
    text, language = text_of(file.after) or "", language_of(file.path)
    return " ".join(token.decode("utf-8", "replace") for token in _tokens(text, language)) if language else text


def same_code(path: str, one: str, other: str) -> bool:
    """Return whether two texts of a file differ in nothing but comments, docstrings and blank space."""
    try:
        return one == other or _meaning(path, one) == _meaning(path, other)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def _meaning(path: str, text: str) -> object:
    language = language_of(path)
    if language == "python":
        tree = ast.parse(text)
        for owner, _ in docstrings(tree):
            owner.body = owner.body[1:]
        return ast.dump(tree)
    if language:
        return _tokens(text, language)
    if path.rpartition(".")[2].lower() in _COMMENTED:
        return [line.strip() for line in text.split("\n") if line.strip() and not _COMMENT.match(line)]
    return text.split()


def _tokens(text: str, language: str) -> list[bytes]:
    return [node.text or b"" for node in leaves(bytes_of(text), language) if "comment" not in node.type]
