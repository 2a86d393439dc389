"""A defect of ours: its details go to a file, for people see finished sentences and never a traceback."""

from __future__ import annotations

import os
import sys
import tempfile
import traceback
from collections.abc import Mapping
from pathlib import Path

from redimento import __version__
from redimento.errors import RedimentoError
from redimento.text.foreign import redact


def details(secrets: tuple[str, ...] = ()) -> str:
    """Return version and traceback of the exception at hand, without secrets."""
    return redact(f"redimento {__version__}, Python {sys.version}\n\n{traceback.format_exc()}", secrets)


def described(text: str, environment: Mapping[str, str]) -> RedimentoError:
    """Write `text` to a temporary file and return the error that names it."""
    handle, name = tempfile.mkstemp(
        prefix="redimento-defect-", suffix=".txt", dir=environment.get("AGENT_TEMPDIRECTORY")
    )
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
    return named(Path(name))


def named(file: Path) -> RedimentoError:
    """Return the error that tells a user where the details are."""
    return RedimentoError(
        f"This is a defect of Redimento; the details are in {file}.",
        "Please report it with that file; secrets are left out of it.",
    )
