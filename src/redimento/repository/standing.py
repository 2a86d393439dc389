"""What a branch changes in the files of the checkout: the change that a pull request proposes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from redimento.change.edit import Change, FileChange
from redimento.errors import ConflictError, GitError
from redimento.repository.attributes import attributes
from redimento.repository.checkout import Checkout
from redimento.repository.commits import merged_tree, refuse_filtered
from redimento.repository.store import PrivateGit, private_git
from redimento.text.wording import Sentence

_NOTHING: Final = "000000"
_FILES: Final = ("100644", "100755", _NOTHING)


@dataclass(frozen=True)
class _Row:
    path: str
    modes: tuple[str, str]  # before and after


def change_of(checkout: Checkout, tip: str, base: str) -> Change:
    """Return the change from the head commit to its merge with `tip`; `base` is the newest commit that both have.

    Contents are as a checkout writes them. Raises ConflictError naming the files in conflict, GitError.
    """
    with private_git(checkout.store) as git:
        tree = _tree(git, checkout.head, tip, base)
        rows = [*_rows(git, checkout.head, tree)]
        for row in rows:
            _refuse_unlike_files(row)
        git.run("read-tree", tree)
        refuse_filtered(attributes(git, [row.path for row in rows]))
    before = dict(_contents(checkout, checkout.head, [row.path for row in rows if row.modes[0] != _NOTHING]))
    after = dict(_contents(checkout, tree, [row.path for row in rows if row.modes[1] != _NOTHING]))
    return Change(tuple(FileChange(row.path, before.get(row.path), after.get(row.path), _mode(row)) for row in rows))


def _tree(git: PrivateGit, head: str, tip: str, base: str) -> str:
    def holds(younger: str, older: str) -> bool:
        return git.try_run("merge-base", "--is-ancestor", older, younger).status == 0

    if head != base and holds(base, head):
        raise ConflictError(Sentence("ahead_of_the_checkout"), Sentence("run_on_the_newest"))
    if holds(tip, head):
        return f"{tip}^{{tree}}"
    # A shallow clone does not know what both have in common: three commits without other history do.
    first = git.word("commit-tree", f"{base}^{{tree}}", "-m", "base", environment=_IDENTITY)
    ours, theirs = (
        git.word("commit-tree", f"{one}^{{tree}}", "-p", first, "-m", "side", environment=_IDENTITY)
        for one in (head, tip)
    )
    return merged_tree(git, ours, theirs, conflict="conflicts_with_target", remedy="merge_the_target")


_IDENTITY: Final = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Redimento"), ("EMAIL", "redimento@noreply.invalid"), ("DATE", "@0 +0000"))
}


def _rows(git: PrivateGit, before: str, after: str) -> Iterator[_Row]:
    listed = git.run("diff-tree", "-r", "-z", "--no-renames", "--raw", before, after, "--")
    parts = iter(listed.decode(errors="surrogateescape").split("\0"))
    for head in parts:
        if head.startswith(":"):
            old, new, *_ = head[1:].split()
            yield _Row(next(parts), (old, new))


def _refuse_unlike_files(row: _Row) -> None:
    old, new = row.modes
    changed = _NOTHING not in row.modes and old != new
    if old not in _FILES or new not in _FILES or changed or "\udc00" <= max(row.path) <= "\udfff":
        path = row.path.encode(errors="backslashreplace").decode()
        raise GitError(Sentence("cannot_go_on_from", path=path), Sentence("take_that_part_out"))


def _contents(checkout: Checkout, tree: str, paths: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    with private_git(checkout.store) as git:  # a folder of its own: attributes are read from the files in it
        git.run("read-tree", tree)
        git.run("checkout-index", "-z", "--stdin", stdin="".join(f"{path}\0" for path in paths).encode())
        for path in paths:
            yield path, (git.work_tree / path).read_bytes()


def _mode(row: _Row) -> int:
    old, new = row.modes
    return int(new if new != _NOTHING else old, 8)
