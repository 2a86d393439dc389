"""Foreign text inside our Markdown: readable, but unable to change the page around it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from textwrap import wrap

from redimento.text import wording
from redimento.text.foreign import code, neutralise, one_line

_NUMBER_LINK = re.compile(r"([#!])(?=\d)")  # Azure links `#12` to a work item and `!12` to a pull request
_NUMBER_MARK = re.compile(r"([\w.)\]]?)([#!])(?=\d)")
_LANGUAGE = re.compile(r"\b([CFJ]#)(?=\d)")
_MARKS = re.compile(r"([\\`*_\[\]|~$])")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\(([^()]*)\)")
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]{1,19}:/|www\.|mailto:|\S@\w", re.IGNORECASE)
_OPENING, _CLOSING = "([{\"'<", ")]}\"'>.,;:!?"
_FENCE = re.compile(r"(`{3,}(?=[^`]*$)|~{3,})")
_BULLET = re.compile(r"([-*+]|\d{1,9}[.)]) +(?=\S)")
_BLOCK_MARK = re.compile(r"(\d{1,9}(?=[.)](?:\s|$)))?([-+#>=:.)])")
_COMMIT_WIDTH = 72


def quoted(parts: Sequence[str], most: int, *, markup: bool = True, language: str = "en") -> str:
    """Return the model's words, at most `most` characters of them, as one quotation: `> ` before every line.

    Code, code blocks and flat lists stay; everything else is shown as it was typed, and each part is balanced by itself
    after it was cut. Without `markup` the lines are plain text, wrapped for a commit message. "" for no words.
    """
    blocks: list[str] = []
    for part in parts:
        text = _cut(neutralise(part).strip(), most)
        most -= len(text)
        lines = list(_balanced(text) if markup else _wrapped(text, language))
        if lines:
            blocks.append("\n".join(f"> {line}".rstrip() for line in lines))
    return "\n>\n".join(blocks)


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[: most - 1].rstrip()}…" if most > 1 else ""


def _wrapped(text: str, language: str) -> Iterator[str]:
    for line in numberless(text, language).split("\n") if text else ():
        yield from wrap(line, _COMMIT_WIDTH - 2) or [""]


def _balanced(text: str) -> Iterator[str]:
    """Yield the lines of a text without a block that stays open, or that is none of the kinds we keep."""
    lines = iter(text.split("\n")) if text else iter(())
    empty = False
    for line in lines:
        stripped = line.strip()
        if opening := _FENCE.match(stripped):
            yield from _code_block(lines, opening[1])
        elif stripped or not empty:
            yield _text_line(stripped)
        empty = not stripped


def _code_block(lines: Iterator[str], opening: str) -> Iterator[str]:
    content: list[str] = []
    for line in lines:
        stripped = line.strip()
        if len(stripped) >= len(opening) and set(stripped) == {opening[0]}:
            break
        content.append(line)
    longest = max((len(run) for line in content for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (fence, *content, fence)


def _text_line(line: str) -> str:
    bullet = _BULLET.match(line)
    # Two bullets in a row could be a line across the page, or a list in a list.
    if bullet is None or line[bullet.end()] in "-*+":
        return _without_block_mark(line)
    words = _without_block_mark(line[bullet.end() :])
    mark = bullet[1] if bullet[1][0].isdigit() else "-"
    return f"{mark} {words}" if words else ""  # a bullet alone would underline the line above


def _without_block_mark(line: str) -> str:
    mark = _BLOCK_MARK.match(line)
    if mark is None:
        return _spans(line)
    return rf"{mark[1] or ''}\{mark[2]}{_spans(line[mark.end() :])}"


def inline(text: str, most: int = 200) -> str:
    """Return foreign text as one line of at most `most` characters before escaping; only code spans stay markup."""
    return _without_block_mark(_cut(one_line(text), most))


def _spans(line: str) -> str:
    return "".join(code(piece, len(piece)) if is_code else _escaped(piece) for piece, is_code in split_at_code(line))


def split_at_code(text: str) -> Iterator[tuple[str, bool]]:
    """Split text at its backticks; yield each piece and whether it is a code span."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # an unpaired backtick opens nothing
        pieces[-2:] = ["`".join(pieces[-2:])]
    return ((piece, index % 2 == 1) for index, piece in enumerate(pieces))


def _escaped(text: str) -> str:
    """Return text whose marks mean nothing; a link shows its address, and no address is a link."""
    text = _LINK.sub(r"\1 (\2)", text) if "](" in text else text
    return " ".join(_address(word) if _ADDRESS.search(word) else _plain_word(word) for word in text.split(" "))


def _address(word: str) -> str:
    bare = word.lstrip(_OPENING)
    address = bare.rstrip(_CLOSING)
    before, after = word[: len(word) - len(bare)], bare[len(address) :]
    return f"{_plain_word(before)}{code(address, len(word))}{_plain_word(after)}"


def _plain_word(text: str) -> str:
    escaped = _MARKS.sub(r"\\\1", text).replace("&", "&amp;").replace("<", "&lt;")
    return _NUMBER_LINK.sub(r"\\\1", escaped)


def numberless(text: str, language: str = "en") -> str:
    """Return foreign text for a place without Markdown, where `#12` would link or close an item: "no. 12"."""
    sign = wording.say("number_sign", language)

    def in_letters(found: re.Match[str]) -> str:
        before, mark = found[1], found[2]
        return f"{before}! " if mark == "!" else f"{before}{' ' if before else ''}{sign} "

    return _NUMBER_MARK.sub(in_letters, _LANGUAGE.sub(r"\1 ", neutralise(text)))


def units(text: str) -> int:
    """Return the length in UTF-16 units, as Azure DevOps counts it."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


wording.add_filter("quoted", quoted)
wording.add_filter("numberless", numberless)
wording.add_filter("inline", inline)
