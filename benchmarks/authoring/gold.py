"""Merged changes as values: the blocks of each, and its files before and after."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["replace", "whole", "delete"]

_FENCE = re.compile(r"(`{3,})(\S*)")
_BLOCK = re.compile(
    r"<<<<<<< (SEARCH|WHOLE|DELETE)\n(.*?)^>>>>>>> (?:REPLACE|WHOLE|DELETE)\n", re.DOTALL | re.MULTILINE
)
_DIVIDE = re.compile(r"^=======\n", re.MULTILINE)
_TEST = re.compile(
    r"(?:^|/)(?:tests?|testing|__tests__|specs?|testdata|fixtures|__snapshots__)/"
    r"|(?:^|/)test_[^/]*$|[._-](?:tests?|spec)\.[^/]*$|(?:^|/)conftest\.py$"
)


@dataclass(frozen=True)
class Block:
    """One edit of a merged change: `old` and `new` are whole lines, each with its newline."""

    path: str
    kind: Kind
    old: str = ""
    new: str = ""

    @property
    def old_lines(self) -> list[str]:
        return lines_of(self.old)

    @property
    def new_lines(self) -> list[str]:
        return lines_of(self.new)


@dataclass(frozen=True)
class Case:
    """A work item and the change that was merged for it. `answer`: the change as a model would write it."""

    id: str
    set: str
    mirror: str
    commit: str
    title: str
    description: str
    criteria: tuple[str, ...]
    tree: str
    answer: str
    blocks: tuple[Block, ...]

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(block.path for block in self.blocks))


def read_cases(file: Path) -> list[Case]:
    return [_case(json.loads(line)) for line in file.read_text("utf-8").splitlines()]


def _case(value: Mapping[str, Any]) -> Case:
    bullets = re.split(r"\n\s*[-*]\s*", "\n" + (value.get("acceptance_criteria") or ""))
    return Case(
        id=value["id"],
        set=value["set"],
        mirror=value["mirror"],
        commit=value["base_commit"],
        title=value["title"],
        description=value["description"],
        criteria=tuple(bullet for bullet in bullets if bullet.strip()),
        tree=value["tree"],
        answer=value["answer"],
        blocks=tuple(blocks_of(value["answer"])),
    )


def blocks_of(answer: str) -> Iterator[Block]:
    """Yield the edit blocks of an answer without mistakes."""
    lines = answer.split("\n")
    number = 0
    while number < len(lines):
        opened = _FENCE.fullmatch(lines[number])
        number += 1
        if not opened:
            continue
        end = lines.index(opened[1], number)
        body, number = lines[number:end], end + 1
        if opened[2] == "json" and body and body[0].startswith("{"):
            continue
        for found in _BLOCK.finditer("\n".join(body[1:]) + "\n"):
            if found[1] == "SEARCH":
                old, new = _DIVIDE.split(found[2], maxsplit=1)
                yield Block(body[0], "replace", old, new)
            else:
                yield Block(body[0], "whole" if found[1] == "WHOLE" else "delete", "", found[2])


def after(blocks: Sequence[Block], before: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the files with the change, None for one that is gone."""
    files = dict(before)
    for block in blocks:
        if block.kind == "replace":
            files[block.path] = (files[block.path] or "").replace(block.old, block.new, 1)
        else:
            files[block.path] = block.new if block.kind == "whole" else None
    return files


def lines_of(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def place_of(lines: Sequence[str], wanted: Sequence[str]) -> int:
    """Return the index at which `wanted` stands in `lines` in one piece, -1 if nowhere."""
    lines, wanted = tuple(lines), tuple(wanted)
    size = len(wanted)
    starts = (at for at in range(len(lines) - size + 1) if lines[at] == wanted[0])
    return next((at for at in starts if lines[at : at + size] == wanted), -1)


def is_test(path: str) -> bool:
    return _TEST.search(path) is not None
