"""Cut a file at its definitions: parts that can be shown alone, and signatures that represent the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Final

from tree_sitter import Node, Parser, Query, QueryCursor

from redimento.text.grammars import grammar


@dataclass(frozen=True, slots=True)
class Segment:
    """Lines `first` to `last` (1-based, inclusive): a definition, or what is between two.

    `name` is the dotted name of the definition, "" between two. `signature` is the last line of its head, 0 if it has none.
    """

    first: int
    last: int
    name: str
    signature: int


@dataclass(frozen=True, slots=True)
class _Definition:
    first: int
    last: int
    name: str
    body: int  # the last line of the head: the one with the opening brace, or the one before an indented body
    container: bool


_SCRIPT: Final = (
    "[(function_declaration) (generator_function_declaration) (method_definition)"
    " (lexical_declaration (variable_declarator value: [(arrow_function) (function_expression)]))"
    " (expression_statement (assignment_expression right: [(arrow_function) (function_expression)]))"
    " (pair value: [(arrow_function) (function_expression)])] @leaf [(class_declaration)] @container"
    " (export_statement) @wrapper"
)
_TYPED: Final = (
    "[(function_declaration) (generator_function_declaration) (method_definition) (interface_declaration) (enum_declaration)"
    " (type_alias_declaration)"
    " (lexical_declaration (variable_declarator value: [(arrow_function) (function_expression)]))"
    " (public_field_definition value: [(arrow_function) (function_expression)])"
    " (pair value: [(arrow_function) (function_expression)])] @leaf"
    " [(class_declaration) (abstract_class_declaration)] @container (export_statement) @wrapper"
)
_QUERIES: Final = {
    "python": "[(function_definition)] @leaf [(class_definition)] @container (decorated_definition) @wrapper",
    "javascript": _SCRIPT,
    "typescript": _TYPED,
    "tsx": _TYPED,
    "go": "[(function_declaration) (method_declaration) (type_declaration)] @leaf",
    "java": (
        "[(method_declaration) (constructor_declaration)] @leaf"
        " [(class_declaration) (interface_declaration) (enum_declaration) (record_declaration)] @container"
    ),
    "rust": (
        "[(function_item) (struct_item) (enum_item) (macro_definition)] @leaf [(impl_item) (trait_item) (mod_item)] @container"
    ),
    "csharp": (
        "[(method_declaration) (constructor_declaration) (property_declaration) (indexer_declaration) (operator_declaration)"
        " (enum_declaration)] @leaf"
        " [(class_declaration) (struct_declaration) (interface_declaration) (record_declaration)] @container"
    ),
}
_ABOVE: Final = re.compile(rb"[ \t]*(?:#|//|/\*|\*|\[|@)")
_LONGEST: Final = 60  # lines: longer definitions are cut, so that a hit does not bring five hundred lines
_SHORTEST: Final = 8  # lines: shorter stretches between definitions join the one before
_STRETCH: Final = 30  # lines of a stretch without definitions
_DEEPEST: Final = 8  # containers in a name
_DEEPEST_NODE: Final = 2_000  # no definition is deeper; a query slows down beyond 65,535
_LONGEST_RUN: Final = 1_000  # bare tokens side by side; no program has more


def cut(content: bytes, language: str) -> tuple[Segment, ...]:
    """Cut a file into segments that cover every line once, in order; at blank lines if no grammar reads it."""
    lines = content.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if not lines:
        return ()
    definitions = _definitions(content, language) if language in _QUERIES else []
    return tuple(_segments(lines, definitions))


@cache
def _reader(language: str) -> tuple[Parser, Query]:
    return Parser(grammar(language)), Query(grammar(language), _QUERIES[language])


def _definitions(content: bytes, language: str) -> list[_Definition]:
    parser, query = _reader(language)
    root = parser.parse(content).root_node
    if _holds_long_run(root):
        return []
    cursor = QueryCursor(query)
    cursor.set_max_start_depth(_DEEPEST_NODE)
    captures = cursor.captures(root)
    # `Node.parent` would walk down from the root, which is quadratic for deeply nested code.
    wrapped = {child.id: wrapper for wrapper in captures.get("wrapper", ()) for child in wrapper.named_children}
    captured = [(node, kind) for kind, nodes in captures.items() if kind != "wrapper" for node in nodes]
    captured.sort(key=lambda pair: (pair[0].start_byte, -pair[0].end_byte))  # they come in no order
    found = [
        _definition(node, wrapped.get(node.id, node), content, container=kind == "container") for node, kind in captured
    ]
    found.sort(key=lambda definition: (definition.first, -definition.last))
    return found


def _holds_long_run(root: Node) -> bool:
    """Return whether many bare tokens follow each other, as in 600 kB of `(`: a query is quadratic in their number."""
    pending = [root]
    while pending:
        node = pending.pop()
        if node.child_count - node.named_child_count > _LONGEST_RUN:
            runs = groupby(node.children, key=lambda child: child.is_named)
            if any(sum(1 for _ in run) > _LONGEST_RUN for named, run in runs if not named):
                return True
        pending += [child for child in node.children if child.descendant_count > _LONGEST_RUN]
    return False


def _definition(node: Node, outer: Node, content: bytes, *, container: bool) -> _Definition:
    body = node.child_by_field_name("body")
    name = node.child_by_field_name("name") or node.child_by_field_name("type") or node.child_by_field_name("key")
    if name is None:
        declarator = next((child for child in node.named_children if child.child_by_field_name("name")), None)
        name = declarator.child_by_field_name("name") if declarator else None
    written = name.text.decode("utf-8", "replace") if name is not None and name.text else ""
    start = node.start_point.row + 1
    return _Definition(
        first=outer.start_point.row + 1,
        last=outer.end_point.row + 1,
        name=written[:80],
        body=_head_end(body, start, content) if body else start,
        container=container,
    )


def _head_end(body: Node, start: int, content: bytes) -> int:
    braced = content.startswith(b"{", body.start_byte)
    indented = body.type == "block" and body.start_point.row + 1 > start and not braced
    return body.start_point.row if indented else body.start_point.row + 1


def _segments(lines: Sequence[bytes], definitions: Sequence[_Definition]) -> list[Segment]:
    """Walk the outermost leaves in order; what is between them, such as class heads, becomes separate segments."""
    segments: list[Segment] = []
    containers: list[_Definition] = []
    position = 1  # the first line that is in no segment yet
    for definition in definitions:
        if definition.first < position and not definition.container:
            continue  # a function within a function, or a second definition on the line
        while containers and containers[-1].last < definition.first:
            containers.pop()
        prefix = ".".join(container.name for container in containers[-_DEEPEST:])
        name = f"{prefix}.{definition.name}" if prefix else definition.name
        if definition.container:
            if definition.first >= position:
                segments += _stretch(lines, position, definition.first - 1, prefix)
                head = max(definition.first, min(definition.body, definition.last))
                segments.append(Segment(definition.first, head, name, head))
                position = head + 1
            containers.append(definition)
            continue
        first = _with_comment(lines, position, definition.first)
        segments += _stretch(lines, position, first - 1, prefix)
        last = min(definition.last, len(lines))
        head = max(definition.first, min(definition.body, last))
        segments += _pieces(lines, Segment(first, last, name, head))
        position = last + 1
    segments += _stretch(lines, position, len(lines), "")
    return _joined(lines, segments)


def _joined(lines: Sequence[bytes], segments: Sequence[Segment]) -> list[Segment]:
    """Join each stretch that says nothing alone to the segment before it: blank lines, the first lines of a class."""
    joined: list[Segment] = []
    for segment in segments:
        before = joined[-1] if joined else None
        if before and not segment.signature and _belongs(lines, before, segment):
            joined[-1] = Segment(before.first, segment.last, before.name, before.signature)
        else:
            joined.append(segment)
    return joined


def _belongs(lines: Sequence[bytes], before: Segment, stretch: Segment) -> bool:
    length = stretch.last - stretch.first + 1
    if length < _SHORTEST and not any(line.strip() for line in lines[stretch.first - 1 : stretch.last]):
        return True
    in_head = before.signature == before.last and stretch.name == before.name
    return in_head and length <= _STRETCH


def _with_comment(lines: Sequence[bytes], earliest: int, first: int) -> int:
    """Return the first line of the comment or attributes directly above line `first`."""
    while first > earliest and _ABOVE.match(lines[first - 2]):
        first -= 1
    return first


def _stretch(lines: Sequence[bytes], first: int, last: int, name: str) -> list[Segment]:
    """Cut the lines between two definitions at blank lines."""
    found: list[Segment] = []
    start = first
    for number in range(first, last + 1):
        blank = not lines[number - 1].strip()
        length = number - start + 1
        if (blank and length >= _STRETCH) or length >= _LONGEST:
            found.append(Segment(start, number, name, 0))
            start = number + 1
    if start <= last:
        if found and last - start + 1 < _SHORTEST:
            found[-1] = Segment(found[-1].first, last, name, 0)
        else:
            found.append(Segment(start, last, name, 0))
    return found


def _pieces(lines: Sequence[bytes], whole: Segment) -> list[Segment]:
    """Cut a long definition about every `_LONGEST` lines, at the line with the least indentation."""
    if whole.last - whole.first + 1 <= _LONGEST * 3 // 2:
        return [whole]
    pieces: list[Segment] = []
    first = whole.first
    while whole.last - first + 1 > _LONGEST * 3 // 2:
        window = range(first + _LONGEST // 2, first + _LONGEST)
        last = min(window, key=lambda number: (_indentation(lines[number]), -number))
        pieces.append(Segment(first, last, whole.name, whole.signature if first == whole.first else 0))
        first = last + 1
    pieces.append(Segment(first, whole.last, whole.name, 0))
    return pieces


def _indentation(line: bytes) -> int:
    stripped = line.lstrip()
    return len(line) - len(stripped) if stripped else 0
