"""Where a name is defined: by the grammar of the language, or by what a definition looks like where there is none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import dropwhile, takewhile
from operator import itemgetter
from typing import Final

import re2

from redimento.context.digest import defined_at
from redimento.context.languages import is_test, language, role
from redimento.context.segments import Segment
from redimento.context.spans import Span
from redimento.context.words import identifiers
from redimento.exploration.present import Present

# What most languages write before the name of a definition.
_KEYWORDS: Final = (
    "(?:def|class|func|fun|function|fn|sub|interface|struct|enum|trait|record|type|module|message|service)"
)
DEFINING: Final = re.compile(rf"\b{_KEYWORDS}\s")
CODE: Final = ("source", "test")
_NAME: Final = re.compile(r"[^\W\d][\w$-]*|\$[\w$]*")
_JOINT: Final = re.compile(r"::|[.:#]|->")
_AROUND: Final = re.compile(
    rf"^(?:{_KEYWORDS}\s+)?[.#@&*-]*|(?:\([^()]*\)|\[[^\[\]]*\])$"
)  # `class Cart`, `@cart`, `total()`
_LONGEST: Final = 200  # characters of a name with its containers
_MOST_FILES: Final = 60  # that are cut at their definitions
_MOST_IN_A_FILE: Final = 20
_UNKNOWN_LENGTH: Final = 25  # lines that are shown where no grammar says how long a definition is
_HEAD: Final = 4  # lines


@dataclass(frozen=True)
class Definition:
    """Lines `first` to `last` of a file define `name` (with its containers). `head`: its first lines.

    `signatures`: the heads of the definitions within it. `agreement`: how many of the containers asked for it has.
    """

    path: str
    name: str
    first: int
    last: int
    head: Span
    signatures: tuple[Span, ...]
    agreement: int


def name_parts(written: str) -> list[str]:
    """Return the parts of a name such as `Cart.total`, `Cart::total` or `Cart#total()`; nothing if it is none."""
    written = written.strip().strip("`'\"")
    if len(written) > _LONGEST:
        return []
    parts = _JOINT.split(_AROUND.sub("", written))
    return parts if all(map(_NAME.fullmatch, parts)) else []


def definitions(present: Present, parts: Sequence[str], paths: Sequence[str] | None = None) -> list[Definition]:
    """Return the definitions of a name in `paths` (all, if None), the one that is most likely meant first.

    `parts` are those of `name_parts`. Those whose containers agree with it come first, then source before tests; files
    take turns.
    """
    found: list[tuple[tuple[int, bool, int, int, int], Definition]] = []
    files = 0
    name = parts[-1]
    if paths is None:
        paths = present.affordable([path for path in present.promising() if role(path) in CODE])
    for path, content in present.searched(paths):
        if name.encode() not in content:
            continue
        lines = defined_at(content, language(path), name) or ([] if language(path) else list(_as_in_c(content, name)))
        if not lines:
            continue
        likely = present.best.get(path, len(present.best))
        for turn, one in enumerate(_definitions(present, path, content, lines, parts)):
            found.append(((-one.agreement, is_test(path), turn, likely, len(found)), one))
        files += 1
        if files == _MOST_FILES:
            break
    return [one for _, one in sorted(found, key=itemgetter(0))]


def enclosing(segments: Sequence[Segment], line: int) -> str:
    """Return the dotted name of the definition that holds `line`, "" if none does."""
    return next((segment.name for segment in segments if segment.first <= line <= segment.last), "")


def head(segment: Segment) -> Span:
    """Return the head of a definition: its last lines, if there are many."""
    return max(segment.first, segment.signature - _HEAD + 1), segment.signature


def _definitions(
    present: Present, path: str, content: bytes, lines: Sequence[int], parts: Sequence[str]
) -> Iterator[Definition]:
    segments = present.segments(path, content)
    rows = content.split(b"\n")
    for line in lines[:_MOST_IN_A_FILE]:
        here = list(dropwhile(lambda one: one.last < line, segments))  # noqa: B023 - used up at once
        name = here[0].name if here else ""
        if here and here[0].signature and name.rpartition(".")[2] == parts[-1]:
            inner = list(takewhile(lambda one: _continues(one, name), here[1:]))  # noqa: B023 - likewise
            signatures = tuple(head(one) for one in inner if one.signature)
            last = (inner or here[:1])[-1].last
            first, own = here[0].first, head(here[0])
        else:
            name = f"{name}.{parts[-1]}".strip(".")
            first, last, own, signatures = line, min(line + _UNKNOWN_LENGTH - 1, len(rows)), (line, line), ()
        heading = b" ".join(rows[own[0] - 1 : own[1]]).decode("utf-8", "replace")
        yield Definition(path, name, first, last, own, signatures, _agreement(path, name, heading, parts))


def _as_in_c(content: bytes, name: str) -> Iterator[int]:
    """Yield the lines that begin at the margin and have `name(`, but no semicolon: how C and its kin define functions."""
    pattern = re2.compile(rf"(?m)^[A-Za-z_](?:[\w:<>,*&~ \t]*[ \t*&:])?\Q{name}\E[ \t]*\([^;\n]*$".encode())
    position, number = 0, 1
    while found := pattern.search(content, position):
        number += content.count(b"\n", position, found.start())
        yield number
        position = found.end()


def _continues(segment: Segment, name: str) -> bool:
    """Return whether a segment is in the definition `name`; one of the same name with a head is an overload of it."""
    return segment.name.startswith(f"{name}.") or (segment.name == name and not segment.signature)


def _agreement(path: str, name: str, heading: str, parts: Sequence[str]) -> int:
    """Return how many of the containers a definition has: in its name, its path, or as the receiver in its heading."""
    have = {*name.split(".")[:-1], *path.partition(".")[0].split("/"), *identifiers(heading)}
    return len({part.lower() for part in parts[:-1]} & {part.lower() for part in have})
