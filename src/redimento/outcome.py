"""How a run ended: in one of five ways, or as a part that another one follows, with a sentence that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from redimento.errors import RedimentoError, SettingsError
from redimento.text.wording import Sentence

INTERRUPTED = 130  # exit code of an interrupted run, as in shells: 128 + SIGINT

OutcomeKind = Literal["delivered", "draft", "questions", "skipped", "failed", "continues"]


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
    return Outcome("failed", *in_sentences(error), error.exit_code, problems=problems)


def in_sentences(error: RedimentoError) -> tuple[Sentence, Sentence | str]:
    """Return sentence and remedy of an error for the team, which may not read English: it is told what failed.

    Only the few errors that people at the board can do something about are sentences in every language.
    """
    said, remedy = error.sentence, error.remedy
    if not isinstance(said, Sentence):
        said = Sentence("failed", what=type(error).__name__, details=said)
    if remedy and not isinstance(remedy, Sentence):
        remedy = Sentence("remedy", details=remedy)
    return said, remedy


def as_json(
    outcome: Outcome,
    *,
    cost_usd: float = 0.0,
    saved_usd: float = 0.0,
    seconds: float = 0.0,
    folder: Path | None = None,
    calls: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Return what `--json` prints at the end of a run, or of a command that could not do its work.

    docs/outcome.schema.json describes it. A member that goes, or means something else, makes a new version.
    """
    return {
        "version": 1,
        "outcome": outcome.kind,
        "sentence": outcome.sentence,
        "remedy": outcome.remedy,
        "problems": list(outcome.problems),
        "questions": list(outcome.questions),
        "branch": outcome.branch,
        "commit": outcome.commit,
        "pullRequestId": outcome.pull_request_id or None,
        "pullRequestUrl": outcome.pull_request_url or None,
        "costUsd": round(cost_usd, 6),
        "savedUsd": round(saved_usd, 6),
        "seconds": round(seconds, 2),
        "runFolder": str(folder) if folder else None,
        "calls": list(calls),
        "exitCode": outcome.exit_code,
    }
