"""Three other forms of a changed source file, each of which unmasks a test that only seems to prove the change.

decoy       the old code with the new lines beside it as comments: a test that passes there reads the source
other text  the new code written differently: a test that fails there reads the source, or does not always pass
hollow      the new code with nothing in the functions it changes: a test that passes there runs none of them
"""

from __future__ import annotations

import ast
import base64
from collections.abc import Iterable, Sequence

from redimento.change.edit import FileChange
from redimento.text.grammars import grammar, language_of
from redimento.verification.hunks import Hunk, docstring, hunks_of, leaves, lines_of, text_of

_LINE_COMMENT = {
    "python": "#", "javascript": "//", "typescript": "//", "tsx": "//", "go": "//", "java": "//", "rust": "//", "csharp": "//",
}  # fmt: skip
_THROW = {
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
})  # fmt: skip
_BODIES = frozenset({"statement_block", "block", "constructor_body", "function_body"})
_RAISE = b"(_ for _ in ()).throw(NotImplementedError('hollow'))"
_PIECE = 100


def decoy(file: FileChange) -> str | None:
    """Return the old text with the new lines of each hunk before the old ones, as comments; None where none can be made."""
    mark = _LINE_COMMENT.get(language_of(file.path))
    before, after = text_of(file.before), text_of(file.after)
    if mark is None or before is None or after is None or file.after is None:
        return None
    if file.before is None:
        return "".join(f"{mark} {line}" for line in lines_of(after))
    old, new = lines_of(before), lines_of(after)
    for hunk in sorted(hunks_of(file), key=lambda hunk: hunk.old, reverse=True):
        at = hunk.old[0]
        indent = _indent(old[at]) if at < len(old) else ""
        comments = [f"{indent}{mark} {line.rstrip()}\n" for line in new[slice(*hunk.new)]]
        old[at:at] = comments
    return "".join(old)


def other_text(file: FileChange) -> str | None:
    """Return a text that behaves as the new one and has little in common with it; None where none can be made.

    Python's is packed, without docstrings, into one statement that runs it. Other languages get empty comments between the tokens
    of the changed lines.
    """
    after = text_of(file.after)
    language = language_of(file.path)
    if after is None or file.after is None or not language:
        return None
    if language == "python":
        return _packed(after)
    places = [hunk.new for hunk in hunks_of(file)]
    return _with_empty_comments(after, language, places)


def hollow(file: FileChange) -> str | None:
    """Return the new text with a throw in place of each function body that a hunk touches; None where there is none."""
    after = text_of(file.after)
    language = language_of(file.path)
    if after is None or file.after is None or not language:
        return None
    touched = [hunk for hunk in hunks_of(file) if hunk.path == file.path]
    return _hollow_python(after, touched) if language == "python" else _hollow_braces(after, language, touched)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())].rstrip("\n")


def _packed(text: str) -> str | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    lines = lines_of(text)
    spots = [
        (node, found)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and (found := docstring(node))
    ]
    for node, found in spots:
        # Only a docstring that has its lines to itself: what shares one stays.
        first, last = found.lineno - 1, (found.end_lineno or found.lineno)
        if lines[first][: found.col_offset].strip() or lines[last - 1].encode()[found.end_col_offset or 0 :].strip():
            continue
        filler = "" if isinstance(node, ast.Module) or len(node.body) > 1 else f"{_indent(lines[first])}pass"
        lines[first:last] = [f"{filler}\n", *["\n"] * (last - first - 1)]
    packed = base64.b64encode("".join(lines).encode()).decode()
    pieces = "\n".join(f'    "{packed[at : at + _PIECE]}"' for at in range(0, len(packed), _PIECE))
    return f"exec(compile(__import__('base64').b64decode(\n{pieces}\n), __file__, 'exec'))\n" if pieces else ""


def _with_empty_comments(text: str, language: str, places: Sequence[tuple[int, int]]) -> str:
    source = text.encode()
    tokens = leaves(source, language)
    out, at = bytearray(), 0
    for number, node in enumerate(tokens[:-1]):
        out += source[at : node.end_byte]
        at = node.end_byte
        following = tokens[number + 1]
        same_line = node.end_point[0] == following.start_point[0]
        changed = any(first <= node.end_point[0] < last for first, last in places)
        if (
            changed
            and same_line
            and not _is_delicate(node.type)
            and not _is_delicate(following.type)
            and not _in_text(node)
        ):
            out += b"/**/"
    return (bytes(out) + source[at:]).decode()


def _is_delicate(kind: str) -> bool:
    return (
        "string" in kind
        or "template" in kind
        or "regex" in kind
        or "jsx" in kind
        or kind in {"`", "${", "/", "comment"}
    )


def _in_text(node: object) -> bool:
    """Return whether a token lies in JSX, a template or a macro, where a comment would be content."""
    parent = getattr(node, "parent", None)
    while parent is not None:
        if any(word in parent.type for word in ("jsx", "template", "string", "regex", "macro", "attribute")):
            return True
        parent = parent.parent
    return False


def _hollow_python(text: str, touched: Iterable[Hunk]) -> str | None:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    places = [hunk.new for hunk in touched]
    functions = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and _touches_body(node.body[0].lineno, node.end_lineno or 0, places)
    ]
    lines = lines_of(text)
    emptied = _empty_lambdas(tree, lines, places) | _empty_constants(tree, lines, places)
    # The outermost of nested functions stands for all of them.
    last_line = 0
    chosen = []
    for node in sorted(functions, key=lambda node: node.lineno):
        if node.lineno > last_line:
            chosen.append(node)
            last_line = node.end_lineno or node.lineno
    for node in reversed(chosen):
        first = node.body[0].lineno - 1
        if first < node.lineno:  # `def f(): return 1` on one line
            continue
        indent = _indent(lines[first])
        lines[first : node.end_lineno] = [f"{indent}raise NotImplementedError('hollow')\n"]
        emptied = True
    return "".join(lines) if emptied else None


def _empty_lambdas(tree: ast.AST, lines: list[str], places: Sequence[tuple[int, int]]) -> bool:
    """Empty the lambdas on one line that a hunk touches, from the right; return whether there was one."""
    found = [
        node.body
        for node in ast.walk(tree)
        if isinstance(node, ast.Lambda) and node.body.lineno == node.body.end_lineno
        and _touches_body(node.body.lineno, node.body.lineno, places)
    ]  # fmt: skip
    for body in sorted(found, key=lambda body: (body.lineno, body.col_offset), reverse=True):
        line = lines[body.lineno - 1].encode()
        lines[body.lineno - 1] = (line[: body.col_offset] + _RAISE + line[body.end_col_offset :]).decode()
    return bool(found)


def _empty_constants(tree: ast.Module, lines: list[str], places: Sequence[tuple[int, int]]) -> bool:
    """Give the names that a hunk binds outside of functions a value that nobody expects."""
    owners: list[ast.Module | ast.ClassDef] = [
        tree,
        *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)),
    ]
    values = [
        node.value
        for owner in owners
        for node in owner.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        and node.lineno == node.end_lineno and _touches_body(node.lineno, node.lineno, places)
        and not any(isinstance(inner, ast.Lambda) for inner in ast.walk(node.value))
    ]  # fmt: skip
    for value in values:
        line = lines[value.lineno - 1].encode()
        lines[value.lineno - 1] = (line[: value.col_offset] + b"NotImplemented" + line[value.end_col_offset :]).decode()
    return bool(values)


def _touches_body(first: int, last: int, places: Sequence[tuple[int, int]]) -> bool:
    # A hunk that only takes lines away touches the place between two lines.
    return any(start < last and max(end, start + 1) >= first for start, end in places)


def _hollow_braces(text: str, language: str, touched: Iterable[Hunk]) -> str | None:
    from tree_sitter import Parser  # noqa: PLC0415  a native library that most commands never need

    source = text.encode()
    places = [hunk.new for hunk in touched]
    stack = [Parser(grammar(language)).parse(source).root_node]
    bodies: list[tuple[int, int, str]] = []
    while stack:
        node = stack.pop()
        body = node.child_by_field_name("body") if node.type in _FUNCTIONS else None
        throw = _throw(body.type, language) if body is not None else ""
        if body is not None and throw and _touches_body(body.start_point[0] + 1, body.end_point[0] + 1, places):
            bodies.append((body.start_byte, body.end_byte, throw))
            continue
        stack.extend(node.children)
    for start, end, throw in sorted(bodies, reverse=True):
        source = source[:start] + throw.encode() + source[end:]
    return source.decode() if bodies else None


def _throw(body: str, language: str) -> str:
    """Return what takes the place of a function's body, which may be an expression; "" where we know of nothing."""
    if body in _BODIES:
        return _THROW[language]
    if body == "arrow_expression_clause":  # C#
        return '=> throw new System.InvalidOperationException("hollow")'
    return f"(() => {_THROW[language]})()" if language in {"javascript", "typescript", "tsx"} else ""
