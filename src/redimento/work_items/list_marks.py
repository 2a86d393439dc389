"""The marks that people put before the items of a list, in any script."""

from __future__ import annotations

import re
from collections.abc import Sequence

# Scripts that write no space behind a mark.
_WIDE = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
_CJK_NUMBER = "[\u4e00\u4e8c\u4e09\u56db\u4e94\u516d\u4e03\u516b\u4e5d\u5341\u767e]{1,4}"
# Bullets as marks of Markdown, and as glyphs; parenthesised and circled numbers; keycaps.
_BULLET = rf"[-*+\u2013\u2014](?= |$|[{_WIDE}])|[\u2022\u2023\u25aa\u25ab\u25b8\u25ba\u25b6\u25cb\u25cf\u25e6\u25a0\u25a1\u00b7\u30fb\uf0b7\u27a2](?:\ufe0f)?"
_CIRCLED = r"[\u2460-\u24ff\u2776-\u2793\u3220-\u3229\u3280-\u3289\u2488-\u249b]|[\u2160-\u217f]{1,3}[.)\u3001\uff0e]?|[0-9]\ufe0f?\u20e3"
_NUMBER = (
    rf"[(\uff08]?\d{{1,3}}(?:\.\d{{1,3}}){{0,4}}(?:[.)\uff0e](?= |$|[{_WIDE}])|[\u3001\uff09\uff0e])"
    rf"|{_CJK_NUMBER}[\u3001\uff0e.]|[(\uff08]{_CJK_NUMBER}[)\uff09]"
)
_LETTER = rf"\(?(?:[^\W\d_]|[ivxIVX]{{1,5}})\)(?= |$|[{_WIDE}])"
_CODE = r"[A-Z]{1,4}[- ]?[0-9]{1,3}[.:)](?= |$)"
ITEM = re.compile(rf"^( *)(?:{_BULLET}|{_CIRCLED}|{_NUMBER}|{_LETTER}|{_CODE}) *(.*)$")

# Marks that also begin ordinary sentences: a list if several lines have one, the first line among them.
_DOUBTFUL = tuple(
    re.compile(rf"^( *)(?:{mark})\s*(?=\S)")
    for mark in (
        r"\d{1,3}(?:\.\d{1,3}){1,4}:?(?= )",  # 1.1
        r"\d{1,3} ?(?:\.-|[-\u2013:/\u00ba\u00b0\u00aa\u0964\u3002\uff0c\uff1b])(?=\D)",  # 1 - …
        r"[\u00b9\u00b2\u00b3\u2070-\u2079]{1,2}|\u00a7 ?\d{1,3}",
        r"(?:#\d{1,3}[.:)]?|\[\d{1,3}\]|[A-Z]{1,4}-?\d{1,3}(?: ?[-\u2013])?|[a-z]/|[-=]>)(?= )",
        r"\d{1,3}[^\W\d_]{1,4}[.:)\uff1a]",
        r"[(\[][^\W\d_]{1,4}[- ]?\d{1,3}[)\]]",  # (AC1)
        rf"(?:[^\W\d_]|[ivxIVX]{{1,5}})\.(?= |[{_WIDE}])",  # a.
        r"[^\W\d_]{2,20} ?#?\d{1,3}(?:\.\d{1,3}){0,3} ?[-.:)\u2013\uff1a\u3001]",  # Criterion 1:
        r"\u7b2c(?:\d{1,3}|[\u4e00-\u9fff]{1,3}?)[\u6761\u689d\u9879\u9805\u70b9][:\uff1a\u3001]?",
        r"(?:[\u203b\u2190-\u21ff\u2300-\u23ff\u25a0-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]\ufe0f?)+",
        r"[<>\u00bb\u203a~\u00a7o](?= )",
    )
)
COUNTING = frozenset({"#", "no", "no.", "nr", "nr.", "id", "n\u00ba", "n\u00b0", "\u2116", "\u5e8f\u53f7", "\u7f16\u53f7", "\u756a\u53f7", ""})  # fmt: skip
_COUNT = re.compile(r"(?:[^\W\d_]{0,5}[- #]?\d{1,4}(?:\.\d{1,3}){0,3}|[ivxIVX]{1,5}|[^\W\d_])?[.):]?")


def with_plain_marks(lines: Sequence[str], *, text_begins: int) -> list[str]:
    """Return the lines with a dash for each doubtful mark, if they all have the kind of mark that the text begins with.

    `text_begins`: the number of the first line that is neither empty nor a heading.
    """
    first = lines[text_begins] if text_begins < len(lines) else ""
    if ITEM.match(first):
        return list(lines)
    for mark in filter(lambda mark: mark.match(first), _DOUBTFUL):
        found = [mark.match(line) for line in lines]
        if sum(map(bool, found)) > 1:
            return [f"{one[1]}- {line[one.end() :]}" if one else line for one, line in zip(found, lines, strict=True)]
    return list(lines)


def is_count(text: str) -> bool:
    """Return whether a cell only numbers or ticks its row: `1`, `AC-2`, `3.1`, `b)`, `[ ]`."""
    return _COUNT.fullmatch(text.strip()) is not None or not any(map(str.isalnum, text))
