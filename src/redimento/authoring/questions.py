"""What the model may ask in a comment on the work item, which more people can read than the repository."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from redimento.authoring.elements import line
from redimento.context.selection import Excerpt
from redimento.exploration.wish import Finding

_MOST = 5
_LONGEST = 300  # characters
_LEFT_OUT = "[code left out]"
_CODE = re.compile(r"```([^`]*)```|`([^`]*)`")
# A name of something, which a question needs: `Cart.total()`, `src/shop/cart.py:12`.
_NAME = re.compile(r"[\w./:#-]{1,60}(?:\(\))?")
_SHORTEST_LINE = 16  # characters; shorter lines are words that people use, too
_HIT = re.compile(r"(.+?):\d+: (.*)")
_PATH = re.compile("`([^`]+)`")  # the first one of a history


def askable(questions: Sequence[str], written: str, excerpts: Iterable[Excerpt]) -> tuple[str, ...]:
    """Return at most 5 questions of at most 300 characters, with code of files only that the work item names.

    `written` is what people wrote on the item, `excerpts` are what the model saw. Other code is left out, in marks or as
    a line of a file: a question would carry it out of the repository.
    """
    if not any(questions):
        return tuple(questions[:_MOST])
    seen = list(excerpts)
    named = [one for one in seen if _names(written, one.path) or _names(written, one.path.rpartition("/")[2])]
    allowed = "\n".join([line(written), *(line(one.text) for one in named)])
    lines = {line(each) for one in seen if one not in named for each in one.text.split("\n")}
    hidden = sorted(
        (each for each in lines if len(each) >= _SHORTEST_LINE and each not in allowed), key=len, reverse=True
    )
    return tuple(_clipped(_without_code(line(question), allowed, hidden)) for question in questions[:_MOST])


def quoted(finding: Finding) -> Iterator[Excerpt]:
    """Yield the code in the text of a finding: the hits of a search, or of a history the lines of each difference."""
    lines = finding.text.split("\n")
    past = _PATH.search(lines[0])
    for each in lines:
        hit = _HIT.fullmatch(each)
        if finding.wish.kind == "history" and past and each[:1] in {"+", "-", " "}:
            yield Excerpt(past[1], each[1:], tokens=0, score=0.0, spans=None)
        elif hit:
            yield Excerpt(hit[1], hit[2], tokens=0, score=0.0, spans=None)


def _names(written: str, path: str) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(path)}(?![\w-])", written) is not None


def _without_code(question: str, allowed: str, hidden: Sequence[str]) -> str:
    def kept(code: re.Match[str]) -> str:
        inner = (code[1] or code[2] or "").strip()
        return code[0] if _NAME.fullmatch(inner) or inner in allowed else _LEFT_OUT

    text = _CODE.sub(kept, question[: 10 * _LONGEST])
    for each in hidden:
        text = text.replace(each, _LEFT_OUT)
    return text


def _clipped(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1].rstrip() + "…"
