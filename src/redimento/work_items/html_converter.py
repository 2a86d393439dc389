"""Convert HTML to Markdown with markdownify, adapted to work items."""

from __future__ import annotations

import re
from typing import Any

from markdownify import MarkdownConverter

_BACKTICKS = re.compile(r"`+")
_LEADING_LINE = re.compile(r"^(.*)$", re.MULTILINE)


def convert(html: str) -> str:
    """Return a well-formed HTML document as Markdown."""
    converter = _Converter(
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        heading_style="atx",
        table_infer_header=True,
        wrap=True,  # without it a run of white space takes quadratic time; width None disables the wrapping itself
        wrap_width=None,
    )
    text: str = converter.convert(html)
    return text


class _Converter(MarkdownConverter):
    """Overrides for rules of markdownify that do not fit work items, or are slow on long texts."""

    def convert_div(self, _el: Any, text: str, parent_tags: set[str]) -> str:
        """Write one line: the Azure Boards editors wrap each line in a `<div>`, an empty one for an empty line."""
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
        """Number an item from its `value`: markdownify counts the items before it, which takes quadratic time."""
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
