"""Convert the rich text of a work item to Markdown."""

from __future__ import annotations

import re

from redimento.work_items.markup import ELEMENTS, LINES, TAG, tidy, unescape

# Tags that the Azure Boards editors write and that mean nothing in Markdown.
_KNOWN = ELEMENTS | {
    "span",
    "font",
    "u",
    "o:p",
    "html",
    "body",
    "head",
    "sup",
    "sub",
    "small",
    "mark",
    "tbody",
    "thead",
}
_BLOCK = LINES | {
    "p",
    "ul",
    "ol",
    "li",
    "table",
    "tr",
    "td",
    "th",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "pre",
    "blockquote",
}
_CODE_SPAN = re.compile(r"`[^`\n]+`")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_MARKDOWN_LINE = re.compile(r"\n {0,3}(?:#{1,6} |[-*+] |[0-9]{1,3}[.)] |\||> |```)")
_BULLET = re.compile(r"^([ ]*)[\u2022\u00b7\u25aa\u25e6\u2023\uf0b7]\s*(?=\S)")


def to_markdown(html: str) -> str:
    """Return the rich text of a work item as Markdown.

    Text without tags, including Markdown, is returned with only its entities resolved: Azure does not report which of
    the two formats a field uses (`multilineFieldsFormat` exists in 7.2-preview only). Never fails, takes linear time.
    """
    if not html.strip():
        return ""
    if not is_html(html):
        return unescape(html)
    from redimento.work_items.html_converter import convert  # noqa: PLC0415  the parser takes 0.1 s to load

    return _settle(convert(f"<body>{tidy(html)}</body>"))


def is_html(text: str) -> bool:
    """Return whether `text` is HTML rather than Markdown, judged by the tags outside code."""
    if "<" not in text:
        return False
    names = {tag[2].lower() for tag in TAG.finditer(_without_code(text))} & _KNOWN
    if not names:
        return False
    starts_with_tag = TAG.match(text.lstrip())
    if names & _BLOCK or (starts_with_tag and starts_with_tag[2].lower() in _KNOWN):
        return True
    return _MARKDOWN_LINE.search(text) is None


def _without_code(text: str) -> str:
    kept: list[str] = []
    fence = ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if fence:
            fence = "" if mark and line.strip().startswith(fence) else fence
            continue
        if mark:
            fence = mark[1]
            continue
        kept.append(_CODE_SPAN.sub("", line))
    return "\n".join(kept)


def _settle(markdown: str) -> str:
    """Drop trailing white space and surplus empty lines outside code, and turn bullet glyphs into list marks."""
    lines: list[str] = []
    fence = ""
    for line in markdown.split("\n"):
        mark = _FENCE.match(line.lstrip("-0123456789.> "))
        if fence:
            fence = "" if mark and mark[1].startswith(fence) else fence
            lines.append(line)
            continue
        fence = mark[1] if mark else ""
        shown = _BULLET.sub(r"\1- ", line.rstrip())
        if shown or (lines and lines[-1]):
            lines.append(shown)
    return "\n".join(lines).strip("\n")
