"""How a run ended: exactly one of five ways, with a sentence a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

OutcomeKind = Literal["delivered", "draft", "questions", "skipped", "failed"]


@dataclass(frozen=True)
class Outcome:
    """`sentence` says what happened, `remedy` the next step; the exit code is the process's own."""

    kind: OutcomeKind
    sentence: str
    remedy: str = ""
    exit_code: int = 0
    branch: str = ""
    commit: str = ""
    pull_request_id: int = 0
    pull_request_url: str = ""
    questions: tuple[str, ...] = ()
