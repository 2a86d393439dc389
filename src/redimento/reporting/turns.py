"""The conversation of a run, read back from its folder for people: one turn for each call of the model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redimento.models import conversation
from redimento.models.port import ModelError, Usage
from redimento.work_items.sections import inside_fences

_MOST_TURNS = 200
_MOST_BYTES = 32 << 20  # of the file: longer runs are cut


@dataclass(frozen=True)
class Section:
    """A part of a prompt. `same_as`: the number of the turn that had the same part before; its text is not repeated."""

    title: str
    text: str
    same_as: int = 0


@dataclass(frozen=True)
class Turn:
    """One call. `answer` "": it ended with `error`, a sentence."""

    number: int
    purpose: str
    model: str
    thinking: str
    sections: tuple[Section, ...]
    usage: Usage
    answer: str = ""
    error: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Conversation:
    """All turns, or the first ones. `whole`: whether nothing is left out."""

    turns: tuple[Turn, ...] = ()
    whole: bool = True


def read_conversation(file: Path) -> Conversation:
    """Return the calls that a run has recorded; unreadable lines are left out, and a missing file has none."""
    turns: list[Turn] = []
    seen: dict[str, int] = {}
    try:
        with file.open("rb") as lines:
            for line in lines:
                if lines.tell() > _MOST_BYTES or len(turns) == _MOST_TURNS:
                    return Conversation(tuple(turns), whole=False)
                if turn := _turn(line, len(turns) + 1, seen):
                    turns.append(turn)
    except OSError:
        return Conversation()
    return Conversation(tuple(turns))


def _turn(line: bytes, number: int, seen: dict[str, int]) -> Turn | None:
    try:
        read = json.loads(line)
        purpose, outcome = conversation.from_json(read)
    except ValueError:
        return None
    request = read.get("request")
    asked = request if isinstance(request, Mapping) else {}
    sections = tuple(_sections(asked, number, seen))
    model, thinking, usage = str(read.get("model", "")), str(asked.get("thinking", "")), outcome.usage or Usage()
    if isinstance(outcome, ModelError):
        return Turn(number, purpose, model, thinking, sections, usage, error=str(outcome))
    return Turn(number, purpose, outcome.model, thinking, sections, usage, answer=outcome.text, seconds=outcome.seconds)


def _sections(request: Mapping[str, Any], number: int, seen: dict[str, int]) -> Iterator[Section]:
    messages = [one for one in request.get("messages", ()) if isinstance(one, Mapping)]
    texts = [("system", str(request.get("system", "")))]
    texts += [(title, text) for one in messages for title, text in _split(str(one.get("text", "")))]
    for title, text in texts:
        first = seen.setdefault(text, number)
        if text:
            yield Section(title, "" if first < number else text, first if first < number else 0)


def _split(prompt: str) -> Iterator[tuple[str, str]]:
    """Yield title and text of each part that a first-level heading outside of code begins."""
    title, part = "", list[str]()
    lines = prompt.split("\n")
    for line, is_fenced in zip(lines, inside_fences(lines), strict=True):
        if is_fenced or not line.startswith("# "):
            part.append(line)
            continue
        if any(part):
            yield title, "\n".join(part).strip("\n")
        title, part = line[2:].strip(), []
    if title or any(part):
        yield title, "\n".join(part).strip("\n")
