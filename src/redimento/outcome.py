"""How a run ended: exactly one of five ways, with a sentence a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from redimento.errors import RedimentoError, SettingsError

INTERRUPTED = 130  # the exit code of an interrupted run, as shells count: 128 and the number of SIGINT

OutcomeKind = Literal["delivered", "draft", "questions", "skipped", "failed"]


@dataclass(frozen=True)
class Outcome:
    """`sentence` says what happened, `remedy` the next step; the exit code is the process's own.

    `problems` are complete lines, one for each mistake in the settings.
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
    """Return the end of a run that `error` stopped."""
    problems = error.problems if isinstance(error, SettingsError) else ()
    return Outcome("failed", error.sentence, error.remedy, error.exit_code, problems=problems)
