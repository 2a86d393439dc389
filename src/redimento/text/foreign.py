"""Make foreign text safe to print, and redact secrets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

# The agent acts on `##vso[` anywhere in a line and on `##[` at its start, ignoring case; it splits lines at CR as well
# as LF (microsoft/azure-pipelines-agent, Command.cs).
_COMMAND = re.compile(r"##(?=vso|\[)", re.IGNORECASE)
# ANSI escape sequences (CSI, OSC and single-character ones); then every control character except tab and newline, and
# the characters that reorder or hide text (bidirectional controls, zero-width characters, byte-order mark).
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u2069\ufeff]")
_KEYS = re.compile(r"AIza[0-9A-Za-z_-]{20,}|AQ\.[0-9A-Za-z_-]{20,}")
_REDACTED = "***"
_SHORTEST_SECRET = 8  # shorter values would blank out ordinary words


def neutralise(text: str) -> str:
    """Return `text` without Azure Pipelines commands and control characters, except tab and newline."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _CONTROL.sub("", _ESCAPE.sub("", text))
    return _COMMAND.sub("# # ", text)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """Return `text` without the given secrets and anything that looks like a Gemini key."""
    for secret in sorted((s for s in secrets if len(s) >= _SHORTEST_SECRET), key=len, reverse=True):
        text = text.replace(secret, _REDACTED)
    return _KEYS.sub(_REDACTED, text)


def json_line(value: Any) -> str:
    """Return `value` as one line of ASCII JSON without pipeline commands or terminal control sequences."""
    return json.dumps(value).replace("#", r"\u0023")  # in JSON `#` occurs only in strings
