"""The journal of a write: the original of each file, kept until the change is final or undone."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from redimento.change.beneath import Found
from redimento.change.edit import FileChange
from redimento.errors import RedimentoError

_ABSENT = ""


@dataclass(frozen=True)
class Entry:
    """The original of a file (None: absent), and the digest of each content the run gave it ("": absent)."""

    path: str
    found: Found | None
    digests: frozenset[str]

    def wrote(self, now: Found | None) -> bool:
        """Return whether the file has a content that the run wrote."""
        return digest_of(now.content if now else None) in self.digests


@dataclass(frozen=True)
class Journal:
    """All entries, and the folders that did not exist."""

    entries: tuple[Entry, ...] = ()
    folders: frozenset[str] = frozenset()


def digest_of(content: bytes | None) -> str:
    """Return the SHA-256 digest of a content, "" for an absent file."""
    return _ABSENT if content is None else hashlib.sha256(content).hexdigest()


def entry_of(file: FileChange) -> Entry:
    """Return the entry for a file that is about to change."""
    found = None if file.before is None or file.skipped else Found(file.before, file.mode)
    return Entry(file.path, found, frozenset({digest_of(file.after)}))


def merged(older: Entry | None, newer: Entry) -> Entry:
    """Return the newer entry with the digests of the run's earlier writes."""
    return replace(newer, digests=older.digests | newer.digests) if older else newer


def read(path: Path) -> Journal:
    """Read a journal; a missing one is empty. Raises RedimentoError when it is damaged."""
    try:
        content = json.loads(path.read_bytes())
        entries = tuple(_entry(item) for item in content["entries"])
        return Journal(entries, frozenset(content["folders"]))
    except FileNotFoundError:
        return Journal()
    except (ValueError, KeyError, TypeError) as error:
        raise RedimentoError(
            f"The journal {path} cannot be read: {error}.",
            "Restore the working tree with git, then delete the journal.",
        ) from error


def _entry(item: dict[str, Any]) -> Entry:
    content = item["content"]
    found = None if content is None else Found(base64.b64decode(content), item["mode"])
    return Entry(item["path"], found, frozenset(item["digests"]))


def save(path: Path, journal: Journal) -> None:
    """Write the journal atomically: a killed run leaves a whole one on the disk, or none."""
    content = {
        "entries": [
            {
                "path": entry.path,
                "content": None if entry.found is None else base64.b64encode(entry.found.content).decode(),
                "mode": entry.found.mode if entry.found else 0,
                "digests": sorted(entry.digests),
            }
            for entry in journal.entries
        ],
        "folders": sorted(journal.folders),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".tmp")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
