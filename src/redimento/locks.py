"""Locks on this machine; the kernel releases them when their process ends, however it ends."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from redimento.errors import UsageError

_POLL = 0.02  # seconds


class TakenError(Exception):
    """Another process on this machine holds the lock. The message is a complete sentence."""


@contextmanager
def held(name: str, sentence: str) -> Iterator[None]:
    """Hold the lock `name` of this account. Raises TakenError with `sentence` if another process holds it.

    Two runs of one build have the same claim on a work item, and two runs in one checkout would each take the other's
    change for that of a killed run.
    """
    file = own_folder(_place(), "locks") / hashlib.sha256(name.encode()).hexdigest()[:16]
    descriptor = _locked(file)
    if descriptor is None:
        raise TakenError(sentence)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)  # before the lock goes: only its holder may remove the file
        os.close(descriptor)


@contextmanager
def waited_for(file: Path, seconds: float) -> Iterator[bool]:
    """Hold the lock `file`, waiting so long for it, and yield whether it is held. Raises OSError."""
    until = time.monotonic() + seconds
    while (descriptor := _locked(file)) is None and time.monotonic() < until:
        time.sleep(_POLL)
    try:
        yield descriptor is not None
    finally:
        if descriptor is not None:
            file.unlink(missing_ok=True)
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


def _place() -> Path:
    """Return a folder for locks in which no other account can be first: the cache of our home, if it is ours alone."""
    with suppress(OSError, RuntimeError):
        cache = Path.home() / ".cache"
        cache.mkdir(mode=0o700, exist_ok=True)
        facts = cache.stat()
        if facts.st_uid == os.geteuid() and not facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            return cache
    return Path(tempfile.gettempdir())


def own_folder(base: Path, name: str) -> Path:
    """Create a folder below `base` that only this account can enter. Raises UsageError if another one can interfere."""
    folder = base / f"redimento-{os.getuid()}-{name}"
    remedy = "Remove it, or set TMPDIR to a folder of your own."
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        above, facts = base.stat(), folder.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
            raise UsageError(f"{folder} is a link or belongs to another account.", remedy)
        folder.chmod(0o700)
    except OSError as error:
        raise UsageError(f"{folder} cannot be created: {error.strerror}.", remedy) from error
    if above.st_mode & stat.S_IWOTH and not above.st_mode & stat.S_ISVTX:
        raise UsageError(f"Every account can replace folders in {base}.", f"Set its sticky bit: chmod +t {base}")
    return folder
