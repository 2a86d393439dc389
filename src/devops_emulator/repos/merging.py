"""Merge the branches of a pull request: the trial behind its merge status, and the merge that completes it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from devops_emulator.organisation import Organisation
from devops_emulator.repos import git, repositories
from devops_emulator.store import Document


@dataclass(frozen=True)
class Trial:
    """The result of a trial merge: a merge commit, or the paths in conflict."""

    commit: str | None
    conflicts: tuple[str, ...] = ()


def attempt(organisation: Organisation, repository: Document, source: str, target: str, message: str) -> Trial:
    """Merge two commits in the object database without moving a reference."""
    home = repositories.path(organisation, repository)
    done = git.run(home, "merge-tree", "--write-tree", "--name-only", "--no-messages", target, source, ok=(0, 1))
    tree, *paths = done.stdout.decode(errors="replace").split("\n")
    if done.returncode:
        return Trial(None, tuple(dict.fromkeys(path for path in paths if path)))
    return Trial(_write(organisation, home, tree, (target, source), message))


def finished(
    organisation: Organisation, repository: Document, source: str, target: str, *, strategy: str, message: str
) -> str | None:
    """Create the commit that completing a pull request puts on its target; None for conflicts."""
    if strategy in ("rebase", "rebaseMerge"):
        top = _rebased(organisation, repository, source, target)
        if top is None or strategy == "rebase":
            return top
        home = repositories.path(organisation, repository)
        return _write(organisation, home, git.text(home, "rev-parse", f"{top}^{{tree}}"), (target, top), message)
    trial = attempt(organisation, repository, source, target, message)
    if trial.commit is None or strategy == "noFastForward":
        return trial.commit
    home = repositories.path(organisation, repository)
    return _write(organisation, home, git.text(home, "rev-parse", f"{trial.commit}^{{tree}}"), (target,), message)


def _write(organisation: Organisation, home: Path, tree: str, parents: tuple[str, ...], message: str) -> str:
    named = [part for parent in parents for part in ("-p", parent)]
    return git.text(home, "commit-tree", tree, *named, given=message.encode(), extra=repositories.author(organisation))


def _rebased(organisation: Organisation, repository: Document, source: str, target: str) -> str | None:
    home = repositories.path(organisation, repository)
    with tempfile.TemporaryDirectory(dir=organisation.folder) as place:
        tree = str(Path(place) / "tree")
        git.run(home, "worktree", "add", "--quiet", "--detach", tree, source)
        try:
            own = Path(tree) / ".git"
            git.run(own, "-C", tree, "rebase", "--quiet", target, extra=repositories.author(organisation))
            return git.text(own, "rev-parse", "HEAD")
        except git.GitError:
            return None
        finally:
            git.run(home, "worktree", "remove", "--force", tree)
