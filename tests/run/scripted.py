"""A scripted model, and answers that write which checks fail."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from redimento.authoring.conversation import ModelSession, ReadRepository
from redimento.authoring.prompt import Briefing
from redimento.errors import LimitError
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


def read_repository(paths: Sequence[str], patterns: Sequence[str]) -> list[str]:
    return [f"content of {path}" for path in paths] + [f"hits of {pattern}" for pattern in patterns]


def session(
    model: Scripted, settings: ModelSettings | None = None, read: ReadRepository = read_repository
) -> ModelSession:
    settings = settings or ModelSettings(sdk="recorded")
    return ModelSession(model, settings, Briefing("the role", "the task"), read, settings.thinking, 60_000)


def whole(path: str, content: str) -> str:
    return f"```\n{path}\n<<<<<<< WHOLE\n{content}>>>>>>> WHOLE\n```\n"


def fails(*checks: str) -> str:
    """Return an answer with which these checks fail."""
    return whole("failing.txt", "".join(f"{line}\n" for line in ("# changed", *checks)))


def head(**fields: object) -> str:
    return f"```json\n{json.dumps(fields)}\n```\n"
