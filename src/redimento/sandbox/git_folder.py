"""Keep what steers git as it is: a check that plants a hook or a setting would own the git that carries our token.

Nothing here runs git; the files are those of gitrepository-layout(5).
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from redimento.sandbox.files import clear, read_regular, write_file

_OBJECTS = "objects"
_LARGEST_FILE = 64 * 1024 * 1024  # the index of a very large repository
_NAMED = 3
# Whoever writes these decides what git does or executes. Not refs: our own git may fetch while a check runs.
_STEERING = frozenset({"HEAD", "index", "config", "config.worktree", "commondir", "gitdir"})
_STEERING_FOLDERS = frozenset({"hooks", "info"})
_IN_FLUX = frozenset({_OBJECTS, "logs", "lfs", "worktrees"})


@dataclass(frozen=True)
class GitFolder:
    """One git folder as it was. `identity`: device and inode; `files`: content by path inside it."""

    folder: Path
    identity: tuple[int, int]
    files: Mapping[str, bytes]
    objects: Path | None  # second names of the objects; None where they are not ours to restore


@dataclass(frozen=True)
class GitFolders:
    """What belongs to a tree: its own git folder; of a linked worktree its `.git` file and the common folder too."""

    link: bytes | None = None
    folders: tuple[GitFolder, ...] = ()


def keep_git(tree: Path, store: Path) -> GitFolders:
    """Remember what steers git in `tree`; the objects get second names in `store` if it is on their file system."""
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
    """Put back what a check did to the git folders, and say what it was in a few words."""
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
        kept.folder.mkdir()
        _link_objects(kept.objects, kept.folder / _OBJECTS)
        (kept.folder / "refs").mkdir(exist_ok=True)  # without it git sees no repository, though all refs are packed
        for name, data in kept.files.items():
            _write(kept.folder, name, data)
        return [".git was deleted or replaced"]
    now = {name: data for name, data in _files(kept.folder) if _steers(name)}
    then = {name: data for name, data in kept.files.items() if _steers(name)}
    planted = now.keys() - then.keys()
    lost = {name for name, data in then.items() if now.get(name) != data}
    for name in planted:
        clear(kept.folder / name)
    for name in lost:
        _write(kept.folder, name, then[name])
    # Asking for the status makes git refresh the index: put back as well, but no news.
    news = sorted((planted | lost) - {"index"})
    return [f"put back in .git: {', '.join(news[:_NAMED])}"] if news else []


def _steers(name: str) -> bool:
    # modules/<name>/ holds the same again for a submodule.
    parts = Path(name).parts
    return parts[-1] in _STEERING or not _STEERING_FOLDERS.isdisjoint(parts[:-1])


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for parent, names, files in os.walk(folder):
        names[:] = [name for name in names if name not in _IN_FLUX]
        for name in files:
            path = Path(parent, name)
            data = read_regular(path, at_most=_LARGEST_FILE)
            if data is not None:
                yield str(path.relative_to(folder)), data
            elif path.is_symlink() and _steers(str(path.relative_to(folder))):
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
    """Give every object a second name: objects never change, so this costs no space and survives `rm -rf`.

    On another file system nothing is kept, for a copy may be gigabytes.
    """
    if source.is_dir() and not target.exists():
        with contextlib.suppress(OSError, shutil.Error):
            shutil.copytree(source, target, copy_function=os.link, symlinks=True)
