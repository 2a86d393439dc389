"""Protect the files that control git: a planted hook or setting would run in the git process that holds our token.

Nothing here runs git. The files are described in gitrepository-layout(5).
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from redimento.sandbox.files import clear, give_to_owner, read_regular, write_file

_OBJECTS = "objects"
_LARGEST_FILE = 64 * 1024 * 1024  # the index of a very large repository
_NAMED = 3
# These decide what git does or executes. Refs are left out: our own git may fetch while a check runs.
_CONTROL = frozenset({"HEAD", "index", "config", "config.worktree", "commondir", "gitdir"})
_CONTROL_FOLDERS = frozenset({"hooks", "info"})
_IGNORED = frozenset({_OBJECTS, "logs", "lfs", "worktrees"})


@dataclass(frozen=True)
class GitFolder:
    """A copy of one git folder. `identity`: device and inode; `files`: content by path inside it."""

    folder: Path
    identity: tuple[int, int]
    files: Mapping[str, bytes]
    objects: Path | None  # hard links to the objects; None where they are not ours to restore


@dataclass(frozen=True)
class GitFolders:
    """The git folders of a tree; for a linked worktree also its `.git` file (`link`) and the common folder."""

    link: bytes | None = None
    folders: tuple[GitFolder, ...] = ()


def snapshot_git(tree: Path, store: Path) -> GitFolders:
    """Copy what controls git in `tree`; hard-link the objects into `store` if it is on the same file system."""
    entry = tree / ".git"
    if entry.is_symlink() or not entry.exists():
        return GitFolders()
    if entry.is_dir():
        _link_objects(entry / _OBJECTS, store / _OBJECTS)
        return GitFolders(None, (GitFolder(entry, _identity(entry), dict(_files(entry)), store / _OBJECTS),))
    link = entry.read_bytes()
    own = (tree / link.decode("utf-8", "replace").removeprefix("gitdir:").strip()).resolve()
    folders = [own]
    if (own / "commondir").is_file():
        folders.append((own / (own / "commondir").read_text("utf-8").strip()).resolve())
    return GitFolders(
        link, tuple(GitFolder(folder, _identity(folder), dict(_files(folder)), None) for folder in folders)
    )


def restore_git(tree: Path, kept: GitFolders) -> list[str]:
    """Undo what a check did to the git folders, and return a note for each kind of damage."""
    damage = []
    if kept.link is not None and read_regular(tree / ".git") != kept.link:
        write_file(tree, tree / ".git", kept.link)
        damage.append(".git was deleted or replaced")
    for folder in kept.folders:
        damage += _restore(folder)
    return damage


def _restore(kept: GitFolder) -> list[str]:
    if _identity(kept.folder) != kept.identity and kept.objects is not None:
        clear(kept.folder)
        _link_objects(kept.objects, kept.folder / _OBJECTS)
        (kept.folder / "refs").mkdir(parents=True, exist_ok=True)  # git requires it, even if all refs are packed
        for folder in (kept.folder, *kept.folder.rglob("*/")):
            give_to_owner(kept.folder.parent, folder)  # the files are links to the old ones
        for name, data in kept.files.items():
            _write(kept.folder, name, data)
        return [".git was deleted or replaced"]
    now = {name: data for name, data in _files(kept.folder) if _controls_git(name)}
    then = {name: data for name, data in kept.files.items() if _controls_git(name)}
    planted = now.keys() - then.keys()
    lost = {name for name, data in then.items() if now.get(name) != data}
    for name in planted:
        clear(kept.folder / name)
    for name in lost:
        _write(kept.folder, name, then[name])
    # `git status` refreshes the index: restored as well, but not worth reporting.
    restored = sorted((planted | lost) - {"index"})
    return [f"restored in .git: {', '.join(restored[:_NAMED])}"] if restored else []


def _controls_git(name: str) -> bool:
    # modules/<name>/ has the same files for a submodule.
    parts = Path(name).parts
    return parts[-1] in _CONTROL or not _CONTROL_FOLDERS.isdisjoint(parts[:-1])


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for parent, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in _IGNORED]
        for name in files:
            path = Path(parent, name)
            data = read_regular(path, at_most=_LARGEST_FILE)
            if data is not None:
                yield str(path.relative_to(folder)), data
            elif path.is_symlink() and _controls_git(str(path.relative_to(folder))):
                yield str(path.relative_to(folder)), os.fsencode(path.readlink())


def _write(folder: Path, name: str, data: bytes) -> None:
    write_file(folder, folder / name, data, 0o755 if "hooks" in Path(name).parts else 0o644)


def _identity(folder: Path) -> tuple[int, int]:
    with contextlib.suppress(OSError):
        found = folder.lstat()
        if folder.is_dir() and not folder.is_symlink():
            return found.st_dev, found.st_ino
    return 0, 0


def _link_objects(source: Path, target: Path) -> None:
    """Hard-link every object: objects never change, so this takes no space and survives `rm -rf`.

    On another file system nothing is kept: a copy could be gigabytes.
    """
    if source.is_dir() and not target.exists():
        with contextlib.suppress(OSError, shutil.Error):
            shutil.copytree(source, target, copy_function=os.link, symlinks=True)
