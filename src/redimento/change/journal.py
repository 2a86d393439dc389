"""The journal of a write: the original of each file, kept until the change is final or undone."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redimento.change.beneath import Found
from redimento.change.edit import FileChange
from redimento.errors import RedimentoError


@dataclass(frozen=True)
class Entry:
    """The original of a file (None: absent), and the digest of each content the run gave it ("": absent).

    `depth`: how many of the folders above it were there.
    """

    path: str
    found: Found | None
    digests: frozenset[str]
    depth: int

    def wrote(self, now: Found | None) -> bool:
        """Return whether the file has a content that the run wrote."""
        return _digest(now.content if now else None) in self.digests


def _digest(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def original_of(file: FileChange) -> Found | None:
    """Return a file as it was on the disk."""
    return None if file.before is None or file.skipped else Found(file.before, file.mode)


def entry_of(file: FileChange, older: Entry | None, depth: int) -> Entry:
    """Return the entry for a file that is about to change; `older`, from the run's earlier writes, has the depth before them."""
    digests = frozenset({_digest(file.after)}) | (older.digests if older else frozenset())
    return Entry(file.path, original_of(file), digests, older.depth if older else depth)


def read(path: Path) -> tuple[Entry, ...]:
    """Read a journal; a missing one is empty. Raises RedimentoError when it is damaged."""
    try:
        return tuple(_entry(item) for item in json.loads(path.read_bytes())["entries"])
    except FileNotFoundError:
        return ()
    except (ValueError, KeyError, TypeError) as error:
        raise RedimentoError(
            f"The journal {path} cannot be read: {error}.",
            "Restore the working tree with git, then delete the journal.",
        ) from error


def _entry(item: dict[str, Any]) -> Entry:
    content = item["content"]
    found = None if content is None else Found(base64.b64decode(content), item["mode"])
    # A run of an earlier version may have been killed: its journal has no depths.
    return Entry(item["path"], found, frozenset(item["digests"]), item.get("depth", 0))


def save(path: Path, entries: Iterable[Entry]) -> None:
    """Write the journal atomically: a killed run leaves a whole one on the disk, or none."""
    content = {
        "entries": [
            {
                "path": entry.path,
                "content": None if entry.found is None else base64.b64encode(entry.found.content).decode(),
                "mode": entry.found.mode if entry.found else 0,
                "digests": sorted(entry.digests),
                "depth": entry.depth,
            }
            for entry in entries
        ]
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
