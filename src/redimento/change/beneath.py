"""Read and write files beneath a root without following any symbolic link.

Every step opens one name relative to the directory already open, with O_NOFOLLOW: a link swapped in between check and
use makes the step fail instead of leading outside.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# O_NONBLOCK: opening a pipe must not wait for a writer.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_EXECUTABLE = 0o100755
_PLAIN = 0o100644
_TEMPORARY = ".redimento-9d41c7e2b06f.tmp"  # fixed and unlikely, so that the next run finds what a killed write left


class BlockedError(Exception):
    """A path cannot be used; the message completes a sentence that begins with the path."""


@dataclass(frozen=True)
class Found:
    """A regular file: its content and git's octal mode."""

    content: bytes
    mode: int


@contextmanager
def opened(root: Path) -> Iterator[int]:
    """Open the root as a directory descriptor; the path to the root itself may contain links."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def parent_of(root: int, path: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
    """Open the directory of `path` and yield its descriptor and the last name.

    Raises FileNotFoundError when a directory is missing and `create` is off, BlockedError when one is a link, a file or
    another repository.
    """
    *folders, name = path.split("/")
    current = os.dup(root)
    try:
        for folder in folders:
            if create:
                _make_folder(current, folder)
            below = _enter(current, folder)
            os.close(current)
            current = below
            if _status(current, ".git"):
                raise BlockedError("lies in a submodule or another repository")
        yield current, name
    finally:
        os.close(current)


def _make_folder(directory: int, name: str) -> None:
    try:
        os.mkdir(name, dir_fd=directory)
    except FileExistsError:
        return
    if os.geteuid() == 0:  # see `put`
        owner = os.fstat(directory)
        os.chown(name, owner.st_uid, owner.st_gid, dir_fd=directory, follow_symlinks=False)


def _enter(directory: int, name: str) -> int:
    try:
        return os.open(name, _DIRECTORY, dir_fd=directory)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BlockedError(f'passes through "{name}", which is a link or not a folder') from error


def _status(directory: int, name: str) -> os.stat_result | None:
    try:
        return os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BlockedError("lies in a folder that cannot be read") from error


def read(root: int, path: str, limit: int | None = None) -> Found | None:
    """Return the file at `path`, None if it does not exist.

    Raises BlockedError when it is not a regular file, lies behind a link, or is larger than `limit` bytes.
    """
    try:
        with parent_of(root, path) as (directory, name):
            descriptor = os.open(name, _FILE, dir_fd=directory)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BlockedError("is a link or cannot be read") from error
    try:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            raise BlockedError("is a directory: name its files one by one")
        if not stat.S_ISREG(status.st_mode):
            raise BlockedError("is not a regular file")
        if limit is not None and status.st_size > limit:
            raise BlockedError(f"is {status.st_size} bytes long, more than change.max_file_bytes ({limit}) allows")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return Found(file.read(), _EXECUTABLE if status.st_mode & 0o100 else _PLAIN)
    finally:
        os.close(descriptor)


def names_in(root: int, folder: str) -> frozenset[str]:
    """Return the names in `folder` ("" is the root); empty if it does not exist or lies behind a link."""
    try:
        with parent_of(root, f"{folder}/-" if folder else "-") as (directory, _):
            return frozenset(os.listdir(directory))  # noqa: PTH208  # pathlib cannot list a descriptor
    except (OSError, BlockedError):
        return frozenset()


def put(root: int, path: str, content: bytes, mode: int) -> None:
    """Write `content` to `path` atomically, through a temporary file in the same directory.

    Raises BlockedError when the target is a link or a directory, or lies behind a link.
    """
    with parent_of(root, path, create=True) as (directory, name):
        known = _status(directory, name)
        if known and not stat.S_ISREG(known.st_mode):
            raise BlockedError("is a link or not a regular file")
        with suppress(FileNotFoundError):
            os.unlink(_TEMPORARY, dir_fd=directory)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(_TEMPORARY, flags, 0o600, dir_fd=directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), _permissions(known, mode))
                if os.geteuid() == 0:  # or the agent could not clean up the files in its checkout
                    owner = known or os.fstat(directory)
                    os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
                os.fsync(file.fileno())
            os.replace(_TEMPORARY, name, src_dir_fd=directory, dst_dir_fd=directory)
        except BaseException:
            with suppress(FileNotFoundError):
                os.unlink(_TEMPORARY, dir_fd=directory)
            raise


def remove_leftover(root: int, path: str) -> None:
    """Remove the temporary file that a killed write left next to `path`."""
    folder = path.rpartition("/")[0]
    remove(root, f"{folder}/{_TEMPORARY}" if folder else _TEMPORARY)


def _permissions(known: os.stat_result | None, mode: int) -> int:
    """Return the permissions the file already has, or those of a new file under the umask."""
    if known and bool(known.st_mode & 0o100) == bool(mode & 0o100):
        return stat.S_IMODE(known.st_mode)
    umask = os.umask(0)
    os.umask(umask)
    return (0o777 if mode & 0o100 else 0o666) & ~umask


def remove(root: int, path: str) -> None:
    """Remove the file at `path` if it exists. Raises BlockedError when it is a directory or behind a link."""
    with suppress(FileNotFoundError), parent_of(root, path) as (directory, name):
        try:
            os.unlink(name, dir_fd=directory)
        except (IsADirectoryError, PermissionError) as error:
            raise BlockedError("cannot be removed") from error


def depth(root: int, path: str) -> int:
    """Return how many of the directories of `path` exist and can be reached without a link."""
    folders = path.split("/")[:-1]
    for number in range(len(folders), 0, -1):
        with suppress(FileNotFoundError, BlockedError), parent_of(root, "/".join([*folders[:number], "-"])):
            return number
    return 0


def prune(root: int, path: str, keep: int = 0) -> None:
    """Remove the empty directories of `path`, innermost first, but not the `keep` outermost."""
    folders = path.split("/")[:-1]
    with suppress(OSError, BlockedError):  # one that is not empty ends it
        while len(folders) > keep:
            with suppress(FileNotFoundError), parent_of(root, "/".join(folders)) as (directory, name):
                os.rmdir(name, dir_fd=directory)
            folders.pop()
