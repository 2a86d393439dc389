"""Open a repository for the commands that only read it: they load a fraction of what a run does."""

from __future__ import annotations

from pathlib import Path

from redimento.change.base import PLAIN_FOLDER, Base
from redimento.context.tree import Tree
from redimento.errors import UsageError
from redimento.local.folder_tree import FolderTree
from redimento.repository.base import CommitBase
from redimento.repository.checkout import open_checkout
from redimento.repository.tree import GitTree


def open_tree(path: Path) -> Tree:
    """Return the tree of a git checkout at its head commit, or of a plain folder."""
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder.", "Name the folder of the repository with --repo.")
    if (path / ".git").exists():
        checkout = open_checkout(path)
        return GitTree(checkout, checkout.head)
    return FolderTree(path)


def open_base(path: Path) -> Base:
    """Return the head commit of a git checkout; a folder without one counts as it is on the disk."""
    if not (path / ".git").exists():
        return PLAIN_FOLDER
    try:
        checkout = open_checkout(path)
    except UsageError:
        return PLAIN_FOLDER
    return CommitBase(GitTree(checkout, checkout.head), uncommitted=True)
