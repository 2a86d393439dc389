"""The hunks of a change's source, each of which can be taken back alone. Comments and docstrings are no source."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from redimento.change.edit import FileChange
from redimento.change.guards.line_diff import blocks
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
_JOINED = 1  # lines at most between two differences of one hunk


@dataclass(frozen=True)
class Hunk:
    """Lines of one file that a change replaces. Positions are slices: `old` of the file before, `new` of the file after."""

    path: str
    old: tuple[int, int]
    new: tuple[int, int]

    @property
    def where(self) -> str:
        """Return the place as a reader finds it: path and first line of the new file."""
        return f"{self.path}:{self.new[0] + 1}"


def hunks_of(file: FileChange) -> tuple[Hunk, ...]:
    """Return the hunks of a source file that change code. A file that is new, gone or no text has one, or none."""
    before, after = text_of(file.before), text_of(file.after)
    if before is None or after is None:
        return ()
    if file.before is None or file.after is None:
        return (Hunk(file.path, (0, len(lines_of(before))), (0, len(lines_of(after)))),) if _has_code(file) else ()
    found = [Hunk(file.path, old, new) for old, new in _near_ones_joined(blocks(lines_of(before), lines_of(after)))]
    return tuple(hunk for hunk in found if not same_code(file.path, after, without(file, (hunk,))))


def without(file: FileChange, hunks: Sequence[Hunk]) -> str:
    """Return the new text of a file with some of its hunks taken back."""
    old, new = lines_of(text_of(file.before) or ""), lines_of(text_of(file.after) or "")
    for hunk in sorted(hunks, key=lambda hunk: hunk.new, reverse=True):
        new[slice(*hunk.new)] = old[slice(*hunk.old)]
    return "".join(new)


def text_of(content: bytes | None) -> str | None:
    """Return a file's text, "" for a file that is absent, None for one that is binary or too large to look at."""
    if content is None:
        return ""
    if len(content) > _LARGEST or b"\0" in content:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None


def lines_of(text: str) -> list[str]:
    """Return the lines of a text, each with its line end."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def same_code(path: str, one: str, other: str) -> bool:
    """Return whether two texts of a file differ in nothing but comments, docstrings and blank space."""
    meaning = _meaning_of(path)
    try:
        return one == other or meaning(one) == meaning(other)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False


def code_of(file: FileChange) -> str:
    """Return the new text of a file without comments, as far as its language is known."""
    text = text_of(file.after) or ""
    language = language_of(file.path)
    return " ".join(token.decode("utf-8", "replace") for token in _tokens(text, language)) if language else text


def _has_code(file: FileChange) -> bool:
    return not same_code(file.path, text_of(file.after if file.before is None else file.before) or "", "")


def _near_ones_joined(
    found: Sequence[tuple[tuple[int, int], tuple[int, int]]],
) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    pending: tuple[tuple[int, int], tuple[int, int]] | None = None
    for old, new in found:
        if pending is not None and new[0] - pending[1][1] <= _JOINED:
            pending = (pending[0][0], old[1]), (pending[1][0], new[1])
            continue
        if pending is not None:
            yield pending
        pending = old, new
    if pending is not None:
        yield pending


def _meaning_of(path: str) -> Callable[[str], object]:
    language = language_of(path)
    if language == "python":
        return _python_meaning
    if language:
        return lambda text: _tokens(text, language)
    return _bare_lines if path.rpartition(".")[2].lower() in _COMMENTED else _words


def _python_meaning(text: str) -> str:
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and docstring(node):
            node.body = node.body[1:]
    return ast.dump(tree)


def docstring(node: ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> ast.Expr | None:
    """Return the statement that is the docstring of a module, class or function."""
    first = node.body[0] if node.body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return first
    return None


def _tokens(text: str, language: str) -> list[bytes]:
    return [node.text or b"" for node in leaves(text.encode(), language) if "comment" not in node.type]


def leaves(source: bytes, language: str) -> list[Node]:
    """Return the tokens of a text in order, comments and whole strings included."""
    from tree_sitter import Parser  # noqa: PLC0415  a native library that most commands never need

    found: list[Node] = []
    stack = [Parser(grammar(language)).parse(source).root_node]
    while stack:
        node = stack.pop()
        if node.child_count and "comment" not in node.type and "string" not in node.type:
            stack.extend(reversed(node.children))
        else:
            found.append(node)
    return found


def _bare_lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n") if line.strip() and not _COMMENT.match(line)]


def _words(text: str) -> list[str]:
    return text.split()
