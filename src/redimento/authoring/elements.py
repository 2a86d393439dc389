"""Foreign text in a request: it stands in elements that it cannot close, and looks like nothing around them.

A model follows what looks like its prompt. The name of the elements has a random number that no text can know in advance;
the system text names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from redimento.text import wording
from redimento.text.foreign import NONCE, plain

_BACKTICKS = re.compile("`{3,}")
# What may stand before a mark of Markdown: quotation marks and bullets, in any order.
_BEFORE = r"(?P<before>[ \t>]*+(?:(?:[-*+]|\d{1,9}[.)])[ \t]++[ \t>]*+)*+)"
_FENCE = re.compile(rf"{_BEFORE}(?P<fence>(?P<mark>`|~)(?P=mark){{2,}})(?P<rest>.*)")
_HEADING = re.compile(r"(?P<before> {0,3}(?:(?:>|[-*+]|\d{1,9}[.)])[ \t]*+)*+)(?P<level>#{1,6})(?=[ \t]|$)")
_UNDERLINE = re.compile(r"[ \t>]*+(?:=+|-+)[ \t]*+")
_DOWN, _LOWEST = "##", 6  # the headings around a field are of level 2


def data(text: str) -> str:
    """Return foreign text, already in shape, in an element: on lines of its own if it has more than one line."""
    text = text.replace(NONCE, "x")  # which is in no nonce
    around = "\n" if "\n" in text else ""
    return f"<data-{NONCE}>{around}{text}{around}</data-{NONCE}>"


def line(text: str) -> str:
    """Return foreign text on one line."""
    return " ".join(plain(text).split())


def prose(text: str) -> str:
    """Return foreign Markdown with its headings two levels lower, and with every code block closed.

    A fence goes to the start of its line, where every reader sees it. One that is never closed is no fence.
    """
    return "\n".join(_prose_lines(plain(text).splitlines()))


def _prose_lines(lines: list[str]) -> Iterator[str]:
    fences = [_FENCE.fullmatch(each) for each in lines]
    longest = _longest_from(fences)
    mark, length, above = "", 0, ""
    for number, (each, fence) in enumerate(zip(lines, fences, strict=True)):
        if mark:
            if _closes(fence, mark, length):
                each, mark = mark * length, ""  # noqa: PLW2901  the line as it is shown
            yield each
            above = ""
            continue
        if fence is not None and not (fence["mark"] == "`" and "`" in fence["rest"]):
            if len(fence["fence"]) <= longest[fence["mark"]][number + 1]:
                mark, length = fence["mark"], len(fence["fence"])
                if fence["before"].strip():
                    yield fence["before"].rstrip()
                yield f"{fence['fence']}{fence['rest']}"
                continue
            each = f"{fence['before']}\\{fence['fence']}{fence['rest']}"  # noqa: PLW2901  see above
        elif above.strip() and _UNDERLINE.fullmatch(each):
            text = each.lstrip()
            each = f"{each[: len(each) - len(text)]}\\{text}"  # noqa: PLW2901  see above
        yield _lowered(each)
        above = each


def _closes(fence: re.Match[str] | None, mark: str, length: int) -> bool:
    return fence is not None and not fence["rest"].strip() and fence["mark"] == mark and len(fence["fence"]) >= length


def _longest_from(fences: list[re.Match[str] | None]) -> dict[str, list[int]]:
    """Return, for each mark, the length of the longest closing fence from each line on."""
    longest = {mark: [0] * (len(fences) + 1) for mark in "`~"}
    for number in range(len(fences) - 1, -1, -1):
        fence = fences[number]
        for mark, lengths in longest.items():
            closing = len(fence["fence"]) if fence and _closes(fence, mark, 0) else 0
            lengths[number] = max(closing, lengths[number + 1])
    return longest


def _lowered(each: str) -> str:
    heading = _HEADING.match(each)
    if heading is None:
        return each
    level = (_DOWN + heading["level"])[:_LOWEST]
    return f"{heading['before']}{level}{each[heading.end() :]}"


def fenced(text: str) -> str:
    """Return `text` in a fence that nothing in it can close."""
    longest = max(map(len, _BACKTICKS.findall(text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text.rstrip()}\n{fence}"


wording.add_filter("data", data)
wording.add_filter("line", line)
wording.add_filter("prose", prose)
wording.add_filter("fenced", fenced)
