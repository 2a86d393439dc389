"""Rich text of a work item as Markdown."""

from __future__ import annotations

import re
from typing import Any

from markdownify import MarkdownConverter

from redimento.work_items.markup import ELEMENTS, LINES, TAG, tidy, unescape

# Tags that the editors of Azure Boards write and that carry nothing.
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
_BACKTICKS = re.compile(r"`+")
_LEADING_LINE = re.compile(r"^(.*)$", re.MULTILINE)


def to_markdown(html: str) -> str:
    """Return the rich text of a work item as Markdown.

    Text without tags, Markdown among it, comes back as it is but for entities; Azure does not say in which of the two a
    field is written (`multilineFieldsFormat` exists in 7.2-preview only). Any input gives a text, in linear time.
    """
    if not html.strip():
        return ""
    if not is_html(html):
        return unescape(html)
    converter = _Converter(
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        heading_style="atx",
        table_infer_header=True,
        wrap=True,  # without it a run of white space takes quadratic time; the width None wraps nothing
        wrap_width=None,
    )
    return _settle(converter.convert(f"<body>{tidy(html)}</body>"))


def is_html(text: str) -> bool:
    """Tell whether `text` is HTML rather than Markdown, by the tags that stand outside of code."""
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
    """Drop trailing white space and surplus empty lines outside of code, and turn bullet glyphs into list marks."""
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


class _Converter(MarkdownConverter):
    """Where the rules of markdownify do not fit the texts of work items, or are slow for long ones."""

    def convert_div(self, _el: Any, text: str, parent_tags: set[str]) -> str:
        """Write a line: the editors of Azure Boards put each one into a `<div>`, an empty one for an empty line."""
        if "_inline" in parent_tags:
            return f" {text.strip()} "
        stripped = text.strip("\n ")
        return f"\n{stripped}\n" if stripped else "\n\n"

    convert_section = convert_article = convert_figure = convert_header = convert_footer = convert_div
    convert_main = convert_address = convert_figcaption = convert_div

    def convert_br(self, el: Any, _text: str, parent_tags: set[str]) -> str:
        if "_inline" in parent_tags:
            return " "
        previous = el.previous_sibling
        return "\n\n" if previous is not None and previous.name == "br" else "\n"

    def convert_pre(self, el: Any, _text: str, parent_tags: set[str]) -> str:
        code = el.get_text()
        if "_inline" in parent_tags:
            return f" `{' '.join(code.split())}` "
        fence = "`" * max(3, 1 + max(map(len, _BACKTICKS.findall(code)), default=0))
        return f"\n\n{fence}{' '.join(el.get('class', []))}\n{code}\n{fence}\n\n"

    def convert_li(self, el: Any, text: str, **_: Any) -> str:
        """Write an item with the number that it was given: counting the items before it is quadratic."""
        mark = f"{el['value']}. " if el.get("value") else "- "
        content = text.strip()
        if not content:
            return "\n"
        indented = _LEADING_LINE.sub(lambda line: " " * len(mark) + line[1] if line[1] else "", content)
        return f"{mark}{indented[len(mark) :]}\n"

    def convert_img(self, el: Any, _text: str, **_: Any) -> str:
        address = el.get("src", "")
        return f"![{el.get('alt', '')}]({address})" if address else f"[image: {el.get('alt', '')}]"

    def convert_td(self, el: Any, text: str, **_: Any) -> str:
        cell = " ".join(text.split()).replace("|", "\\|")
        return f" {cell} |" + " |" * (int(el.get("colspan", "1")) - 1)

    convert_th = convert_td
