"""The Branches port: branches on the server, local branches, or only a note of what would be pushed.

What an earlier run made is believed by content and, on a server, by who pushed it: trailers can be copied.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Final

from redimento.change.edit import Change
from redimento.delivery.branches import BASE, CONTENT, ITEM, REMARKS, CommitText, Generated, Tip
from redimento.repository import commits, remote, standing, worktrees
from redimento.repository.checkout import Checkout
from redimento.repository.local_branches import local_heads, local_tip, set_local_branch
from redimento.repository.remote import Credentials
from redimento.repository.tree import GitTree
from redimento.store.tape import Tape
from redimento.text.redaction import NO_SECRETS, Secrets

_LONGEST_HISTORY: Final = 500  # commits of one branch


@dataclass(frozen=True)
class Author:
    name: str
    email: str


@dataclass(frozen=True)
class CheckoutBranches:
    """Commits in a checkout, published as its own local branches, for local runs."""

    checkout: Checkout
    author: Author
    note: Callable[[str], None] | None = None  # dry run: receives what would be published
    secrets: Secrets = NO_SECRETS  # no commit message shows one
    tape: Tape = field(default_factory=Tape, compare=False)  # whose time is that of the commits

    @property
    def head(self) -> str:
        return self.checkout.head

    def default_tree(self) -> GitTree:
        """Return the files of the checkout: the default branch of a clone may be somebody else's."""
        return GitTree(self.checkout, self.checkout.head)

    def heads(self) -> Collection[str]:
        return local_heads(self.checkout)

    def tip(self, branch: str, item_id: int | None) -> Tip | None:
        commit = local_tip(self.checkout, branch)
        return None if commit is None else _read(self.checkout, commit, item_id)

    def standing(self, tip: Tip) -> Change:
        return standing.change_of(self.checkout, tip.commit, tip.base)

    def commit(self, change: Change, parents: Sequence[str], text: CommitText) -> str:
        return commits.commit_change(
            self.checkout,
            change,
            parents=parents,
            message=partial(self._message, text, parents),
            author_name=self.author.name,
            author_email=self.author.email,
            at=self.tape.now("commit"),
        )

    def merge(self, tip: str, generated: str, text: CommitText) -> str:
        return commits.merge_commits(
            self.checkout,
            tip,
            generated,
            message=partial(self._message, text, (tip, generated)),
            author_name=self.author.name,
            author_email=self.author.email,
            at=self.tape.now("commit"),
        )

    def conflicts(self, tip: Tip) -> Sequence[str]:
        if tip.generated is None:
            return ()
        return commits.conflicts(self.checkout, tip.generated.trailers.get(BASE, ""), self.checkout.head, tip.commit)

    def _message(self, text: CommitText, parents: Sequence[str], tree: str) -> str:
        trailers = {**text.trailers, CONTENT: _content(tree, parents)}
        return self.secrets.redact(commits.commit_message(text.subject, text.body, trailers))

    def draft_patch(self, change: Change) -> str:
        return commits.patch(self.checkout, change)

    def same_files(self, one: str, other: str) -> bool:
        return commits.same_tree(self.checkout, one, other)

    def publish(self, commit: str, branch: str, *, expected: str | None) -> None:
        """Move the local branch without touching the checked-out branch or the working tree."""
        if self.note is not None:
            self.note(f"git update-ref refs/heads/{branch} {commit} {expected or '(absent)'}")
            return
        set_local_branch(self.checkout, branch, commit, expected=expected)

    def worktree(self, folder: Path) -> AbstractContextManager[Path]:
        return worktrees.worktree(self.checkout, self.head, folder)


@dataclass(frozen=True)
class ServerBranches(CheckoutBranches):
    """Commits in a checkout, pushed to the server. `own_pushes` returns the tips that our account gave to a branch."""

    credentials: Credentials = field(kw_only=True)
    own_pushes: Callable[[str], Collection[str]] = field(kw_only=True)

    def default_tree(self) -> GitTree:
        """Return the files of the newest commit of the server's default branch, which is fetched if need be."""
        newest = self._heads.default
        if newest in (None, self.checkout.head):
            return GitTree(self.checkout, self.checkout.head)
        fetched = remote.fetch_branch(self.checkout, self.credentials, remote.DEFAULT_BRANCH, depth=1)
        return GitTree(self.checkout, fetched or self.checkout.head)

    def heads(self) -> Collection[str]:
        return self._heads.branches

    @cached_property
    def _heads(self) -> remote.Heads:
        return remote.heads(self.checkout, self.credentials)

    def tip(self, branch: str, item_id: int | None) -> Tip | None:
        """Return the tip on the server. Its commit is fetched; no local reference changes."""
        commit = remote.fetch_branch(self.checkout, self.credentials, branch)
        if commit is None:
            return None
        if _read(self.checkout, commit, item_id).generated is None:  # then nobody has to be asked who pushed it
            return Tip(commit, None)
        return _read(self.checkout, commit, item_id, self.own_pushes(branch))

    def publish(self, commit: str, branch: str, *, expected: str | None) -> None:
        if self.note is not None:
            self.note(f"git push {self.credentials.url} {commit}:refs/heads/{branch} (tip now: {expected or 'absent'})")
            return
        remote.push(self.checkout, self.credentials, commit, branch, expected=expected)


def _content(tree: str, parents: Sequence[str]) -> str:
    return " ".join((tree, *parents))


def _read(checkout: Checkout, tip: str, item_id: int | None, pushed: Collection[str] | None = None) -> Tip:
    """Return the tip with the newest commit of the item that was made by a run, and by nobody else since the target branch.

    `pushed` are the tips that our account pushed, None in a local run. A merge that a run pushed vouches for its last
    parent, the generated commit; what it was merged into belongs to somebody else.
    """
    recorded = commits.history(checkout, tip, _LONGEST_HISTORY)
    vouched = (
        None
        if pushed is None
        else {*pushed, *(one.parents[-1] for one in recorded if one.commit in pushed and len(one.parents) > 1)}
    )
    own = [
        one
        for one in reversed(recorded)  # parents first
        if item_id is None or one.trailers.get(ITEM, "0") == str(item_id)
        if one.trailers.get(CONTENT) == _content(one.tree, one.parents) and (vouched is None or one.commit in vouched)
    ]
    generated: dict[str, Generated] = {}
    for one in own:
        if all(parent in generated or parent == one.trailers.get(BASE) for parent in one.parents):
            generated[one.commit] = Generated(one.commit, one.trailers, one.message)
    newest = next(reversed(generated.values()), None)
    base = own[-1].trailers.get(BASE, "") if own else ""
    return Tip(tip, newest, base, _answered(own))


def _answered(own: Iterable[commits.Recorded]) -> Mapping[str, str]:
    return {name: one.commit for one in own for name in one.trailers.get(REMARKS, "").split()}
