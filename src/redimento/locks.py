"""Locks on this machine; the kernel releases them when their process ends, however it ends."""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redimento.errors import UsageError


class TakenError(Exception):
    """Another process on this machine holds the lock. The message is a complete sentence."""


@contextmanager
def held(name: str, sentence: str) -> Iterator[None]:
    """Hold the lock `name` of this account. Raises TakenError with `sentence` if another process holds it.

    Two runs of one build have the same claim on a work item, and two runs in one checkout would each take the other's
    change for that of a killed run.
    """
    file = own_folder(Path(tempfile.gettempdir()), "locks") / hashlib.sha256(name.encode()).hexdigest()[:16]
    descriptor = _locked(file)
    if descriptor is None:
        raise TakenError(sentence)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)  # before the lock goes: only its holder may remove the file
        os.close(descriptor)


def _locked(file: Path) -> int | None:
    """Lock the file at this path and return its descriptor; None when another process holds it."""
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if os.fstat(descriptor).st_nlink:
            return descriptor
        # Its holder removed it after we opened it. The next process would lock a new file: do so ourselves.
        os.close(descriptor)


def own_folder(base: Path, name: str) -> Path:
    """Create a folder for this account below `base`, which others may write to as well. Raises UsageError."""
    folder = base / f"redimento-{os.getuid()}-{name}"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trusted = not folder.is_symlink() and folder.stat().st_uid == os.getuid()
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be created: {error.strerror}.", "Set TMPDIR to a folder of your own."
        ) from error
    if not trusted:
        raise UsageError(f"{folder} belongs to another account.", "Remove it, or set TMPDIR to a folder of your own.")
    return folder
