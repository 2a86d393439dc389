"""Keep a tree as it should be, whatever the checks do to it.

Guaranteed after every command, provided that the command had no more rights than its isolation gives:
- the files of the change have the content they had before the command;
- every path that was named to `keep` (the files git tracks) and is not part of the change has its first content back;
- what steers git (HEAD, index, settings, hooks) is unchanged; a `.git` folder that was deleted or replaced is back, its
  objects included when the scratch space lies on the same file system.
New files that a command leaves are not touched: build products make the next run quick. Under `process` a command
that wants to can also destroy what is kept here, for it has our own account; under `user` it cannot.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from redimento.sandbox.files import clear, put_state, state_of
from redimento.sandbox.git_folder import GitFolders, keep_git, restore_git

_NAMED = 3

# Size, change time in ns and inode tell a touched file from an untouched one; unlike the modification time, the change
# time cannot be set back.
_Stamp = tuple[int, int, int]
_State = tuple[int, bytes] | None


@dataclass(frozen=True)
class Kept:
    """Copies of a tree's `files` in `store`, the `folders` they lie in, and its git folders as they were."""

    tree: Path
    store: Path
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    git: GitFolders = field(default_factory=GitFolders)


def keep(tree: Path, files: Iterable[str], store: Path) -> Kept:
    """Copy `files` (paths inside `tree`; absent ones are left out) into `store`, which must not exist yet."""
    store.mkdir(parents=True, mode=0o700)
    present = tuple(path for path in files if _stamp(tree, path) is not None)
    folders = {str(folder) for path in present for folder in PurePosixPath(path).parents} - {"."}
    for folder in (".", *folders):
        (store / "files" / folder).mkdir(parents=True, exist_ok=True)
    for path in present:
        shutil.copy2(tree / path, store / "files" / path, follow_symlinks=False)
    return Kept(tree, store, present, tuple(folders), keep_git(tree, store))


@contextlib.contextmanager
def guarded(kept: Kept, changed: Sequence[str], damage: list[str]) -> Iterator[None]:
    """Put the tree back on leaving: `changed` as it is on entering, the rest as it was kept.

    `damage` receives a few words for each kind of thing that had to be put back.
    """
    now = {path: state_of(kept.tree, kept.tree / path) for path in changed}
    stamps = {path: _stamp(kept.tree, path) for path in kept.files if path not in now}
    try:
        yield
    finally:
        damage += _restore(kept, now, stamps)


def _restore(kept: Kept, now: Mapping[str, _State], stamps: Mapping[str, _Stamp | None]) -> list[str]:
    damage = []
    if not kept.tree.is_dir():
        clear(kept.tree)
        kept.tree.mkdir(parents=True)
        damage.append("the tree was deleted and is back")
    damage += restore_git(kept.tree, kept.git)
    # A folder that was moved away and linked to: the files in it look untouched, and are no longer in the tree.
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
        damage.append(f"put back: {', '.join(sorted(touched)[:_NAMED])}{more}")
    return damage


def _restore_file(kept: Kept, path: str, state: _State) -> bool:
    original = kept.tree / path
    if state_of(kept.tree, original) == state:
        return False
    put_state(kept.tree, original, state)
    return True


def _stamp(tree: Path, path: str) -> _Stamp | None:
    try:
        found = os.lstat(f"{tree}/{path}")  # text, for there are tens of thousands, twice for each command
    except OSError:
        return None
    return found.st_size, found.st_ctime_ns, found.st_ino
