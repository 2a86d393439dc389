"""What the commands that only look at a repository are wired from: they load a fraction of what a run does."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from redimento.context.tree import Tree
from redimento.errors import UsageError
from redimento.local.folder_tree import FolderTree
from redimento.repository.checkout import open_checkout
from redimento.repository.tree import GitTree


def context_cache(repo: Path) -> Path:
    """Return where the digests of files are kept from run to run."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return home / "redimento" / hashlib.sha256(str(repo.resolve()).encode()).hexdigest()[:12]


def open_tree(path: Path) -> Tree:
    """Return the files of a git checkout at its head commit, or of a plain folder."""
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder.", "Name the folder of the repository with --repo.")
    if (path / ".git").exists():
        checkout = open_checkout(path)
        return GitTree(checkout, checkout.head)
    return FolderTree(path)
