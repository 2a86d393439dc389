"""Create and read commits without touching the checkout's HEAD, index or files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from redimento.change.edit import Change, FileChange
from redimento.errors import GitError
from redimento.repository.attributes import Attributes, attributes
from redimento.repository.checkout import Checkout
from redimento.repository.sameness import EXECUTABLE, require_same
from redimento.repository.store import private_git

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


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
    message: str,
    author_name: str,
    author_email: str,
    base: str = "",
) -> str:
    """Commit `change` on top of the files of `base` (default: the head commit) and return the commit's id.

    Line endings follow the repository's attributes. No reference points to the new commit yet. Raises GitError when a
    path is outside the repository or has a content filter, RedimentoError when the commit would be another change.
    """
    identity = {
        "GIT_AUTHOR_NAME": author_name,
        "GIT_AUTHOR_EMAIL": author_email,
        "GIT_COMMITTER_NAME": author_name,
        "GIT_COMMITTER_EMAIL": author_email,
    }
    with private_git(checkout.store) as git:
        onto = base or checkout.head
        git.run("read-tree", onto)
        for file in change.files:
            _place(git.work_tree, file)
        stored = attributes(git, change.paths)
        _refuse_filtered(stored)
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
        ancestry = [word for parent in parents for word in ("-p", parent)]
        return git.word("commit-tree", tree, *ancestry, stdin=message.encode(errors="replace"), environment=identity)


def patch(checkout: Checkout, base: str, commit: str) -> str:
    """Return the difference of two commits as a patch for `git apply`, for any file content."""
    diff = ("diff", "--binary", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", base, commit, "--")
    with private_git(checkout.store) as git:
        try:
            return git.run(*diff).decode()
        except UnicodeDecodeError:  # text in another encoding: treat all files as binary, which gives base85
            (git.folder / "info" / "attributes").write_text("* -diff\n")
            return git.run(*diff).decode()


def trailers(checkout: Checkout, commit: str) -> dict[str, str]:
    """Return the trailers of a commit; the last value wins for a repeated key."""
    with private_git(checkout.store) as git:
        shown = git.run(
            *("log", "--max-count=1", "--no-show-signature", "--format=%(trailers:only,unfold,separator=%x00)"),
            *(commit, "--"),
        )
    lines = shown.decode(errors="replace").rstrip("\n").split("\0")
    return {key: value for key, colon, value in (line.partition(": ") for line in lines) if colon}


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


def _refuse_filtered(stored: Mapping[str, Attributes]) -> None:
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
