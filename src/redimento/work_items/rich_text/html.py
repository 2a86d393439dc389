"""Convert the rich text of a work item to Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeGuard

from redimento.text.foreign import plain
from redimento.work_items.rich_text.page import ELEMENTS, INLINE, STRUCK, STYLED, tidy
from redimento.work_items.rich_text.tags import tag_at, tags_in, unescape
from redimento.work_items.sections import FENCE

# Tags that the Azure Boards editors write and that mean nothing in Markdown.
_KNOWN = ELEMENTS | {"o:p", "html", "body", "head"}
_VOID = frozenset({"br", "hr", "img", "input"})
_STRUCK = re.compile(r"<(s|del|strike)>([^<>\n]{1,500})</\1>", re.IGNORECASE)
_PASTED = re.compile(
    r"!\[([^\[\]\n]{0,200})\]\(data:[^()\s]*+\)|<img\s[^<>]{0,300}?\bsrc\s{0,9}=\s{0,9}[\"']?data:[^<>]*+>",
    re.IGNORECASE,
)
_CODE_SPAN = re.compile(r"(?<!`)(`{1,8})(?!`)[^`\n]+\1(?!`)")
_MARK = r" {0,3}(?:#{1,6} |[-*+] |[0-9]{1,3}[.)] |\||> |```|~~~)"
_MARKDOWN_LINE = re.compile(rf"(?:\A|\n){_MARK}")
# Behind a tag at the start, only what no editor for HTML leaves in the source.
_MARKDOWN_BLOCK = re.compile(rf"\n {{0,3}}(?:#{{1,6}} \S|```|~~~)|\n[ \t]*\r?\n{_MARK}")
_BROKEN_SENTENCE = re.compile(r"[^>\s][ \t]*\r?\n[ \t]*[^<\s]|\n[ \t]*\r?\n")
_BULLET = re.compile(r"^([ ]*)[\u2022\u00b7\u25aa\u25e6\u2023\uf0b7]\s*(?=\S)")


def to_markdown(text: str, text_format: str = "") -> str:
    """Return the rich text of a work item as Markdown.

    `text_format`: "markdown" or "html" as API 7.2 names it, "" if unknown (7.1 gives no hint): judged by how the text begins.
    HTML without tags, as filled in over REST, has only its entities resolved. Never fails, takes linear time.
    """
    declared = text_format.casefold()
    if declared == "markdown" or not text.strip():
        return _as_markdown(text.strip(), str)
    if not (any(map(_is_known, tags_in(text))) if declared == "html" else is_html(text)):
        markdown = _as_markdown(text, unescape).replace("\xa0", " ")  # people paste them into code
        # An import may escape HTML a second time: then tags begin and end it.
        twice = "<" not in text and _is_known(tag_at(markdown, 0)) and _ends_with_tag(markdown)
        return to_markdown(markdown, "html") if twice else markdown
    from redimento.work_items.rich_text.converter import convert  # noqa: PLC0415  the parser takes 0.1 s to load

    return _settle(plain(convert(f"<body>{tidy(text)}</body>")))


def is_html(text: str) -> bool:
    """Return whether `text` is HTML rather than Markdown, judged by how it begins and by the tags outside code.

    An editor for HTML writes a tag first, or only words without line breaks before one. Markdown may hold tags as well.
    """
    if "<" not in text:
        return False
    bare = _outside_code(text, lambda part: part, code=lambda _: "")
    opened: set[str] = set()
    closed: set[str] = set()
    for tag in tags_in(bare):
        (closed if tag[1] else opened).add(tag[2].lower())
    if not (opened | closed) & _KNOWN:
        return False
    shown = text.strip()
    if shown.startswith("<!") or _is_known(tag_at(shown, 0)):
        return _ends_with_tag(shown) or _MARKDOWN_BLOCK.search(text) is None
    if "\n" in shown and (_MARKDOWN_LINE.search(text) or _BROKEN_SENTENCE.search(text)):
        return False
    return bool((opened & (_VOID | (_KNOWN - INLINE - STRUCK - STYLED))) | (opened & closed & _KNOWN))


def _as_markdown(text: str, read: Callable[[str], str]) -> str:
    """Return Markdown with what it strikes out as HTML marked, and without the bytes of pictures."""

    def change(part: str) -> str:
        return read(_PASTED.sub(r"[image: \1 (pasted into the text, not shown)]", _STRUCK.sub(r"~~\2~~", part)))

    return _outside_code(text, change)


def _ends_with_tag(text: str) -> bool:
    last = tag_at(text, max(text.rfind("<"), 0))
    return _is_known(last) and last.end() == len(text)


def _is_known(tag: re.Match[str] | None) -> TypeGuard[re.Match[str]]:
    return tag is not None and tag[2].lower() in _KNOWN


def _outside_code(text: str, change: Callable[[str], str], code: Callable[[str], str] = str) -> str:
    """Return `text` with what is no code of Markdown changed, and `code` applied to the rest."""
    shown: list[str] = []
    fence, deepest = "", 0
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if fence or mark:
            shown.append(code(line))
            if mark and not fence:  # in a list it is indented, and ends less than four spaces further in
                fence, deepest = mark[1], mark.start(1) + 3
            elif mark and mark[1].startswith(fence) and mark.start(1) <= deepest:
                fence = ""
            continue
        position, parts = 0, []
        for span in _CODE_SPAN.finditer(line):
            parts += [change(line[position : span.start()]), code(span[0])]
            position = span.end()
        shown.append("".join([*parts, change(line[position:])]))
    return "\n".join(shown)


def _settle(markdown: str) -> str:
    """Drop trailing white space and surplus empty lines outside code, and turn bullet glyphs into list marks."""
    lines: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        mark = FENCE.match(line.lstrip("-0123456789.> "))
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
            lines.append(line)
            continue
        fence = mark[1] if mark else ""
        if fence and line == fence and lines[-2:] == [fence, ""]:  # an editor that made each line a block of its own
            del lines[-2:]
            continue
        shown = _BULLET.sub(r"\1- ", line.rstrip())
        if shown or (lines and lines[-1]):
            lines.append(shown)
    return "\n".join(lines).strip("\n")
