"""A scripted model, and answers that write which checks fail."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from redimento.authoring.conversation import ModelSession
from redimento.authoring.prompt import Briefing
from redimento.context.selection import Excerpt
from redimento.errors import LimitError
from redimento.exploration.wish import Changed, Explore, Finding, Wish
from redimento.models.port import ModelError, ModelReply, ModelRequest, Usage
from redimento.settings import ModelSettings
from tests.authoring.requests import bare

LIMIT = LimitError("The limit is reached.", "Raise it.")
DOWN = ModelError("The model is down.", "Wait.", kind="unavailable")
UNFIT = "```\nfailing.txt\n<<<<<<< SEARCH\nno such line\n=======\n\n>>>>>>> REPLACE\n```\n"
QUESTION = '```json\n{"questions": ["Which?"]}\n```'
ORIGINAL = "# original\n"  # of failing.txt

Script = list[str | BaseException]


@dataclass
class Scripted:
    """A model that gives its answers, or raises its errors, in order. `trace`: the purposes of the calls."""

    answers: Script
    trace: list[str] = field(default_factory=list)
    asked: list[ModelRequest] = field(default_factory=list)
    name: str = "scripted"

    def answer(self, request: ModelRequest) -> ModelReply:
        self.asked.append(request)
        self.trace.append(request.purpose)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return ModelReply(answer, self.name, Usage(), "STOP")

    def prompt(self, number: int) -> str:
        return bare(self.asked[number].messages[-1].text)


def explore(wishes: Sequence[Wish], changed: Changed) -> list[Finding]:
    """Return a file that says its name, or its content in `changed`, for each path; hits for each other wish."""
    return [found(wish, changed) for wish in wishes]


def found(wish: Wish, changed: Changed) -> Finding:
    if wish.kind != "read":
        return Finding(wish, text=f"hits of {wish.target}")
    content = changed.get(wish.target)
    text = f"content of {wish.target}" if content is None else content.decode()
    return Finding(wish, (Excerpt(wish.target, text, 0, 0.0, None),))


def session(model: Scripted, settings: ModelSettings | None = None, look: Explore = explore) -> ModelSession:
    settings = settings or ModelSettings(sdk="recorded")
    brief = Briefing("the role", "the repository\n", "# Work item 7\nthe task\n\n")
    return ModelSession(model, settings, brief, look, settings.thinking, 60_000, 60_000)


def whole(path: str, content: str) -> str:
    return f"```\n{path}\n<<<<<<< WHOLE\n{content}>>>>>>> WHOLE\n```\n"


def fails(*checks: str) -> str:
    """Return an answer with which these checks fail."""
    return whole("failing.txt", "".join(f"{line}\n" for line in ("# changed", *checks)))


def head(**fields: object) -> str:
    return f"```json\n{json.dumps(fields)}\n```\n"
