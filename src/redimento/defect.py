"""Bugs of ours: the traceback goes to a file, and people see only a sentence."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path

from redimento import __version__
from redimento.errors import RedimentoError
from redimento.text.redaction import NO_SECRETS, Secrets


def details(secrets: Secrets = NO_SECRETS) -> str:
    """Return versions and the traceback of the current exception, without secrets."""
    return secrets.redact(f"redimento {__version__}, Python {sys.version}\n\n{traceback.format_exc()}")


def saved(text: str, environment: Mapping[str, str]) -> RedimentoError:
    """Write `text` to a temporary file and return the error that refers to it."""
    handle, name = tempfile.mkstemp(
        prefix="redimento-defect-", suffix=".txt", dir=environment.get("AGENT_TEMPDIRECTORY")
    )
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return saved_in(Path(name))


def saved_in(file: Path) -> RedimentoError:
    """Return the error for a bug whose details are in `file`."""
    return RedimentoError(
        f"This is a bug in Redimento; the details are in {file}.",
        "Please report it with that file, which contains no secrets.",
    )
