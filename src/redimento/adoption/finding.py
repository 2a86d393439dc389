"""What the doctor found out: one value for each thing that it looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from redimento.errors import RedimentoError, SettingsError

Severity = Literal["ok", "note", "problem", "unknown"]
Topic = Literal["machine", "checkout", "settings", "azure devops", "rights", "work item", "model"]
TOPICS: tuple[Topic, ...] = get_args(Topic)
VERSION = 1  # of the JSON: raised when a member changes its meaning or goes


@dataclass(frozen=True)
class Finding:
    """One thing, in one sentence. A `problem` would stop a run, with `exit_code`; `unknown` could not be found out.

    For a right that is missing or unknown: its name, the account that needs it, and the page and address that grant it.
    """

    topic: Topic
    name: str
    severity: Severity
    sentence: str
    remedy: str = ""
    right: str = ""
    account: str = ""
    page: str = ""
    address: str = ""
    exit_code: int = 0


def problem(topic: Topic, name: str, error: RedimentoError) -> Finding:
    """Return what stops a run as a run would say it."""
    lines = error.problems if isinstance(error, SettingsError) else ()
    return Finding(topic, name, "problem", " ".join((error.sentence, *lines)), error.remedy, exit_code=error.exit_code)


def unknown(topic: Topic, name: str, sentence: str, remedy: str = "") -> Finding:
    return Finding(topic, name, "unknown", sentence, remedy)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return the code that a run would have, 0 without a problem: it meets wrong settings first, the model last."""
    return min((one.exit_code for one in findings if one.severity == "problem"), default=0)


def as_json(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return what `--json` prints; docs/doctor.md describes it."""
    found = [*findings]
    members = {"exit_code": "exitCode"}
    shown = [{members.get(name, name): value for name, value in asdict(one).items()} for one in found]
    return {"version": VERSION, "exitCode": exit_code(found), "findings": shown}
