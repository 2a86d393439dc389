"""Create and read commits without touching the checkout's HEAD, index or files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Final

from redimento.change.edit import Change, FileChange
from redimento.errors import ConflictError, GitError
from redimento.repository.attributes import Attributes, attributes
from redimento.repository.checkout import Checkout
from redimento.repository.sameness import EXECUTABLE, require_same
from redimento.repository.store import PrivateGit, private_git
from redimento.text.wording import Sentence

_NAMED: Final = 5
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True)
class Recorded:
    """A commit with its trailers, of which the last wins for a repeated key, and its message without their paragraph."""

    commit: str
    tree: str
    parents: tuple[str, ...]
    trailers: Mapping[str, str]
    message: str


def commit_message(subject: str, body: str, trailers: Mapping[str, str]) -> str:
    """Return a commit message that ends in a block of trailers, as read by `git interpret-trailers`.

    Subject and body may be foreign text: only the last paragraph counts as trailers, and that is ours.
    """
    block = "\n".join(f"{key}: {_one_line(value)}" for key, value in trailers.items())
    parts = (_one_line(subject), _CONTROL.sub("", body).strip(), block)
    return "\n\n".join(part for part in parts if part) + "\n"


def commit_change(
    checkout: Checkout,
    change: Change,
    *,
    parents: Sequence[str],
    message: Callable[[str], str],
    author_name: str,
    author_email: str,
    at: datetime | None = None,
    base: str = "",
) -> str:
    """Commit `change` on top of the files of `base` (default: the head commit) and return the commit's id.

    `message` is called with the id of the new tree; `at`: the time of the commit, None for now. Line endings follow the repository's attributes. No reference points
    to the new commit yet. Raises GitError when a path is outside the repository or has a content filter, RedimentoError
    when the commit would be another change.
    """
    with private_git(checkout.store) as git:
        onto = base or checkout.head
        tree = _tree_with(git, change, onto)
        return _commit_tree(git, tree, parents, message(tree), (author_name, author_email), at=at)


def _tree_with(git: PrivateGit, change: Change, onto: str) -> str:
    """Return the tree of a commit with a change, which is then in the index."""
    git.run("read-tree", onto)
    for file in change.files:
        _place(git.work_tree, file)
    stored = attributes(git, change.paths)
    refuse_filtered(stored)
    # Deletions first: a file may replace a folder that they empty. Without --replace, which would let a file below a
    # submodule replace the submodule. With core.filemode, which a clone on Windows turns off: our files are here.
    names = [file.path for file in sorted(change.files, key=lambda file: file.after is not None)]
    added = git.try_run(
        *("-c", "core.filemode=true", "update-index", "--add", "--remove", "-z", "--stdin"),
        stdin="".join(f"{name}\0" for name in names).encode(),
    )
    if added.status or "Ignoring path" in added.stderr:  # git skips `.git` and its look-alikes without failing
        raise GitError(f"git does not accept a path of this change: {added.stderr}", "Nothing was committed.")
    tree = git.word("write-tree")
    require_same(git, change, onto, tree, stored)
    return tree


def merge_commits(
    checkout: Checkout,
    first: str,
    second: str,
    *,
    message: Callable[[str], str],
    author_name: str,
    author_email: str,
    at: datetime | None = None,
) -> str:
    """Commit the merge of `second` into `first` and return its id; raise ConflictError naming the files in conflict."""
    with private_git(checkout.store) as git:
        tree = merged_tree(git, first, second, conflict="conflicts_with_others", remedy="apply_by_hand")
        return _commit_tree(git, tree, (first, second), message(tree), (author_name, author_email), at=at)


def merged_tree(git: PrivateGit, first: str, second: str, *, conflict: str, remedy: str) -> str:
    """Return the tree of the merge of two commits.

    Raises ConflictError with the sentences of these names, of which the first is told the `files` in conflict.
    """
    merged = git.try_run("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", first, second)
    tree, *files = merged.stdout.decode(errors="backslashreplace").split("\0")
    if merged.status not in (0, 1):
        raise GitError(f"git merge-tree failed: {merged.stderr}", "Run again; nothing was overwritten.")
    if merged.status:
        named = ", ".join([name for name in files if name][:_NAMED])
        raise ConflictError(Sentence(conflict, files=named), Sentence(remedy))
    return tree


def conflicts(checkout: Checkout, base: str, first: str, second: str) -> tuple[str, ...]:
    """Return the files in which two commits conflict that both come from `base`; none if that commit is not here."""
    with private_git(checkout.store) as git:
        if git.try_run("cat-file", "-e", f"{base}^{{commit}}").status:
            return ()
        # A shallow clone does not know that they come from there, so merge two commits that say so.
        trees = (git.word("rev-parse", f"{commit}^{{tree}}") for commit in (first, second))
        children = [_commit_tree(git, tree, (base,), "", ("Redimento", "")) for tree in trees]
        merged = git.try_run("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", *children)
    return tuple(name for name in merged.stdout.decode(errors="backslashreplace").split("\0")[1:] if name)


def _commit_tree(
    git: PrivateGit,
    tree: str,
    parents: Sequence[str],
    message: str,
    author: tuple[str, str],
    *,
    at: datetime | None = None,
) -> str:
    name, email = author
    dated = (
        {} if at is None else dict.fromkeys(("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE"), f"{at.timestamp():.0f} +0000")
    )
    identity = {
        "GIT_AUTHOR_NAME": name,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_COMMITTER_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
        **dated,
    }
    ancestry = [word for parent in parents for word in ("-p", parent)]
    return git.word("commit-tree", tree, *ancestry, stdin=message.encode(errors="replace"), environment=identity)


@lru_cache(maxsize=1)  # a change is saved before its checks, and again with what they said
def patch(checkout: Checkout, change: Change) -> str:
    """Return a change of the head commit as a patch for `git apply`, for any file content. Raises as `commit_change`."""
    with private_git(checkout.store) as git:
        tree = _tree_with(git, change, checkout.head)
        diff = ("--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", checkout.head, tree, "--")
        try:
            return git.run("diff", *diff).decode()
        except UnicodeDecodeError:  # text in another encoding: treat all files as binary, which gives base85
            (git.folder / "info" / "attributes").write_text("* -diff\n")
            return git.run("diff", *diff).decode()


def history(checkout: Checkout, commit: str, limit: int) -> list[Recorded]:
    """Return a commit and at most `limit` - 1 of its ancestors, each after all its descendants."""
    with private_git(checkout.store) as git:
        shown = git.run(
            *("log", f"--max-count={limit}", "--topo-order", "--no-show-signature", "-z"),
            *("--format=%H%n%T%n%P%n%(trailers:only,unfold)%x01%B", commit, "--"),
        )
    return [_recorded(entry) for entry in shown.decode(errors="replace").split("\0") if entry]


def _recorded(entry: str) -> Recorded:
    # No message that `commit_message` made has this character.
    head, _, message = entry.partition("\x01")
    commit, tree, parents, *lines = head.split("\n")
    found = {key: value for key, colon, value in (line.partition(": ") for line in lines) if colon}
    return Recorded(commit, tree, tuple(parents.split()), found, message.strip().rpartition("\n\n")[0])


def same_tree(checkout: Checkout, first: str, second: str) -> bool:
    """Return whether two commits have exactly the same files."""
    with private_git(checkout.store) as git:
        trees = (
            git.run("rev-parse", "--verify", f"{first}^{{tree}}"),
            git.run("rev-parse", "--verify", f"{second}^{{tree}}"),
        )
    return trees[0] == trees[1]


def _one_line(text: str) -> str:
    return _CONTROL.sub("", " ".join(text.split()))


def refuse_filtered(stored: Mapping[str, Attributes]) -> None:
    """Raise GitError for a file with a content filter.

    Filters are programs from the configuration, which are never run here. Without its filter a large file would not be
    stored in LFS, and a git-crypt secret would be readable by everyone.
    """
    for path, found in stored.items():
        if found.filter:
            raise GitError(
                f"{path} uses the git filter '{found.filter}', which Redimento does not run.",
                "Change this file by hand, or remove the filter for it in .gitattributes.",
            )


def _place(folder: Path, file: FileChange) -> None:
    parts = PurePosixPath(file.path).parts
    if not parts or file.path.startswith("/") or ".." in parts:
        raise GitError(f"The path {file.path!r} is outside the repository.", "Nothing was committed.")
    if file.after is None:
        return
    target = folder.joinpath(*parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(file.after)
    target.chmod(0o755 if file.mode & EXECUTABLE else 0o644)
