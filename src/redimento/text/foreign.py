"""Make foreign text safe to print."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

# Of the elements that hold foreign text in a prompt, which no text can know in advance. One for the process, which is one
# run: the cached beginning of a prompt stays the same.
NONCE = secrets.token_hex(6)
# The agent acts on `##vso[` anywhere in a line and on `##[` at its start, ignoring case; it splits lines at CR as well
# as LF (microsoft/azure-pipelines-agent, Command.cs).
_COMMAND = re.compile(r"##(?=vso|\[)", re.IGNORECASE)
# ANSI escape sequences (CSI, OSC and single-character ones).
AFTER_ESCAPE = r"(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"
# Control characters except tab and newline, and what a reader cannot see: bidirectional controls, fillers, tags and all
# else that is "default ignorable" (Unicode, DerivedCoreProperties.txt), and interlinear annotations.
_UNSEEN = (
    r"\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0d\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff"
)
# Joiners and two variation selectors mean something in some places: between letters of scripts that join (Arabic to
# Mongolian, Indic), between emoji, and behind one.
_JOINED = r"\u0600-\u08ff\u0900-\u0dff\u0f00-\u109f\u1780-\u18af\ua840-\ua8ff\ua9e0-\uaa7f\ufb50-\ufdff\ufe70-\ufefc"
_EMOJI = r"\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff"
_OUT_OF_PLACE = (
    rf"(?<![{_JOINED}{_EMOJI}\ufe0f])[\u200c\u200d]|(?<![{_JOINED}])[\u200c\u200d](?![{_JOINED}{_EMOJI}])"
    rf"|(?<![{_EMOJI}0-9#*])[\ufe0e\ufe0f]|(?<=[0-9#*])[\ufe0e\ufe0f](?!\u20e3)"
)
_BREAK = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_HIDDEN = re.compile(rf"\x1b{AFTER_ESCAPE}|[{_UNSEEN}]|{_OUT_OF_PLACE}")
_HIDDEN_CHARACTER = re.compile(f"[{_UNSEEN}]|{_OUT_OF_PLACE}")
# All characters that may stand unseen between two others, in their place or not.
UNSEEN = rf"{_UNSEEN}\u200c\u200d\ufe0e\ufe0f"
_SUSPECT = re.compile(f"[{UNSEEN}]")  # also every line break but LF


def plain(text: str) -> str:
    """Return `text` with LF for every line break, and without what a reader cannot see, except tab and newline."""
    if not _SUSPECT.search(text):  # thirty times as fast, and most texts have none
        return text
    return _HIDDEN.sub("", _BREAK.sub("\n", text))


def neutralise(text: str) -> str:
    """Return `text` as `plain` does, and without Azure Pipelines commands."""
    return _COMMAND.sub("# # ", plain(text))


def one_line(text: str) -> str:
    """Return `text` as `neutralise` does, on one line."""
    return " ".join(neutralise(text).split())


def code(text: str, most: int = 120) -> str:
    """Return `text` as inline code of Markdown on one line, at most `most` characters of it."""
    line = one_line(text).replace("`", "'").replace("|", "¦")
    if not line:
        return ""
    return f"`{line[: most - 1] + '…' if len(line) > most else line}`"


def visible(text: str) -> str:
    """Return `text` with the code point of each hidden character in its place: what hides shows a reader other code.

    Bidirectional controls make code look like different code (CVE-2021-42574).
    """
    return _HIDDEN_CHARACTER.sub(lambda found: f"U+{ord(found[0]):04X}", text)


def json_line(value: Any) -> str:
    """Return `value` as one line of ASCII JSON without pipeline commands or terminal control sequences."""
    return json.dumps(value).replace("#", r"\u0023")  # in JSON `#` occurs only in strings
