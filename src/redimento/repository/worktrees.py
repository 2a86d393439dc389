"""Separate working trees at a commit, to try a change without touching the checkout."""

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
    """Fill `folder` with the files of `commit` and a separate git directory; delete it afterwards.

    That git directory borrows the checkout's objects but has neither its configuration nor a remote: programs in the
    folder find no stored token, and cannot change what later git commands in the checkout do. No hook or filter runs.
    Raises UsageError when the folder exists and is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty.", "Choose a folder that does not exist yet.")
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
    # Commands may leave read-only folders behind, such as Go's module cache, whose files could not be deleted.
    for parent, names, _ in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)
