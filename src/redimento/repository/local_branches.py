"""Local branches of the checkout, read and moved without touching HEAD, index or files."""

from __future__ import annotations

from typing import Final

from redimento.errors import ConflictError, GitError
from redimento.repository.checkout import Checkout
from redimento.repository.process import Ended, run_git

_ABSENT: Final = "0" * 40


def local_tip(checkout: Checkout, branch: str) -> str | None:
    """Return the commit at the tip of a local branch, None when there is none."""
    ended = _git(checkout, "rev-parse", "--verify", "--quiet", "--end-of-options", f"refs/heads/{branch}^{{commit}}")
    return ended.stdout.decode().strip() if ended.status == 0 else None


def local_heads(checkout: Checkout) -> list[str]:
    """Return the short names of all local branches."""
    ended = _git(checkout, "for-each-ref", "--format=%(refname)", "refs/heads/")
    return [name.removeprefix("refs/heads/") for name in ended.stdout.decode(errors="replace").splitlines()]


def set_local_branch(checkout: Checkout, branch: str, commit: str, *, expected: str | None) -> None:
    """Move a local branch from `expected` (None: it must not exist) to `commit`.

    Raises ConflictError when it is at another commit, GitError when it is checked out or cannot be written.
    """
    if branch == checkout.branch:
        raise GitError(
            f"The branch {branch} is checked out, so it cannot be moved without touching your files.",
            "Check out another branch, then run again.",
        )
    # Hooks off: `reference-transaction` would run for this command.
    ended = _git(
        checkout, "-c", "core.hooksPath=/dev/null", "update-ref", f"refs/heads/{branch}", commit, expected or _ABSENT
    )
    if ended.status == 0:
        return
    if local_tip(checkout, branch) != expected:
        raise ConflictError(f"Somebody else moved the branch {branch} in the meantime.", "Run again.")
    raise GitError(f"The branch {branch} cannot be written: {ended.stderr}", "Check the file permissions in .git.")


def _git(checkout: Checkout, *arguments: str) -> Ended:
    environment = {"GIT_DIR": str(checkout.root / ".git"), "GIT_WORK_TREE": str(checkout.root)}
    return run_git(arguments, checkout.root, environment=environment)
