"""API versions: what a call asks for, and what an older server can give."""

from __future__ import annotations

import re

from redimento.azure.answer import HttpAnswer

_SUPPORTED = re.compile(r"supports is (\d{1,2}\.\d{1,2})")
_BAD_REQUEST = 400


def offered_instead(asked: str, answer: HttpAnswer) -> str:
    """Return the newest version of a server that refused `asked` as out of range, "" otherwise.

    Azure DevOps Server 2022 ends at 7.0 and 2020 at 6.0 (docs/integrate/concepts/rest-api-versioning.md). The refusal
    names the version, and nothing has been done when it comes.
    """
    if answer.status != _BAD_REQUEST:
        return ""
    named = _SUPPORTED.search(answer.body.decode("utf-8", "replace"))
    return named[1] if named and _number(named[1]) < _number(asked) else ""


def not_newer(version: str, newest: str) -> str:
    """Return `version`, or `newest` when that is older; a preview keeps its mark but not its number, which is another."""
    if not newest or _number(version) <= _number(newest):
        return version
    return f"{newest}-preview" if "-preview" in version else newest


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("-")[0].split("."))
