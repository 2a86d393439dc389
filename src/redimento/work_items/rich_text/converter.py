"""Convert HTML to Markdown with markdownify, adapted to work items."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from bs4 import BeautifulSoup
from markdownify import MarkdownConverter

from redimento.work_items.rich_text.page import CELL_END, KEPT_SPACE
from redimento.work_items.rich_text.table import Cell, as_lines

_BACKTICKS = re.compile(r"`+")
_LEADING_LINE = re.compile(r"^(.*)$", re.MULTILINE)
_SIMPLE = re.compile(r"[+\u2212-]?\w+")
_CELLS = ["td", "th"]


def convert(html: str) -> str:
    page = BeautifulSoup(html, "html.parser")
    for table in reversed(page.find_all("table")):
        _unwrap_layout(table)
    converter = _Converter(
        bullets="-",
        escape_asterisks=False,
        escape_underscores=False,
        heading_style="atx",
        wrap=True,  # without it a run of white space takes quadratic time; width None disables the wrapping itself
        wrap_width=None,
    )
    text: str = converter.convert_soup(page)
    return text.replace(KEPT_SPACE, " ")


def _unwrap_layout(table: Any) -> None:
    """Turn a table that only arranges the page into blocks: one cell, or a single row around other tables."""
    rows = table.find_all("tr", recursive=False)
    cells = [cell for row in rows for cell in row.find_all(_CELLS, recursive=False)]
    if len(cells) <= 1 or (len(rows) == 1 and table.find("table") is not None):
        for element in (table, *rows, *cells):
            element.name = "div"


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

    def convert_sup(self, _el: Any, text: str, **_: Any) -> str:
        return _raised("^", text)

    def convert_sub(self, _el: Any, text: str, **_: Any) -> str:
        return _raised("_", text)

    def convert_td(self, _el: Any, text: str, **_: Any) -> str:
        return text + CELL_END

    convert_th = convert_caption = convert_td

    def convert_tr(self, _el: Any, text: str, **_: Any) -> str:
        return text

    def convert_table(self, el: Any, text: str, parent_tags: set[str]) -> str:
        """Put the cells into rows. A table inside a cell becomes a part of its text: Markdown cannot nest tables."""
        pieces = iter([" ".join(piece.replace(KEPT_SPACE, " ").split()) for piece in text.split(CELL_END)])
        captions = [next(pieces, "") for child in el.children if child.name == "caption"]
        rows = [[_cell(cell, next(pieces, "")) for cell in _cells(row)] for row in el.children if row.name == "tr"]
        if "_inline" in parent_tags:
            return f" {'; '.join(' '.join(cell.text for cell in row) for row in rows)} "
        return "\n\n" + "\n\n".join([*captions, "\n".join(as_lines(rows)), *filter(None, pieces)]) + "\n\n"


def _cells(row: Any) -> Iterator[Any]:
    return (cell for cell in row.children if cell.name in _CELLS)


def _cell(element: Any, text: str) -> Cell:
    columns, rows = (int(element.get(name, "1")) for name in ("colspan", "rowspan"))
    return Cell(text, heading=element.name == "th", columns=columns, rows=rows)


def _raised(mark: str, text: str) -> str:
    """Return an exponent or index as it is written in a line: without a mark `10<sup>-3</sup>` reads as a difference."""
    text = text.strip()
    if not text:
        return ""
    return mark + (text if _SIMPLE.fullmatch(text) else f"({text})")
