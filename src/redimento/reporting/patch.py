"""A patch of git as values: files, lines with their numbers, and what their syntax colours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Literal

from redimento.text.grammars import language_of
from redimento.verification.syntax import leaves

if TYPE_CHECKING:
    from tree_sitter import Node

Kind = Literal["hunk", "same", "added", "removed", "remark"]
Colour = Literal["", "keyword", "string", "number", "comment"]

_HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_KINDS: dict[str, Kind] = {" ": "same", "+": "added", "-": "removed", "\\": "remark"}
_LONGEST_LINE = 2_000  # characters that are shown of one line
_MOST_COLOURED = 1_000  # lines of a file: its grammar reads no more


@dataclass(frozen=True)
class Piece:
    """Characters of one colour."""

    text: str
    colour: Colour = ""


@dataclass(frozen=True)
class Line:
    """One line of a hunk, without its sign. `number`: in the new file, or in the old one if it is removed; 0 for neither."""

    kind: Kind
    number: int
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class PatchFile:
    """One file of a patch. `remarks`: lines of git beside the hunks, such as a rename or a binary file."""

    path: str
    lines: tuple[Line, ...]
    remarks: tuple[str, ...] = ()

    @property
    def added(self) -> int:
        return sum(line.kind == "added" for line in self.lines)

    @property
    def removed(self) -> int:
        return sum(line.kind == "removed" for line in self.lines)


def read_patch(patch: str) -> tuple[PatchFile, ...]:
    """Return the files of what `git diff` printed. Line numbers decide what belongs to a hunk, never its content."""
    lines = patch.removesuffix("\n").split("\n") if patch else []
    return tuple(_file(lines[start:stop]) for start, stop in pairwise([*_starts(lines), len(lines)]))


def _starts(lines: Sequence[str]) -> Iterator[int]:
    """Yield where each file starts: what looks like its first line inside a hunk has a sign before it."""
    if lines and not lines[0].startswith("diff --git "):
        yield 0
    yield from (number for number, line in enumerate(lines) if line.startswith("diff --git "))


def _file(lines: Sequence[str]) -> PatchFile:
    path = ""
    remarks: list[str] = []
    found: list[tuple[Kind, int, str]] = []
    old = new = old_left = new_left = 0
    for line in lines:
        kind = _KINDS.get(line[:1]) if line else "same"
        if kind == "remark" and found:
            found.append((kind, 0, line[1:].strip()))
        elif kind and (old_left > 0 or new_left > 0):
            found.append((kind, old if kind == "removed" else new, line[1:].removesuffix("\r")))
            old, old_left = (old + 1, old_left - 1) if kind != "added" else (old, old_left)
            new, new_left = (new + 1, new_left - 1) if kind != "removed" else (new, new_left)
        elif hunk := _HUNK.match(line):
            old, new = int(hunk[1]), int(hunk[3])
            old_left, new_left = (int(number or 1) for number in (hunk[2], hunk[4]))
            found.append(("hunk", 0, line))
        elif line.startswith(("--- ", "+++ ")):
            named = line[4:].removesuffix("\t")
            path = path if named == "/dev/null" else named.strip('"').removeprefix("a/").removeprefix("b/")
        elif line.startswith("diff --git "):
            path = line[11:][len(line[11:]) // 2 + 1 :].strip('"').removeprefix("b/")
        elif line and not line.startswith("index "):
            remarks.append(line)
    return PatchFile(path, tuple(_coloured(path, found)), tuple(remarks))


def _coloured(path: str, found: Sequence[tuple[Kind, int, str]]) -> Iterator[Line]:
    """Colour old and new source apart: a text that starts on a removed line must not go on in an added one."""
    texts = [text[:_LONGEST_LINE] + ("…" if len(text) > _LONGEST_LINE else "") for _, _, text in found]
    colours: dict[int, tuple[Piece, ...]] = {}
    language = language_of(path)
    for sides in (("removed", "same"), ("added", "same")) if language else ():
        places = [place for place, (kind, _, _) in enumerate(found) if kind in sides][:_MOST_COLOURED]
        colours |= zip(places, _pieces([texts[place] for place in places], language), strict=True)
    for place, (kind, number, _) in enumerate(found):
        yield Line(kind, number, colours.get(place) or (Piece(texts[place]),))


def _pieces(lines: Sequence[str], language: str) -> Iterator[tuple[Piece, ...]]:
    """Yield the pieces of each line. A grammar reads in linear time and recovers from what a hunk leaves out."""
    encoded = [line.encode(errors="replace") for line in lines]
    marks: list[list[tuple[int, int, Colour]]] = [[] for _ in encoded]
    for node in leaves(b"\n".join(encoded), language):
        (first, start), (last, stop), colour = node.start_point, node.end_point, _colour(node)
        for row in range(first, min(last, len(encoded) - 1) + 1) if colour else ():
            marks[row].append((start if row == first else 0, stop if row == last else len(encoded[row]), colour))
    for line, spans in zip(encoded, marks, strict=True):
        yield tuple(_cut_up(line, spans))


def _cut_up(line: bytes, spans: Sequence[tuple[int, int, Colour]]) -> Iterator[Piece]:
    end = 0
    for start, stop, colour in spans:
        if start > end:
            yield Piece(line[end:start].decode(errors="replace"))
        if stop > max(start, end):
            yield Piece(line[max(start, end) : stop].decode(errors="replace"), colour)
        end = max(end, stop)
    if line[end:]:
        yield Piece(line[end:].decode(errors="replace"))


def _colour(node: Node) -> Colour:
    kind = node.type
    if "comment" in kind:
        return "comment"
    if "string" in kind or kind in {"character_literal", "rune_literal", "char_literal"}:
        return "string"
    if kind in {"integer", "float", "number"} or kind.endswith(("integer_literal", "float_literal", "real_literal")):
        return "number"
    if (not node.is_named and kind.isalpha()) or kind in {"true", "false", "none", "null"}:
        return "keyword"
    return ""
