"""The run folder: every step writes its result to one file, with secrets removed."""

from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import suppress
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from redimento.errors import UsageError
from redimento.text.redaction import NO_SECRETS, Secrets

MEGABYTE = 1 << 20
_DATED = re.compile(r".+-(\d{8}T\d{6}\.\d{3})")
_MOST_RUNS = 20  # of a checkout, of which the folders stay
LEAST_FREE = 100 * MEGABYTE  # bytes; patches, the record, and the files that a change touches


@dataclass(frozen=True)
class RunFolder:
    """Where a run writes its files; `secrets` are removed from everything written. `dropped`: what is not to be kept."""

    path: Path
    secrets: Secrets = NO_SECRETS
    dropped: frozenset[str] = frozenset()

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file atomically, unless it is dropped. Raises UsageError."""
        target = self.path / name
        if name in self.dropped:
            return target
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(self.secrets.redact(text), encoding="utf-8", errors="backslashreplace", newline="\n")
            draft.replace(target)
        except OSError as error:
            raise _unwritable(self.path, error) from error
        return target

    def write_json(self, name: str, value: Any) -> Path:
        """Write a dataclass or any JSON value as indented JSON."""
        return self.write_text(name, as_json(value) + "\n")

    def append_line(self, name: str, value: Any) -> None:
        """Append one JSON line, unless the file is dropped; a crash leaves the earlier lines readable. Raises UsageError."""
        if name in self.dropped:
            return
        line = self.secrets.redact(json.dumps(value, ensure_ascii=False, default=_plain))
        try:
            with (self.path / name).open("a", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
                file.write(line + "\n")
        except OSError as error:
            raise _unwritable(self.path, error) from error


def open_run_folder(path: Path, secrets: Secrets = NO_SECRETS) -> RunFolder:
    """Create the folder, readable only by its owner, unless it exists. Raises UsageError."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error
    return RunFolder(path, secrets)


def room(place: Path) -> int:
    """Return how many bytes are free on the disk of a folder that may have to be made yet. Raises OSError."""
    return shutil.disk_usage(next(each for each in (place, *place.absolute().parents) if each.exists())).free


def refuse_full(place: Path) -> None:
    """Raise UsageError if the disk of a folder has no room for a run."""
    try:
        free = room(place)
    except OSError:  # nothing is known, and the first file that cannot be written says why
        return
    if free < LEAST_FREE:
        raise UsageError(
            f"The disk of {place} has {free // MEGABYTE} MB left, and a run needs {LEAST_FREE // MEGABYTE} MB for its files.",
            "Free some of it, or choose another place with --run-dir and TMPDIR.",
        )


def clear(folder: RunFolder) -> None:
    """Remove the files of an earlier run. Raises UsageError."""
    try:
        for name in FILES:
            (folder.path / name).unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(folder.path, error) from error


def _unwritable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"The run folder {path} cannot be written: {error.strerror}.", "Name another one with --run-dir.")


FILES = (
    "work-item.json",
    "attachments.json",
    "remarks.json",
    "context.json",
    "conversation.jsonl",
    "wire.jsonl",
    "change.patch",
    "verification.json",
    "delivery.json",
    "description.md",
    "calls.json",
    "log.jsonl",
    "record.json",
    "summary.md",
    "report.html",
    "junit.xml",
    "defect.txt",
)
_OUTCOME = frozenset({"calls.json", "record.json", "summary.md", "junit.xml", "defect.txt"})


def dropped(record: Literal["full", "summary", "none"]) -> frozenset[str]:
    """Return the files that a setting of `record` does without: with "summary" all that shows code, prompts or the item."""
    kept = {"full": frozenset(FILES), "summary": _OUTCOME, "none": frozenset[str]()}[record]
    return frozenset(FILES) - kept


def keep_newest(folder: Path) -> None:
    """Let the link `latest` lead to the folder of a run, and remove all but the newest of those beside it.

    Those of the last day stay: of many items that run at once, one may take longer than twenty others.
    """
    link = folder.with_name(f".latest.{os.getpid()}")
    with suppress(OSError):  # as of a file system without links
        link.symlink_to(folder.name)
        link.replace(folder.with_name("latest"))
    link.unlink(missing_ok=True)
    dated = [(found[1], each) for each in folder.parent.iterdir() if (found := _DATED.fullmatch(each.name))]
    today = f"{datetime.now(UTC) - timedelta(days=1):%Y%m%dT%H%M%S}"
    for began, old in sorted(dated)[:-_MOST_RUNS]:
        if began < today and old != folder and not old.is_symlink():
            shutil.rmtree(old, ignore_errors=True)


def as_json(value: Any) -> str:
    """Return `value` as indented JSON; dataclasses become objects, and bytes only their length."""
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
