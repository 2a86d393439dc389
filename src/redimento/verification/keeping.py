"""Keep a tree as it should be, whatever the checks do to it.

Guaranteed after every command, provided that the command ran with no more rights than its isolation gives:
- the files of the change have the content they had before the command;
- every path that was named to `keep` (the files git tracks) and is not part of the change has its first content back;
- what steers git (HEAD, config, hooks, index, refs and such in the tree's `.git`) is unchanged; a `.git` that was
  deleted or replaced is back, objects included when the store lies on the same file system.
New files that a command leaves are not touched: build products make the next run quick. Under `process` a command
that wants to can also delete what is kept here, for it has our own account; under `user` it cannot.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_LARGEST_STEERING_FILE = 64 * 1024 * 1024  # the index of a very large repository
_NAMED = 3
_OBJECTS = "objects"


@dataclass(frozen=True)
class Stamp:
    """What tells a changed file from an unchanged one without reading it."""

    size: int
    changed: int  # ns, the inode's own time: unlike the file's it cannot be set back
    inode: int


@dataclass(frozen=True)
class Kept:
    """Copies of a tree's `files` in `store`."""

    tree: Path
    store: Path
    files: tuple[str, ...]
    steering: Mapping[str, bytes]  # of `.git`, by path inside it
    git: tuple[int, int] | None  # device and inode of `.git`; None: a plain folder, or a linked worktree's file


def keep(tree: Path, files: Iterable[str], store: Path) -> Kept:
    """Copy `files` (paths inside `tree`) and what steers git into `store`, which must not exist."""
    copies = store / "files"
    copies.mkdir(parents=True, mode=0o700)
    copied: list[str] = []
    made: set[Path] = set()
    for path in files:
        original, copy = tree / path, copies / path
        if _stamp(original) is None:
            continue
        if copy.parent not in made:
            copy.parent.mkdir(parents=True, exist_ok=True)
            made.add(copy.parent)
        shutil.copy2(original, copy, follow_symlinks=False)
        copied.append(path)
    folder = tree / ".git"
    if not folder.is_dir() or folder.is_symlink():
        return Kept(tree, store, tuple(copied), {}, None)
    _link_objects(folder / _OBJECTS, store / _OBJECTS)
    return Kept(tree, store, tuple(copied), dict(_steering(folder)), _identity(folder))


@contextlib.contextmanager
def guarded(kept: Kept, changed: Sequence[str], damage: list[str]) -> Iterator[None]:
    """Put the tree back on leaving: `changed` as it is now, the rest as it was kept.

    `damage` receives a few words for each thing that had to be put back.
    """
    now = {path: _content(kept.tree / path) for path in changed}
    stamps = {path: _stamp(kept.tree / path) for path in kept.files if path not in now}
    try:
        yield
    finally:
        damage += _restore(kept, now, stamps)


def _restore(kept: Kept, now: Mapping[str, tuple[int, bytes] | None], stamps: Mapping[str, Stamp | None]) -> list[str]:
    damage = []
    if not kept.tree.is_dir():
        _clear(kept.tree)
        kept.tree.mkdir(parents=True)
        damage.append("the tree was deleted")
    damage += _restore_git(kept)
    touched = [path for path, stamp in stamps.items() if _restore_file(kept, path, stamp)]
    touched += [path for path, content in now.items() if _restore_content(kept.tree / path, content)]
    if touched:
        more = f" and {len(touched) - _NAMED} more" if len(touched) > _NAMED else ""
        damage.append(f"put back: {', '.join(sorted(touched)[:_NAMED])}{more}")
    return damage


def _restore_file(kept: Kept, path: str, stamp: Stamp | None) -> bool:
    original, copy = kept.tree / path, kept.store / "files" / path
    if _stamp(original) == stamp or _content(original) == _content(copy):
        return False
    _make_way(kept.tree, original)
    shutil.copy2(copy, original, follow_symlinks=False)
    return True


def _restore_content(path: Path, content: tuple[int, bytes] | None) -> bool:
    if _content(path) == content:
        return False
    if content is None:
        _clear(path)
        return True
    mode, data = content
    path.parent.mkdir(parents=True, exist_ok=True)
    _clear(path)
    if stat.S_ISLNK(mode):
        path.symlink_to(os.fsdecode(data))
    else:
        path.write_bytes(data)
        path.chmod(stat.S_IMODE(mode))
    return True


def _make_way(tree: Path, path: Path) -> None:
    """Make sure that `path` is absent and that its folders are real ones inside the tree."""
    for folder in reversed([parent for parent in path.parents if parent.is_relative_to(tree)]):
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            folder.unlink()
        folder.mkdir(exist_ok=True)
    _clear(path)


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return Stamp(found.st_size, found.st_ctime_ns, found.st_ino)


def _content(path: Path) -> tuple[int, bytes] | None:
    """Return mode and content of a file or link; None when it is neither. Opens no FIFO and follows no link."""
    try:
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            return stat.S_IFLNK, os.fsencode(path.readlink())
        if stat.S_ISREG(mode):
            return mode & ~0o022, path.read_bytes()  # opening a tree to the checks account changes write bits
    except OSError:
        return None
    return None


def _identity(folder: Path) -> tuple[int, int] | None:
    try:
        found = folder.lstat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if stat.S_ISDIR(found.st_mode) else None


def _steering(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield what is in `.git` apart from objects and logs: small files, a planted one of which could own our git."""
    for parent, names, files in os.walk(folder):
        if Path(parent) == folder:
            names[:] = [name for name in names if name not in {_OBJECTS, "logs", "lfs"}]
        names[:] = [name for name in names if name != _OBJECTS]  # of submodules, under modules/
        for name in files:
            path = Path(parent, name)
            content = _content(path)
            if content and stat.S_ISREG(content[0]) and len(content[1]) <= _LARGEST_STEERING_FILE:
                yield str(path.relative_to(folder)), content[1]


def _restore_git(kept: Kept) -> list[str]:
    if kept.git is None:
        return []
    folder = kept.tree / ".git"
    if _identity(folder) != kept.git:
        _clear(folder)
        folder.mkdir()
        _link_objects(kept.store / _OBJECTS, folder / _OBJECTS)
        (folder / "refs").mkdir(exist_ok=True)
        _write_steering(folder, kept.steering)
        return [".git was deleted or replaced"]
    now = dict(_steering(folder))
    # git itself refreshes the index when a check asks for the status: no harm, and no news.
    planted = [name for name in now if name not in kept.steering]
    lost = {name: data for name, data in kept.steering.items() if now.get(name) != data}
    for name in planted:
        _clear(folder / name)
    _write_steering(folder, lost)
    news = sorted({*planted, *lost} - {"index"})
    return [f"put back in .git: {', '.join(news[:_NAMED])}"] if news else []


def _write_steering(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = folder / name
        mode = stat.S_IMODE(path.stat().st_mode) if path.is_file() and not path.is_symlink() else None
        _make_way(folder, path)
        path.write_bytes(data)
        executable = name.startswith("hooks/")
        path.chmod(mode if mode is not None else 0o755 if executable else 0o644)


def _link_objects(source: Path, target: Path) -> None:
    """Give every object a second name: objects never change, so this costs no space and survives `rm -rf`.

    On another file system nothing is kept, for a copy may be gigabytes.
    """
    if not source.is_dir():
        return
    with contextlib.suppress(OSError):
        shutil.copytree(source, target, copy_function=os.link, symlinks=True)
