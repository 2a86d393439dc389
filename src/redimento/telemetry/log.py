"""The log of a run: one JSON object a line for each fact, for machines that collect logs."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

from redimento.events import Handler, Moment, RunEnded, StepEnded, Warned
from redimento.run_folder import RunFolder
from redimento.text.redaction import REDACTED

NAME = "log.jsonl"

# What looks like a secret, whoever it belongs to: a token with claims, a password in an address, what follows the words of a
# header or a query, the path of a hook. Nothing here overlaps itself.
_SECRET_LOOKING = re.compile(
    r"\beyJ[\w-]{8,2000}+\.[\w-]{8,2000}(?:\.[\w-]{0,2000})?"
    r"|(?<=://)[^\s/@\"']{1,200}@"
    r"|(?<=hooks\.slack\.com/)[\w/-]{8,}"
    r"|(?i:(?<=bearer )|(?<=basic )|(?<=[?&]sig=)|(?<=[?&]key=)|(?<=[?&]code=)|(?<=[?&]token=))[\w.~%+/-]{8,}=*"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|sk-)[\w-]{16,}"
    r"|\b[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}\b|\b[a-z2-7]{52}\b"
    r"|-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]{0,8000}"
)


def log_to(folder: RunFolder, correlation: str) -> Handler:
    """Return a handler that writes to `log.jsonl`, in which every line has the `correlation` id. Raises UsageError.

    The folder removes the known secrets, and the handler what looks like one.
    """
    begun = False

    def write(moment: Moment) -> None:
        nonlocal begun
        if not begun:
            folder.write_text(NAME, "")
            begun = True
        event = moment.event
        values = {key: _written(value) for key, value in asdict(event).items()}
        line = {"at": moment.at.isoformat(timespec="milliseconds"), "correlation": correlation, "level": _level(moment)}
        folder.append_line(NAME, line | {"fact": event.fact} | values)

    return write


def _level(moment: Moment) -> str:
    match moment.event:
        case RunEnded(kind="failed") | StepEnded(ok=False):
            return "error"
        case Warned():
            return "warning"
    return "info"


def _written(value: Any) -> Any:
    if isinstance(value, str):
        return _SECRET_LOOKING.sub(REDACTED, value)
    return round(value, 6) if isinstance(value, float) else value
