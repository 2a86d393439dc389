"""Separate working trees at a commit, for trying a change without touching the checkout."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from redimento.errors import UsageError
from redimento.repository.checkout import Checkout
from redimento.repository.store import PrivateGit, write_git_directory


@contextmanager
def worktree(checkout: Checkout, commit: str, folder: Path) -> Iterator[Path]:
    """Lend `folder` filled with the files of `commit` and a git directory of its own; it is gone afterwards.

    Its git borrows the objects of the checkout and knows neither its configuration nor a remote: what runs in the
    folder finds no stored token, and cannot change what later git commands on the checkout do. No hook and no filter
    runs. Raises UsageError when the folder exists and is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty.", "Name a folder that does not exist yet.")
    try:
        yield _fill(checkout, commit, folder)
    finally:
        _remove(folder)


def _fill(checkout: Checkout, commit: str, folder: Path) -> Path:
    own = folder / ".git"
    write_git_directory(checkout.store, own)
    (own / "objects" / "info" / "alternates").write_text(f"{checkout.store.objects}\n")
    if checkout.store.shallow.is_file():
        shutil.copyfile(checkout.store.shallow, own / "shallow")
    (own / "HEAD").write_text(f"{commit}\n")
    git = PrivateGit(checkout.store, own, folder)
    git.run("read-tree", "--reset", "-u", commit)
    return folder


def _remove(folder: Path) -> None:
    # Commands leave read-only folders behind (Go's module cache does), and those cannot be emptied.
    for parent, names, _ in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
