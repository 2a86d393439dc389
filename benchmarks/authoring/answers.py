"""What the oracle writes: good answers, malformed ones, and edits with one wrong line."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.authoring.gold import Block, lines_of

Flaw = Literal["", "prose", "cut head", "no path", "diff"]

FLAWS_OF_EDITS: tuple[Flaw, ...] = ("prose", "cut head", "no path", "diff")
FLAWS_OF_HEADS: tuple[Flaw, ...] = ("prose", "cut head")

_PROSE = (
    "The cause is clear to me now. The condition is wrong in one place and has to be turned around; I have adapted the tests "
    "as well, and all of them should pass."
)
_WORD = re.compile(r"\b[A-Za-z_]\w{3,}\b")
_NUMBER = re.compile(r"\b\d{1,4}\b")
_FENCES = re.compile("`{3,}")
_KEYWORD_LIST = (
    "return import from class elif else while with yield async await const function export default public static final void "
    "func type struct interface package range defer this self super None True False null true false"
)
_KEYWORDS = frozenset(_KEYWORD_LIST.split())


@dataclass(frozen=True)
class Written:
    """An edit as it is sent: the gold block with its number, and the texts that stand in the answer."""

    number: int
    block: Block


def rendered(head: Mapping[str, Any], edits: Sequence[Written], flaw: Flaw, rng: random.Random) -> str:
    said = json.dumps(head, ensure_ascii=False)
    if flaw == "prose":
        return _PROSE
    if flaw == "cut head":
        return "```json\n" + said[: max(14, len(said) // 2)]
    if flaw == "diff":
        return "".join(["Here is the change:\n", *(_diff(edit.block) for edit in edits)])
    by_path: dict[str, list[str]] = {}
    for edit in edits:
        by_path.setdefault(edit.block.path, []).append(marked(edit.block))
    nameless = rng.choice(list(by_path)) if flaw == "no path" else None
    fences = [_fenced(path, "\n".join(texts), named=path != nameless) for path, texts in by_path.items()]
    return "\n\n".join([f"```json\n{said}\n```", *fences]) + "\n"


def marked(block: Block) -> str:
    if block.kind == "delete":
        return "<<<<<<< DELETE\n>>>>>>> DELETE"
    if block.kind == "whole":
        return f"<<<<<<< WHOLE\n{block.new}>>>>>>> WHOLE"
    return f"<<<<<<< SEARCH\n{block.old}=======\n{block.new}>>>>>>> REPLACE"


def mutated(block: Block, seed: str) -> str | None:
    """Return the new text with one of its new lines made wrong: a number one higher, or an identifier with `_x`."""
    old, lines = set(block.old.split("\n")), block.new.split("\n")
    fresh = [number for number, line in enumerate(lines) if line.strip() and line not in old]
    rng = random.Random(seed)
    rng.shuffle(fresh)
    for number in fresh:
        if made := _wrong(lines[number], rng):
            return "\n".join([*lines[:number], made, *lines[number + 1 :]])
    return None


def _wrong(line: str, rng: random.Random) -> str | None:
    if number := _NUMBER.search(line):
        return f"{line[: number.start()]}{int(number[0]) + 1}{line[number.end() :]}"
    words = [word for word in _WORD.finditer(line) if word[0] not in _KEYWORDS]
    if not words:
        return None
    end = rng.choice(words).end()
    return f"{line[:end]}_x{line[end:]}"


def _fenced(path: str, body: str, *, named: bool) -> str:
    fence = "`" * (max([2, *map(len, _FENCES.findall(body))]) + 1)
    name = path.rpartition("/")[2]
    language = name.rpartition(".")[2] if "." in name else ""
    lines = [f"{fence}{language}", *([path] if named else []), body, fence]
    return "\n".join(lines)


def _diff(block: Block) -> str:
    """Return an unfenced unified diff of the block as a whole."""
    gone = [f"-{line}\n" for line in lines_of(block.old)] if block.old else []
    come = [f"+{line}\n" for line in lines_of(block.new)] if block.new else []
    head = f"--- a/{block.path}\n+++ b/{block.path}\n@@ -1,{len(gone)} +1,{len(come)} @@\n"
    return "".join([head, *gone, *come])
