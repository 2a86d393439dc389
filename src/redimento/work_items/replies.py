"""What people replied to numbered questions: `1: yes`, a list, or free text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from redimento.work_items.item import Comment

# `1: yes`, `2) no`, `- **3.** both`; not `2.5 seconds`.
_NUMBERED = re.compile(r"[ \t>]*+(?:[-*+][ \t]++)?\*{0,2}[#Qq]?(\d{1,2})\*{0,2}\\?[.:)=-]\*{0,2}(?:[ \t]++(.*)|$)")


@dataclass(frozen=True)
class Answered:
    """A question, and what people replied to it. The question "" stands for all of them."""

    question: str
    replies: tuple[str, ...] = ()


def answered(questions: Sequence[str], comments: Sequence[Comment]) -> tuple[Answered, ...]:
    """Return each question with its replies, and at the end the replies that name none of several questions.

    A reply to the only question need not name it.
    """
    replies: list[list[str]] = [[] for _ in questions]
    general: list[str] = []
    for comment in comments:
        for number, text in _parts(comment.text, len(questions)):
            place = replies[number - 1] if number else replies[0] if len(questions) == 1 else general
            place.append(f"{comment.author}: {text}")
    pairs = [Answered(question, tuple(found)) for question, found in zip(questions, replies, strict=True)]
    return (*pairs, Answered("", tuple(general))) if general else tuple(pairs)


def _parts(text: str, count: int) -> Iterator[tuple[int, str]]:
    """Yield the parts of a reply with the number of the question that each names, 0 for none."""
    number, lines = 0, list[str]()
    for line in text.splitlines():
        found = _NUMBERED.fullmatch(line)
        if found and 1 <= int(found[1]) <= count:
            yield from _part(number, lines)
            number, lines = int(found[1]), [found[2] or ""]
        else:
            lines.append(line)
    yield from _part(number, lines)


def _part(number: int, lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    if said := "\n".join(lines).strip():
        yield number, said
