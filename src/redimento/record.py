"""The run folder: every step leaves its value in one file, with secrets left out where it is written."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, is_dataclass
from pathlib import Path
from typing import Any

from redimento.errors import UsageError
from redimento.foreign import redact


@dataclass(frozen=True)
class RunFolder:
    """Where a run writes; `secrets` never reach a file."""

    path: Path
    secrets: tuple[str, ...] = ()

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file in one step, so that a reader never sees half of it."""
        target = self.path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        draft.write_text(redact(text, self.secrets), encoding="utf-8", newline="\n")
        draft.replace(target)
        return target

    def write_json(self, name: str, value: Any) -> Path:
        """Write a dataclass, or anything JSON knows, as indented JSON."""
        return self.write_text(name, as_json(value) + "\n")

    def append_line(self, name: str, value: Any) -> None:
        """Add one JSON line; what was written before a crash stays readable."""
        line = redact(json.dumps(value, ensure_ascii=False, default=_plain), self.secrets)
        with (self.path / name).open("a", encoding="utf-8", newline="\n") as file:
            file.write(line + "\n")


def open_run_folder(path: Path, secrets: tuple[str, ...] = ()) -> RunFolder:
    """Make the folder, readable by its owner alone, and empty it of an earlier run's files."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(0o700)
        for name in FILES:
            (path / name).unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(
            f"The run folder {path} cannot be written: {error.strerror}.", "Name another one with --run-dir."
        ) from error
    return RunFolder(path, secrets)


FILES = (
    "work-item.json",
    "context.json",
    "conversation.jsonl",
    "change.patch",
    "verification.json",
    "delivery.json",
    "calls.json",
    "record.json",
    "summary.md",
    "report.html",
    "junit.xml",
)


def as_json(value: Any) -> str:
    """Return `value` as indented JSON; dataclasses become objects, bytes are shown by their length."""
    return json.dumps(_plain(value) if is_dataclass(value) else value, ensure_ascii=False, indent=2, default=_plain)


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"cannot write {type(value).__name__} as JSON")
