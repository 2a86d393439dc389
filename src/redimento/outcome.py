"""How a run ended: in one of five ways, with a sentence that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from redimento.errors import RedimentoError, SettingsError

INTERRUPTED = 130  # exit code of an interrupted run, as in shells: 128 + SIGINT

OutcomeKind = Literal["delivered", "draft", "questions", "skipped", "failed"]


@dataclass(frozen=True)
class Outcome:
    """`sentence` describes what happened, `remedy` the next step; `exit_code` is that of the process.

    `problems` has one complete line for each mistake in the settings.
    """

    kind: OutcomeKind
    sentence: str
    remedy: str = ""
    exit_code: int = 0
    branch: str = ""
    commit: str = ""
    pull_request_id: int = 0
    pull_request_url: str = ""
    questions: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def failure(error: RedimentoError) -> Outcome:
    """Return the outcome of a run that `error` ended."""
    problems = error.problems if isinstance(error, SettingsError) else ()
    return Outcome("failed", error.sentence, error.remedy, error.exit_code, problems=problems)
