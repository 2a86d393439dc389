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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from redimento.sandbox.files import clear, put_state, state_of
from redimento.sandbox.git_folder import GitFolders, restore_git, snapshot_git

_NAMED = 3

# Size, ctime in ns and inode show whether a file was touched; unlike mtime, ctime cannot be set back.
_Stamp = tuple[int, int, int]
_State = tuple[int, bytes] | None


@dataclass(frozen=True)
class Snapshot:
    """Copies of a tree's `files` in `store`, the `folders` they are in, a copy of its git folders, and its owner."""

    tree: Path
    store: Path
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    git: GitFolders = field(default_factory=GitFolders)
    owner: tuple[int, int] = (-1, -1)  # change nothing: chown(2)


def take_snapshot(tree: Path, files: Iterable[str], store: Path) -> Snapshot:
    """Copy `files` (paths inside `tree`; missing ones are skipped) into `store`, which must not exist yet."""
    store.mkdir(parents=True, mode=0o700)
    present = tuple(path for path in files if _stamp(tree, path) is not None)
    folders = {str(folder) for path in present for folder in PurePosixPath(path).parents} - {"."}
    for folder in (".", *folders):
        (store / "files" / folder).mkdir(parents=True, exist_ok=True)
    for path in present:
        _copy(tree / path, store / "files" / path)
    facts = tree.stat()
    return Snapshot(tree, store, present, tuple(folders), snapshot_git(tree, store), owner=(facts.st_uid, facts.st_gid))


def _copy(file: Path, copy: Path) -> None:
    """Copy what `state_of` returns; shutil.copy2 copies more, and takes twice the time for thousands of small files."""
    mode = file.lstat().st_mode
    if stat.S_ISLNK(mode):
        copy.symlink_to(file.readlink())
        return
    with file.open("rb") as original, copy.open("xb") as kept:
        shutil.copyfileobj(original, kept)
        os.fchmod(kept.fileno(), stat.S_IMODE(mode))


@contextlib.contextmanager
def guarded(kept: Snapshot, changed: Sequence[str], damage: list[str]) -> Iterator[None]:
    """Restore the tree on exit: `changed` as on entry, everything else from the snapshot.

    A note for each kind of damage is appended to `damage`.
    """
    now = {path: state_of(kept.tree, kept.tree / path) for path in changed}
    stamps = {path: _stamp(kept.tree, path) for path in kept.files if path not in now}
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
    links = tuple(f"{folder}/" for folder in kept.folders if (kept.tree / folder).is_symlink())
    touched = [
        path
        for path, stamp in stamps.items()
        if (path.startswith(links) or _stamp(kept.tree, path) != stamp)
        and _restore_file(kept, path, state_of(kept.store / "files", kept.store / "files" / path))
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


def _stamp(tree: Path, path: str) -> _Stamp | None:
    try:
        found = os.lstat(f"{tree}/{path}")  # text: tens of thousands, twice per command
    except OSError:
        return None
    return found.st_size, found.st_ctime_ns, found.st_ino
