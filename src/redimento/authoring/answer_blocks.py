"""Parse edit blocks from a model's text in one pass over its lines: forgiving in form, never guessing content.

    path
    <<<<<<< SEARCH          also WHOLE, DELETE, RENAME
    old lines
    =======
    new lines
    >>>>>>> REPLACE

Marks may be longer than seven characters, so that a file that contains such lines can be written.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import dropwhile
from typing import Literal

from redimento.authoring.answer_paths import (
    looks_like_path,
    mentions_files,
    names_several,
    path_before,
    path_behind_mark,
    path_of_fence,
    path_of_line,
)
from redimento.change.edit import Delete, Edit, Rename, Replace, Undivided, WriteWhole

Kind = Literal["replace", "whole", "delete", "rename"]

_OPENERS: dict[str, Kind] = {
    **dict.fromkeys(("SEARCH", "ORIGINAL", "HEAD", "FIND"), "replace"),
    **dict.fromkeys(("WHOLE", "CREATE", "FILE"), "whole"),
    **dict.fromkeys(("DELETE", "REMOVE"), "delete"),
    **dict.fromkeys(("RENAME", "MOVE"), "rename"),
}
_CLOSERS = {*_OPENERS, "REPLACE", "UPDATED", "UPDATE", "REPLACEMENT", "END"}
_INDENTED = ("    ", "\t")  # no divider: more likely an underlined heading in a docstring
_SHORTEST_FENCE = 3
_SHORTEST_MARK = 5  # the prompt asks for seven, models miscount
# A mark of ours that is none: too short, turned around, or written twice in one line.
_SLIP = re.compile(r"\s*(?:<{4,}|>{4,}) ?(?:SEARCH|REPLACE|WHOLE)\b")
_NESTING_MARK = 9  # characters of the marks around a text that has such lines itself
_LONGEST_SLIP = 80
_MOST_DIVIDERS = 20  # each is a reading with a copy of the block
_WORDS = re.compile(r"(\w+)(?=[\s:]|$)(\s+ALL(?=[\s:]|$))?[\s:]*(.*)", re.IGNORECASE)
_GLUED_OPENING = re.compile(r"\s*(?:`{3,}|~{3,})[^<`]*(?=<{5})")
# Also without a fence. A pair of lines with --- and +++ alone only names a file.
_DIFF = re.compile(
    r"^[ \t]*+(?:@@ -\d|@@(?: .*@@)?$|diff --git |--- \S.*\n[ \t]*+\+\+\+ \S.*\n[-+ ]|\*\*\* (?:Begin Patch|(?:Update|Add|Delete) File:))",
    re.MULTILINE,
)
_COMMANDS = {"bash", "sh", "shell", "console", "text", "txt", "powershell", "pwsh", "cmd", "tree", "log", "output"}


@dataclass(frozen=True)
class Blocks:
    """The parsed edits. `outside`: the text around the blocks. `ended_inside`: the text ends in a block, which is dropped."""

    edits: tuple[Edit, ...]
    problems: tuple[str, ...]
    outside: str
    ended_inside: bool


@dataclass(frozen=True)
class _Mark:
    sign: str
    length: int
    word: str = ""
    everywhere: bool = False
    behind: str = ""  # the text behind the words


@dataclass
class _Block:
    kind: Kind
    mark: _Mark
    path: str
    fence: str  # around the block, "" if none
    indent: str = ""  # of the opening mark: a fence in a list is indented as a whole
    lines: list[str] = field(default_factory=list)


@dataclass
class _State:
    """The state of the pass over the lines."""

    edits: list[Edit] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    unmarked: list[str] = field(default_factory=list)  # the path of each fence without marks
    before: list[str] = field(default_factory=list)  # the lines since the last block
    outside: list[str] = field(default_factory=list)  # all lines outside of blocks
    block: _Block | None = None
    fence: str = ""  # the marks that opened the current fence
    language: str = ""
    inside_from: int = 0  # where in `before` its content begins
    path: str = ""  # of the last block, for further pairs of the same file


def read_blocks(text: str, *, truncated: bool = False) -> Blocks:
    """Parse every block of `text`, in order. `truncated`: the model was cut off, so an unclosed block is dropped."""
    state = _State()
    for line in text.split("\n"):
        if state.block is None:
            _outside(state, line)
        else:
            _inside(state, state.block, line)
    if state.block is not None and not truncated:
        cut = _closing_fence(state.block, last_line_only=True)
        if cut is not None:
            _finish(state, state.block, state.block.lines[:cut])
    written = {edit.path for edit in state.edits}
    unmarked = [
        f"The fence for {path} has no mark: put its lines between <<<<<<< WHOLE and >>>>>>> WHOLE, or use SEARCH/REPLACE."
        for path in state.unmarked
        if path not in written
    ]
    outside = "\n".join(state.outside)
    diffs = ["A diff cannot be applied: write SEARCH/REPLACE blocks instead."] if _DIFF.search(outside) else []
    return Blocks(tuple(state.edits), (*state.problems, *diffs, *unmarked), outside, state.block is not None)


def _mark(line: str) -> _Mark | None:
    """Parse a line as a mark; None for any other line."""
    text = line.strip()
    sign = text[:1]
    if sign == ">":
        text = text.rstrip("`~")  # a fence that is glued to the mark
    if sign not in {"<", "=", ">"} or not text.startswith(sign * _SHORTEST_MARK):
        return None
    rest = text.lstrip(sign)
    length = len(text) - len(rest)
    said = rest.strip(" :<>=")
    if sign == "=":
        indented = line.startswith(_INDENTED)
        return None if said or indented else _Mark(sign, length)
    if not said:
        return None if sign == "<" else _Mark(sign, length)
    words = _WORDS.match(said)
    if words is None or words[1].upper() not in (_OPENERS if sign == "<" else _CLOSERS):
        return None
    return _Mark(sign, length, words[1].upper(), everywhere=bool(words[2]), behind=words[3])


def _outside(state: _State, line: str) -> None:
    if glued := _GLUED_OPENING.match(line):
        _outside(state, glued[0])
        line = line[glued.end() :]
    mark = _mark(line)
    if mark is not None and mark.sign == "<":
        _open(state, mark, line)
        return
    if mark is not None and mark.sign == ">" and mark.word:
        _close_unopened(state, mark)
        return
    bare = line.strip()
    if bare.startswith(("```", "~~~")):
        info = bare.lstrip(bare[0])
        if state.fence and not info and bare.startswith(state.fence):
            _leave_fence(state)
        elif not state.fence or info:
            state.fence = bare[: len(bare) - len(info)]
            state.language = (info.split() or [""])[0].lower()
            state.inside_from = len(state.before) + 1
    state.before.append(line)
    state.outside.append(line)


def _open(state: _State, mark: _Mark, line: str) -> None:
    kind = _OPENERS[mark.word]
    path = path_behind_mark(mark.behind) or path_before(state.before) or path_of_line(mark.behind)
    # A further pair for the same file, unless the lines between mention other files.
    if not path and kind == "replace" and not mentions_files(state.before):
        path = state.path
    indent = line[: len(line) - len(line.lstrip())]
    state.block = _Block(kind, mark, path, fence=state.fence, indent=indent)
    state.before.clear()
    state.inside_from = 0


def _leave_fence(state: _State) -> None:
    """Report a fence with a path but no mark: it may have been meant as an edit."""
    lines = [line for line in state.before[state.inside_from :] if line.strip()]
    if (
        len(lines) > 1
        and state.language not in _COMMANDS
        and not any(map(_DIFF.match, lines))
        and (path := path_of_fence(state.before, state.inside_from, lines[0]))
    ):
        state.unmarked.append(path)
    state.fence = ""


def _inside(state: _State, block: _Block, line: str) -> None:
    mark = _mark(line)
    if mark is not None and mark.sign == ">" and _closes(block, mark):
        _finish(state, block, block.lines)
        if state.fence and line.rstrip().endswith(state.fence):
            _outside(state, state.fence)
        return
    if mark is not None and mark.sign == "<" and mark.length == block.mark.length:
        # The opening mark was written twice, unless the old text begins with the mark of a merge conflict.
        if mark.word == block.mark.word and not any(map(str.strip, block.lines)):
            block.lines.clear()
            return
        cut = _closing_fence(block)
        if cut is not None:
            after = block.lines[cut + 1 :]
            _finish(state, block, block.lines[:cut])
            state.before.extend(after)
        else:
            state.problems.append(
                f"The {block.mark.word} block for {block.path or 'a file'} was never closed: write the whole block again."
            )
            state.block = None
        _open(state, mark, line)
        return
    block.lines.append(line)


def _closes(block: _Block, mark: _Mark) -> bool:
    return mark.length == block.mark.length or (bool(mark.word) and abs(mark.length - block.mark.length) == 1)


def _closing_fence(block: _Block, *, last_line_only: bool = False) -> int | None:
    """Return the line that closes the fence around a block without a closing mark.

    A Markdown file may contain fences itself: only a longer fence, or the last line of the answer, ends it.
    """
    if not block.fence or (_may_hold_fences(block.path) and len(block.fence) == _SHORTEST_FENCE and not last_line_only):
        return None
    inner = False
    for number, line in enumerate(block.lines):
        text = line.strip()
        if not text.startswith(block.fence):
            continue
        if text.strip(text[0]):
            inner = True
        elif inner:
            inner = False
        else:
            return None if last_line_only and any(map(str.strip, block.lines[number + 1 :])) else number
    return None


def _finish(state: _State, block: _Block, lines: Sequence[str]) -> None:
    state.block = None
    state.path = block.path or state.path
    edit = _edit(block, block.path, lines)
    if isinstance(edit, str):
        state.problems.append(edit)
    else:
        state.edits.append(edit)


def _edit(block: _Block, path: str, lines: Sequence[str]) -> Edit | str:
    """Return the edit of a block, or what is wrong with it."""
    if not path:
        return f"A {block.mark.word} block has no path: write it as the first line inside the fence, before the mark."
    if block.mark.length < _NESTING_MARK and (slip := next(filter(_SLIP.match, lines), "")):
        return (
            f'A block for {path} has the line "{slip.strip()[:_LONGEST_SLIP]}" in its text: end it with its own mark. '
            "If the line belongs to the file, write the marks of the block with nine characters each."
        )
    match block.kind:
        case "whole":
            return WriteWhole(path, _text(_without_fence(path, _dedented(lines, block.indent))))
        case "delete":
            inside = next((path_of_line(line) for line in lines if line.strip()), "")
            if looks_like_path(inside) and inside != path:
                return f"A DELETE block names {path} and {inside}: write one path before its mark, and nothing inside."
            return Delete(path)
        case "rename":
            return _rename(path, [line for line in lines if line.strip()])
        case "replace":
            return _pair(block, path, lines)


def _rename(path: str, lines: Sequence[str]) -> Edit | str:
    new = path_of_line(lines[0]) if lines else ""
    if not new:
        return f"The RENAME block for {path} has no new path: write it between the marks."
    if len(lines) > 1 or names_several(new):
        return f"The RENAME block for {path} has more than one new path: write one path between the marks, and nothing else."
    return Rename(path, new)


def _pair(block: _Block, path: str, lines: Sequence[str]) -> Edit | str:
    dividers = _dividers(lines, block.mark.length)
    if not dividers:
        return f"A SEARCH block for {path} has no ======= line between the old and the new lines."
    if len(dividers) > _MOST_DIVIDERS:
        return (
            f"A SEARCH block for {path} has {len(dividers)} ======= lines, and it is not clear which one divides it: "
            "write its marks with nine characters each."
        )
    # The file may contain such lines itself (underlined headings): only the file shows which line divides the block.
    readings = tuple(
        (_text(_without_fence(path, lines[:number])), _text(_without_fence(path, lines[number + 1 :])))
        for number in dividers
    )
    if len(readings) > 1:
        return Undivided(path, readings, everywhere=block.mark.everywhere)
    return Replace(path, *readings[0], everywhere=block.mark.everywhere)


def _dedented(lines: Sequence[str], indent: str) -> Sequence[str]:
    """Remove the indentation of a list around the block from all lines."""
    if not indent or not all(line.startswith(indent) for line in lines if line.strip()):
        return lines
    return [line.removeprefix(indent) for line in lines]


def _dividers(lines: Sequence[str], length: int) -> list[int]:
    """Return the lines that may divide the block, preferring those as long as its opening mark."""
    marks = [(number, mark.length) for number, line in enumerate(lines) if (mark := _mark(line)) and mark.sign == "="]
    return [number for number, size in marks if size == length] or [n for n, size in marks if abs(size - length) == 1]


def _without_fence(path: str, lines: Sequence[str]) -> Sequence[str]:
    """Remove a fence inside the marks; in Markdown it belongs to the file."""
    if _may_hold_fences(path) or not lines[1:]:
        return lines
    opens, closes = lines[0].strip(), lines[-1].strip()
    fenced = opens.startswith("```") and closes.startswith("```") and not closes.strip("`")
    return lines[1:-1] if fenced else lines


def _may_hold_fences(path: str) -> bool:
    return path.lower().endswith((".md", ".markdown", ".mdx", ".rst"))


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _close_unopened(state: _State, mark: _Mark) -> None:
    """Parse a block without its opening mark: path, old lines, divider, new lines; or path and lines."""
    inside = state.before[state.inside_from :] if state.fence else []
    lines = list(dropwhile(lambda line: not line.strip(), inside))
    state.before.clear()
    state.inside_from = 0
    if not lines:
        return  # the closing mark was written twice
    path = path_of_line(lines[0])
    kind = _OPENERS.get(mark.word, "replace")
    if looks_like_path(path) and kind in {"replace", "whole"}:
        _finish(state, _Block(kind, _Mark("<", mark.length, mark.word), path, state.fence), lines[1:])
    else:
        state.problems.append(f"The closing mark >>>>>>> {mark.word} has no opening mark: write the whole block again.")
