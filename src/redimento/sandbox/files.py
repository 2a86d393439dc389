"""Read, write and remove files in a folder where a command may have planted links, pipes and locked folders."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from pathlib import Path

# Git tracks no other bits, and granting the checks account access changes some of them.
TRACKED_MODE = 0o755


def read_regular(path: Path, *, at_most: int | None = None) -> bytes | None:
    """Return the content of a regular file, or None for anything else and for more than `at_most` bytes.

    Does not follow a link at the end of `path` and does not block on a pipe.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or (at_most is not None and facts.st_size > at_most):
        os.close(descriptor)
        return None
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read()


def state_of(tree: Path, path: Path) -> tuple[int, bytes] | None:
    """Return mode and content as git sees them (of a link, its target), or None if `path` is not a file in `tree`."""
    if any(folder.is_symlink() for folder in _folders(tree, path)):
        return None
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return stat.S_IFLNK, os.fsencode(path.readlink())
    except OSError:
        return None
    data = read_regular(path)
    return None if data is None else (stat.S_IFREG | (mode & TRACKED_MODE), data)


def put_state(tree: Path, path: Path, state: tuple[int, bytes] | None) -> None:
    """Restore the state that `state_of` returned."""
    if state is None:
        if not any(folder.is_symlink() for folder in _folders(tree, path)):
            clear(path)
        return
    mode, data = state
    if stat.S_ISLNK(mode):
        make_way(tree, path)
        path.symlink_to(os.fsdecode(data))
        give_to_owner(tree, path)
    else:
        write_file(tree, path, data, stat.S_IMODE(mode))


def write_file(tree: Path, path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write a regular file; create its folders inside `tree` and remove what is in the way."""
    make_way(tree, path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(data)
        os.fchmod(descriptor, mode)
    give_to_owner(tree, path)


def give_to_owner(tree: Path, path: Path) -> None:
    """Let a file or folder that root made in `tree` belong to whom the tree belongs to."""
    if os.geteuid() == 0:
        owner = tree.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def make_way(tree: Path, path: Path) -> None:
    """Remove `path`, and make the folders between it and `tree` real, writable folders."""
    for folder in _folders(tree, path):
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            folder.unlink()
        if not folder.exists():
            folder.mkdir()
            give_to_owner(tree, folder)
        if not os.access(folder, os.W_OK | os.X_OK):
            folder.chmod(0o755)
    clear(path)


def clear(path: Path) -> None:
    """Remove a file, a link or a whole folder, locked ones included; absent is fine."""
    if not path.is_dir() or path.is_symlink():
        path.unlink(missing_ok=True)
        return
    with contextlib.suppress(OSError):
        path.chmod(0o700)
    for parent, names, _ in os.walk(path):
        for name in names:
            if not os.path.islink(folder := f"{parent}/{name}"):  # noqa: PTH114 - text paths: there may be many
                os.chmod(folder, 0o700)  # noqa: PTH101 - as above
    shutil.rmtree(path)


def _folders(tree: Path, path: Path) -> list[Path]:
    """Return the folders between `tree` and `path`, outermost first."""
    return [folder for folder in reversed(path.parents) if folder != tree and folder.is_relative_to(tree)]
