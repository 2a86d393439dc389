"""API versions: the one a call asks for, and the newest that an older server offers."""

from __future__ import annotations

import re

from redimento.azure.answer import HttpAnswer

_SUPPORTED = re.compile(r"supports is (\d{1,2}\.\d{1,2})")
_BAD_REQUEST = 400


def offered_instead(asked: str, answer: HttpAnswer) -> str:
    """Return the newest version of a server that rejected `asked` as out of range, "" otherwise.

    Azure DevOps Server 2022 ends at 7.0 and 2020 at 6.0 (docs/integrate/concepts/rest-api-versioning.md). The error
    names that version; the server has not carried out the request.
    """
    if answer.status != _BAD_REQUEST:
        return ""
    named = _SUPPORTED.search(answer.body.decode("utf-8", "replace"))
    return named[1] if named and _number(named[1]) < _number(asked) else ""


def not_newer(version: str, newest: str) -> str:
    """Return `version`, or `newest` if that is older; a preview keeps `-preview` but loses its number, which differs."""
    if not newest or _number(version) <= _number(newest):
        return version
    return f"{newest}-preview" if "-preview" in version else newest


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("-")[0].split("."))
