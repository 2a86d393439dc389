"""The checked-out repository as a value, and queries on it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from redimento.errors import UsageError
from redimento.repository.process import Ended, run_git
from redimento.repository.store import KEPT_KEYS, Store, private_git

_REGULAR: Final = (b"100644", b"100755")
_HARMLESS_VALUE: Final = re.compile(r"[a-z0-9]{1,16}", re.IGNORECASE)


@dataclass(frozen=True)
class Checkout:
    """A working tree at a commit. `branch` is "" when HEAD is detached; `shallow`: the history is cut off."""

    root: Path
    head: str
    branch: str
    shallow: bool
    store: Store = field(repr=False)


def open_checkout(path: Path) -> Checkout:
    """Return the checkout that contains `path`, even if another user owns it.

    Raises UsageError when there is no repository, only a bare one, or no commit yet.
    """
    root = find_root(path)
    if root is None:
        raise UsageError(
            f"There is no git working tree at {path.resolve()}.",
            "Name a folder inside a checkout with --repo; in a pipeline keep the `checkout: self` step.",
        )
    head = _ask(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if head.status:
        raise UsageError(
            f"The repository at {root} has no commit to start from.",
            f"Create a first commit, or check out the branch again. {head.stderr}".rstrip(),
        )
    branch = _ask(root, "symbolic-ref", "--quiet", "--short", "HEAD")
    paths = ("--git-path", "objects", "--git-path", "index", "--git-path", "shallow")
    object_format, *places = _ask(root, "rev-parse", "--show-object-format", *paths).stdout.decode().split("\n")[:-1]
    objects, index, shallow = (root / place for place in places)
    store = Store(
        objects=objects,
        index=index,
        shallow=shallow,
        object_format=object_format,
        config=_kept_config(root),
    )
    return Checkout(
        root=root,
        head=head.stdout.decode().strip(),
        branch=branch.stdout.decode().strip(),
        shallow=shallow.is_file() and shallow.stat().st_size > 0,
        store=store,
    )


def origin_url(checkout: Checkout) -> str:
    """Return the configured URL of the remote `origin`, "" when there is none."""
    return _ask(checkout.root, "config", "--local", "--get", "remote.origin.url").stdout.decode().strip()


def read_at(checkout: Checkout, commit: str, path: str) -> bytes | None:
    """Return the content of a regular file in a commit, None when it is absent, a link or a folder."""
    with private_git(checkout.store) as git:
        listed = git.run("ls-tree", "-z", "--full-tree", commit, "--", path)
        for line in listed.split(b"\0"):
            head, _, found = line.partition(b"\t")
            if found == path.encode() and head[:6] in _REGULAR:
                return git.run("cat-file", "blob", head.split()[2].decode())
    return None


def target_branch(checkout: Checkout, source_branch: str) -> str:
    """Return the short name of the branch that a change should be merged into.

    `source_branch` is BUILD_SOURCEBRANCH (refs/heads/main), or "" outside a pipeline; then it is the checked-out branch,
    origin's default branch, or the only branch of origin that is at HEAD. Raises UsageError when none of them is a branch.
    """
    if source_branch.startswith("refs/heads/"):
        return source_branch.removeprefix("refs/heads/")
    if source_branch and not source_branch.startswith("refs/"):
        return source_branch
    if not source_branch and checkout.branch:
        return checkout.branch
    default = _ask(checkout.root, "symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    if not source_branch and default.status == 0:
        return default.stdout.decode().strip().removeprefix("origin/")
    # A `checkout:` step of another repository than the pipeline's own fetches one branch, and no variable names it.
    fetched = _ask(
        checkout.root, "for-each-ref", "--points-at=HEAD", "--format=%(refname:lstrip=3)", "refs/remotes/origin/"
    )
    if not source_branch and len(names := fetched.stdout.decode(errors="replace").split()) == 1:
        return names[0]
    found = f"The run was started for {source_branch}, which is not a branch" if source_branch else "HEAD is detached"
    raise UsageError(
        f"{found}, so the pull request has no target branch.",
        "Set `pull_request.target` in .redimento.yml, or start the run on a branch.",
    )


def find_root(path: Path) -> Path | None:
    """Return the nearest folder with a `.git` at or above `path`, None when there is none.

    Not left to git, which would follow `core.worktree` anywhere.
    """
    path = path.resolve()
    return next((folder for folder in (path, *path.parents) if (folder / ".git").exists()), None)


def _ask(root: Path, *arguments: str) -> Ended:
    # These few commands need the repository's own references and configuration, but run nothing found there. With an
    # explicit git directory, git does not refuse a repository that another user owns.
    environment = {"GIT_DIR": str(root / ".git"), "GIT_WORK_TREE": str(root)}
    return run_git(arguments, root, environment=environment)


def _kept_config(root: Path) -> tuple[tuple[str, str], ...]:
    pattern = f"^({'|'.join(key.replace('.', '[.]') for key in KEPT_KEYS)})$"
    listed = _ask(root, "config", "--local", "--no-includes", "--null", "--get-regexp", pattern).stdout.decode()
    pairs = (entry.split("\n", 1) for entry in listed.split("\0") if "\n" in entry)
    return tuple((key, value) for key, value in pairs if _HARMLESS_VALUE.fullmatch(value))
