"""Tables as Markdown: merged cells, and whether there is a row of headings."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from redimento.work_items.list_marks import COUNTING, is_count

_MOST_REPEATED = 5_000  # cells below a merged one: a short page can ask for millions
_LONGEST_REPEATED = 200  # characters
_ALL_ROWS = 65_534  # the most that a browser takes
_LABEL = 3  # words at most
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")  # scripts without spaces: about two characters a word
_SENTENCE = re.compile(r"[.!?;\u3002\uff01\uff1f\u0964]$")
# What people write above a single column of requirements.
_COLUMN = re.compile(
    r"(?:acceptance )?criteri(?:a|on)|requirements?|(?:akzeptanz|abnahme)?kriteri(?:um|en)|anforderung(?:en)?|crit[eè]res?.{0,15}"
    r"|crit[eé]rios?.{0,15}|requisitos?|\u9a8c\u6536\u6807\u51c6|\u9700\u6c42|\u8981\u4ef6",
    re.IGNORECASE,
)
_BOLD = re.compile(r"(\*\*|__)(?:(?!\1).)+\1")


@dataclass(frozen=True)
class Cell:
    """A cell on one line, and how many columns and rows it takes."""

    text: str
    heading: bool = False
    columns: int = 1
    rows: int = 1  # 0 for all that follow


def as_lines(table: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """Yield the lines of a Markdown table; without headings its first row is an empty one."""
    rows = list(_in_columns([row for row in table if row]))
    if rows and len(rows) > 1 and _is_title(rows[0]) and not _is_title(rows[1]):
        yield from (_bold(rows.pop(0)[0].text), "")
    if not rows:
        return
    headed = _has_headings(rows)
    yield _line(cell.text if headed else "" for cell in rows[0])
    yield _line("---" for _ in rows[0])
    for row in rows[1:] if headed else rows:
        yield _line([_bold(row[0].text), *[""] * (len(row) - 1)] if _is_title(row) else (cell.text for cell in row))


def _is_title(row: Sequence[Cell]) -> bool:
    """Return whether one merged cell is the whole row, and names the rows below."""
    return len(row) > 1 and row[0].columns >= len(row) and row[0].text != "" and not _is_content(row[0].text)


def _bold(text: str) -> str:
    return text if "**" in text else f"**{text}**"


def _line(texts: Iterable[str]) -> str:
    escaped = (text.replace("|", "\\|") for text in texts)
    return f"| {' | '.join(escaped)} |"


def _in_columns(table: Sequence[Sequence[Cell]]) -> Iterator[list[Cell]]:
    """Yield the rows with one cell for each column; what a merged cell says holds for all its rows."""
    merged: dict[
        int, tuple[int, Cell]
    ] = {}  # by column: the row below the merged cell, and what stands there until then
    left = _MOST_REPEATED
    for number, cells in enumerate(table):
        row: list[Cell] = []
        for cell in (*cells, None):
            while left and len(row) in merged and merged[len(row)][0] > number:
                row.append(merged[len(row)][1])
                left -= 1
            if cell is None:
                break
            for column in range(cell.columns):
                shown = cell if column == 0 else Cell("", cell.heading)
                if cell.rows != 1:
                    repeated = shown.text if len(shown.text) <= _LONGEST_REPEATED else ""
                    merged[len(row)] = (number + (cell.rows or _ALL_ROWS), Cell(repeated, cell.heading))
                row.append(shown)
        yield row


def _has_headings(rows: Sequence[Sequence[Cell]]) -> bool:
    """Return whether the first row names the columns.

    Azure's editor and Word write headings as ordinary cells. A row that looks like those below it is content: taking it for
    headings would lose a requirement.
    """
    texts, others = [cell.text for cell in rows[0]], [[cell.text for cell in row] for row in rows[1:]]
    named = [cell for cell in rows[0] if cell.text]
    if not named or not others:
        return False
    if any(cell.heading for cell in named):
        return all(cell.heading for cell in named)
    if all(_BOLD.fullmatch(cell.text) for cell in named):
        return not all(_BOLD.fullmatch(text) for row in others for text in row if text)
    if len(texts) > 1 and texts[0].lower() in COUNTING and all(is_count(row[0]) for row in others):
        return True
    if len(texts) == 1:
        return _COLUMN.fullmatch(texts[0].strip(":")) is not None
    if not all(texts) or any(_is_content(text) for text in texts):
        return False
    if any(map(operator.contains, zip(*others, strict=False), texts)):  # a heading is not one of the values below it
        return False
    return all(_words(text) == 1 for text in texts) or any(map(_differ, texts, zip(*others, strict=False)))


def _is_content(text: str) -> bool:
    return text[0].isdigit() or is_count(text) or _SENTENCE.search(text) is not None or _words(text) > _LABEL


def _differ(heading: str, column: Sequence[str]) -> bool:
    """Return whether all of a column looks unlike the cell above it."""
    return all(text[:1].isdigit() or _words(text) >= 2 * _words(heading) for text in column)


def _words(text: str) -> int:
    return max(len(text.split()), len(_WIDE.findall(text)) // 2)
