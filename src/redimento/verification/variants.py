"""Three other forms of a changed source file, each of which unmasks a test that only seems to prove the change.

decoy       the old code with the new lines beside it as comments: a test that passes there reads the source
other text  the new code written differently: a test that fails there reads the source, or does not always pass
hollow      the new code with nothing in the functions it changes: a test that passes there runs none of them
"""

from __future__ import annotations

import ast
import base64
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from redimento.change.edit import FileChange
from redimento.text.grammars import language_of
from redimento.verification.hunks import hunks_of
from redimento.verification.syntax import bytes_of, docstrings, leaves, lines_of, python_tree, syntax_tree, text_of

if TYPE_CHECKING:
    from tree_sitter import Node

# What takes the place of a function's body.
_THROW = {
    "python": "raise NotImplementedError('hollow')",
    "javascript": "{ throw new Error('hollow'); }",
    "typescript": "{ throw new Error('hollow'); }",
    "tsx": "{ throw new Error('hollow'); }",
    "java": '{ if (true) throw new IllegalStateException("hollow"); }',
    "csharp": '{ throw new System.InvalidOperationException("hollow"); }',
    "go": '{ panic("hollow") }',
    "rust": '{ panic!("hollow") }',
}
_FUNCTIONS = frozenset({
    "function_declaration", "generator_function_declaration", "function_expression", "function", "arrow_function", "method_definition",
    "method_declaration", "constructor_declaration", "local_function_statement", "func_literal", "function_item", "closure_expression",
    "function_definition", "lambda", "property_declaration", "indexer_declaration", "accessor_declaration", "operator_declaration",
    "conversion_operator_declaration",
})  # fmt: skip
_BODIES = frozenset({"statement_block", "block", "constructor_body", "function_body"})
# Where a comment would be content, or an error.
_DELICATE = ("string", "char", "template", "regex", "jsx", "macro", "attribute", "comment", "preproc")
_PIECE = 100


def decoy(file: FileChange) -> str | None:
    """Return the old text with the new lines of each hunk before the old ones, as comments; None where none can be made."""
    language = language_of(file.path)
    before, after = text_of(file.before), text_of(file.after)
    if not language or before is None or after is None or file.after is None:
        return None
    mark = "#" if language == "python" else "//"
    if file.before is None:
        return "".join(f"{mark} {line}" for line in lines_of(after))
    old, new = lines_of(before), lines_of(after)
    for hunk in sorted(hunks_of(file), key=lambda hunk: hunk.old, reverse=True):
        at = hunk.old[0]
        indent = _indent(old[at]) if at < len(old) else ""
        old[at:at] = [f"{indent}{mark} {line.rstrip()}\n" for line in new[slice(*hunk.new)]]
    return "".join(old)


def other_text(file: FileChange) -> str | None:
    """Return a text that behaves as the new one and has little in common with it; None where none can be made.

    Python's is packed, without docstrings, into one statement that runs it. Other languages get empty comments between the tokens
    of the changed lines.
    """
    after, language = text_of(file.after), language_of(file.path)
    if after is None or file.after is None or not language:
        return None
    return _packed(after) if language == "python" else _with_empty_comments(file, bytes_of(after), language)


def hollow(file: FileChange) -> str | None:
    """Return the new text with a throw in place of each function body that a hunk touches; None where there is none.

    In Python the names that a hunk binds outside of functions get a value that nobody expects, too.
    """
    after, language = text_of(file.after), language_of(file.path)
    if after is None or file.after is None or not language:
        return None
    source, places = bytes_of(after), [hunk.new for hunk in hunks_of(file)]
    waiting = [syntax_tree(source, language)]
    cuts: list[tuple[int, int, str]] = []
    while waiting:
        node = waiting.pop()
        part, instead = _emptied(node, language) or (None, "")
        if part is not None and _is_touched(part, places):
            cuts.append((part.start_byte, part.end_byte, instead))
        else:
            waiting.extend(node.children)
    for start, end, instead in sorted(cuts, reverse=True):
        source = source[:start] + instead.encode() + source[end:]
    return text_of(source) if cuts else None


def _is_touched(part: Node, places: Sequence[tuple[int, int]]) -> bool:
    # A hunk that only takes lines away touches the place between two lines.
    return any(start <= part.end_point[0] and max(end, start + 1) > part.start_point[0] for start, end in places)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())].rstrip("\n")


def _packed(text: str) -> str | None:
    text = re.sub("\r\n?", "\n", text)  # as Python counts lines
    tree = python_tree(text)
    if tree is None:
        return None
    lines = [line.encode() for line in lines_of(text)]
    for owner, found in docstrings(tree):
        first, last = found.lineno - 1, found.end_lineno or found.lineno
        rest = lines[last - 1][found.end_col_offset :]
        # Nothing but a docstring may stand before an import from __future__.
        filler = b"" if isinstance(owner, ast.Module) and not rest.strip() else b"0"
        lines[first:last] = [lines[first][: found.col_offset] + filler + rest, *[b""] * (last - first - 1)]
    packed = base64.b64encode(b"".join(lines)).decode()
    pieces = "\n".join(f'    "{packed[at : at + _PIECE]}"' for at in range(0, len(packed), _PIECE))
    return f"exec(compile(__import__('base64').b64decode(\n{pieces}\n), __file__, 'exec'))\n" if pieces else ""


def _with_empty_comments(file: FileChange, source: bytes, language: str) -> str | None:
    places = [hunk.new for hunk in hunks_of(file)]
    out, at = bytearray(), 0
    for node, following in pairwise(leaves(source, language)):
        out += source[at : node.end_byte]
        at, row = node.end_byte, node.end_point[0]
        if row == following.start_point[0] and any(first <= row < last for first, last in places):
            out += b"" if _is_delicate(node) or _is_delicate(following) else b"/**/"
    return text_of(bytes(out) + source[at:])


def _is_delicate(node: Node) -> bool:
    above: Node | None = node
    while above is not None and not any(word in above.type for word in _DELICATE):
        above = above.parent
    return above is not None or node.type == "/"


def _emptied(node: Node, language: str) -> tuple[Node, str] | None:
    """Return the part of a node that a hollow form exchanges, and for what; None for a node that it leaves."""
    if node.type in _FUNCTIONS:
        body = node.child_by_field_name("body") or node.child_by_field_name("value")
        throw = _throw(body.type, language) if body is not None else ""
        return (body, throw) if body is not None and throw else None
    value = node
    while value.type == "assignment" and (right := value.child_by_field_name("right")) is not None:
        value = right
    owner = node.parent.parent if node.parent is not None else None  # of the statement
    if value is node or owner is None or b"lambda" in (value.text or b"") or node.start_point[0] != value.end_point[0]:
        return None
    is_outside = owner.type == "module" or (owner.parent is not None and owner.parent.type == "class_definition")
    return (value, "NotImplemented") if is_outside else None


def _throw(body: str, language: str) -> str:
    """Return what takes the place of a function's body, which may be an expression; "" where we know of nothing."""
    if body in _BODIES:
        return _THROW[language]
    if body == "arrow_expression_clause":  # C#
        return '=> throw new System.InvalidOperationException("hollow")'
    if language == "python":
        return "(_ for _ in ()).throw(NotImplementedError('hollow'))"
    return f"(() => {_THROW[language]})()" if language in {"javascript", "typescript", "tsx"} else ""
