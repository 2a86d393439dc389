"""Restore a tree after each check.

Guaranteed after every command, unless it had more rights than its isolation grants:
- the files of the change have the content they had before the command;
- every other path given to `take_snapshot` (the files git tracks) has its original content;
- what was restored belongs to the owner of the tree;
- what controls git (HEAD, index, settings, hooks) is unchanged; a deleted or replaced `.git` folder is restored, with
  its objects if the scratch space is on the same file system.
New files are left alone here: a later check may need them, and `leftovers` removes them before the next pass. Under `process` a command could destroy the snapshot as
well, since it runs under our account; under `user` it cannot.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from redimento.sandbox.files import TRACKED_MODE, clear, put_state, state_of
from redimento.sandbox.git_folder import GitFolders, restore_git, snapshot_git

_NAMED = 3
_FILES = "files"

# Size, ctime in ns and inode show whether a file was touched; unlike mtime, ctime cannot be set back.
_Stamp = tuple[int, int, int]
_State = tuple[int, bytes] | None


@dataclass(frozen=True)
class Snapshot:
    """Copies of a tree's `files`, one behind the other in `store`, the `folders` they are in, and its git folders.

    `files`: path → mode, and where in the store its content (of a link, its target) begins and ends. `owner`: of the tree.
    """

    tree: Path
    store: Path
    files: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    folders: Collection[str] = ()
    git: GitFolders = field(default_factory=GitFolders)
    owner: tuple[int, int] = (-1, -1)  # change nothing: chown(2)

    def state(self, path: str) -> _State:
        """Return what `state_of` did for a file when the snapshot was taken."""
        mode, begin, end = self.files[path]
        with (self.store / _FILES).open("rb") as copies:
            copies.seek(begin)
            return mode, copies.read(end - begin)


def take_snapshot(tree: Path, files: Iterable[str], store: Path) -> Snapshot:
    """Copy `files` (paths inside `tree`; missing ones are skipped) into `store`, which must not exist yet.

    The copies are one file: thousands of small ones take three times as long to write and to remove.
    """
    store.mkdir(parents=True, mode=0o700)
    kept: dict[str, tuple[int, int, int]] = {}
    folders: set[str] = set()
    root = str(tree)  # text paths: there are thousands
    with (store / _FILES).open("xb") as copies:
        for path in files:
            begin = copies.tell()
            mode = _copy(f"{root}/{path}", copies)
            if mode is None:
                continue
            kept[path] = mode, begin, copies.tell()
            folder = path.rpartition("/")[0]
            while folder and folder not in folders:
                folders.add(folder)
                folder = folder.rpartition("/")[0]
    facts = tree.stat()
    return Snapshot(tree, store, kept, folders, snapshot_git(tree, store), owner=(facts.st_uid, facts.st_gid))


def _copy(path: str, copies: BinaryIO) -> int | None:
    """Append the content of a file, or the target of a link; return its mode, None if there is neither."""
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return None
    if stat.S_ISLNK(mode):
        copies.write(os.fsencode(os.readlink(path)))  # noqa: PTH115 - text paths
        return stat.S_IFLNK
    if not stat.S_ISREG(mode):
        return None
    with open(path, "rb", buffering=0) as original:  # noqa: PTH123 - text paths
        shutil.copyfileobj(original, copies)
    return stat.S_IFREG | (mode & TRACKED_MODE)


@contextlib.contextmanager
def guarded(kept: Snapshot, changed: Sequence[str], damage: list[str]) -> Iterator[None]:
    """Restore the tree on exit: `changed` as on entry, everything else from the snapshot.

    A note for each kind of damage is appended to `damage`.
    """
    now = {path: state_of(kept.tree, kept.tree / path) for path in changed}
    root = str(kept.tree)
    stamps = {path: _stamp(root, path) for path in kept.files if path not in now}
    try:
        yield
    finally:
        damage += _restore(kept, now, stamps)


def _restore(kept: Snapshot, now: Mapping[str, _State], stamps: Mapping[str, _Stamp | None]) -> list[str]:
    damage = []
    if not kept.tree.is_dir():
        clear(kept.tree)
        kept.tree.mkdir(parents=True)
        os.chown(kept.tree, *kept.owner)
        damage.append("the tree was deleted; restored")
    damage += restore_git(kept.tree, kept.git)
    # A folder moved away and replaced by a link: its files look untouched, but are no longer in the tree.
    root = str(kept.tree)
    links = tuple(f"{folder}/" for folder in kept.folders if os.path.islink(f"{root}/{folder}"))  # noqa: PTH114 - text
    touched = [
        path
        for path, stamp in stamps.items()
        if (path.startswith(links) or _stamp(root, path) != stamp) and _restore_file(kept, path, kept.state(path))
    ]
    touched += [path for path, state in now.items() if _restore_file(kept, path, state)]
    if touched:
        more = f" and {len(touched) - _NAMED} more" if len(touched) > _NAMED else ""
        damage.append(f"restored: {', '.join(sorted(touched)[:_NAMED])}{more}")
    return damage


def _restore_file(kept: Snapshot, path: str, state: _State) -> bool:
    original = kept.tree / path
    if state_of(kept.tree, original) == state:
        return False
    put_state(kept.tree, original, state)
    return True


def _stamp(root: str, path: str) -> _Stamp | None:
    try:
        found = os.lstat(f"{root}/{path}")  # text: tens of thousands, twice per command
    except OSError:
        return None
    return found.st_size, found.st_ctime_ns, found.st_ino
