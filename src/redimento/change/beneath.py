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
            if _exists(current, ".git"):
                raise BlockedError("lies in a submodule or another repository")
        yield current, name
    finally:
        os.close(current)


def _make_folder(directory: int, name: str) -> None:
    try:
        os.mkdir(name, dir_fd=directory)
    except FileExistsError:
        return
    if os.geteuid() == 0:  # see _keep_owner
        owner = os.fstat(directory)
        os.chown(name, owner.st_uid, owner.st_gid, dir_fd=directory, follow_symlinks=False)


def _enter(directory: int, name: str) -> int:
    try:
        return os.open(name, _DIRECTORY, dir_fd=directory)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise BlockedError(f'passes through "{name}", which is a link or not a folder') from error


def _exists(directory: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    except OSError as error:
        raise BlockedError("lies in a folder that cannot be read") from error
    return True


def read(root: int, path: str, limit: int | None = None) -> Found | None:
    """Return the file at `path`, None if it does not exist.

    Raises BlockedError when it is not a regular file, lies behind a link, or is larger than `limit` bytes.
    """
    try:
        with parent_of(root, path) as (directory, name):
            try:
                descriptor = os.open(name, _FILE, dir_fd=directory)
            except FileNotFoundError:
                return None
            except OSError as error:
                raise BlockedError("is a link or cannot be read") from error
    except FileNotFoundError:
        return None
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
        _refuse_odd_target(directory, name)
        with suppress(FileNotFoundError):
            os.unlink(_TEMPORARY, dir_fd=directory)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(_TEMPORARY, flags, 0o600, dir_fd=directory)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fchmod(file.fileno(), _permissions(directory, name, mode))
                _keep_owner(directory, name, file.fileno())
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


def _refuse_odd_target(directory: int, name: str) -> None:
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode):
            raise BlockedError("is a link or not a regular file")


def _permissions(directory: int, name: str, mode: int) -> int:
    """Return the permissions the file already has, or those of a new file under the umask."""
    with suppress(FileNotFoundError):
        found = stat.S_IMODE(os.stat(name, dir_fd=directory, follow_symlinks=False).st_mode)
        if bool(found & 0o100) == bool(mode & 0o100):
            return found
    umask = os.umask(0)
    os.umask(umask)
    return (0o777 if mode & 0o100 else 0o666) & ~umask


def _keep_owner(directory: int, name: str, descriptor: int) -> None:
    """When running as root, keep the owner of the file, or give a new one the owner of its folder.

    Otherwise the step would leave files in the agent's checkout that the agent cannot clean up.
    """
    if os.geteuid() != 0:
        return
    status = os.fstat(directory)
    with suppress(FileNotFoundError):
        status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    os.fchown(descriptor, status.st_uid, status.st_gid)


def remove(root: int, path: str) -> None:
    """Remove the file at `path` if it exists. Raises BlockedError when it is a directory or behind a link."""
    with suppress(FileNotFoundError), parent_of(root, path) as (directory, name):
        try:
            os.unlink(name, dir_fd=directory)
        except (IsADirectoryError, PermissionError) as error:
            raise BlockedError("cannot be removed") from error


def prune(root: int, path: str) -> None:
    """Remove the empty directories of `path`, innermost first."""
    folders = path.split("/")[:-1]
    while folders and remove_folder(root, "/".join(folders)):
        folders.pop()


def remove_folder(root: int, folder: str) -> bool:
    """Remove a directory if it is empty; return whether it was."""
    try:
        with parent_of(root, folder) as (directory, name):
            os.rmdir(name, dir_fd=directory)
    except (OSError, BlockedError):
        return False
    return True


def folder_exists(root: int, folder: str) -> bool:
    """Return whether `folder` is a directory that can be reached without a link."""
    try:
        with parent_of(root, f"{folder}/-"):
            return True
    except (FileNotFoundError, BlockedError):
        return False
