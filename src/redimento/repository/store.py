"""git on the objects of a checkout, without reading the configuration of that checkout.

`.git/config` can name programs in many keys (filters, fsmonitor, hooks, textconv, credential helpers, signing,
trailers), can send a push elsewhere (`url.*.insteadOf`, `http.proxy`) and can hold a stored token. Anything that ran in
the checkout may have written there. So git runs on a private git directory that borrows the objects and nothing else.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redimento.errors import GitError
from redimento.repository.process import LOCAL_SECONDS, Ended, run_git

# How files are kept, in the repository's own configuration; none of these can run anything.
KEPT_KEYS: Final = (
    *("core.autocrlf", "core.eol", "core.safecrlf", "core.filemode", "core.symlinks", "core.ignorecase"),
    "core.precomposeunicode",
)
_OWN_CONFIG: Final = (
    ("core.hookspath", "/dev/null"),
    ("core.fsmonitor", "false"),
    ("core.logallrefupdates", "false"),
    ("credential.helper", ""),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    # git would carry the token along to wherever the first answer points.
    ("http.followredirects", "false"),
)


@dataclass(frozen=True)
class Store:
    """Where a repository keeps its objects, its index and the edge of a shallow clone; how it keeps files."""

    objects: Path
    index: Path
    shallow: Path
    object_format: str = "sha1"
    config: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PrivateGit:
    """A private git directory over a store, and the folder that stands for the working tree."""

    store: Store
    folder: Path
    work_tree: Path

    def try_run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        seconds: float = LOCAL_SECONDS,
    ) -> Ended:
        """Run git and return how it ended, whatever its exit status."""
        own = {
            "GIT_DIR": str(self.folder),
            "GIT_WORK_TREE": str(self.work_tree),
            "GIT_OBJECT_DIRECTORY": str(self.store.objects),
        }
        return run_git(
            arguments, self.work_tree, environment=own | dict(environment or {}), stdin=stdin, seconds=seconds
        )

    def run(self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
        """Run git and return its standard output; GitError when it fails."""
        ended = self.try_run(*arguments, stdin=stdin, environment=environment)
        if ended.status:
            raise GitError(
                f"git {arguments[0]} failed: {ended.stderr or f'exit status {ended.status}'}",
                "Check the checkout with `git fsck`, or check it out afresh.",
            )
        return ended.stdout

    def word(self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> str:
        """Run git and return its one-word answer, such as an object id."""
        return self.run(*arguments, stdin=stdin, environment=environment).decode().strip()


@contextmanager
def private_git(store: Store, *, work_tree: Path | None = None) -> Iterator[PrivateGit]:
    """Lend a private git directory over `store`; it is gone afterwards. Without `work_tree`: an empty one."""
    with tempfile.TemporaryDirectory(prefix="redimento-git-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch, "git")
        write_git_directory(store, folder)
        # Fetching deeper moves the edge of a shallow clone: git follows the link and rewrites the real file.
        (folder / "shallow").symlink_to(store.shallow)
        if work_tree is None:
            work_tree = Path(scratch, "tree")
            work_tree.mkdir()
        try:
            yield PrivateGit(store, folder, work_tree)
        finally:
            _leave_to_owner(store.objects)


def _leave_to_owner(objects: Path) -> None:
    """Give what root wrote among the objects to the owner of the checkout, whose next fetch writes there too."""
    if os.geteuid() != 0:
        return
    owner = objects.stat()
    if owner.st_uid == 0:
        return
    for parent, _, names in os.walk(objects):
        for path in (parent, *(os.path.join(parent, name) for name in names)):  # noqa: PTH118  thousands of them
            with suppress(FileNotFoundError):
                if os.lstat(path).st_uid == 0:
                    os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def write_git_directory(store: Store, folder: Path) -> None:
    """Write a git directory without history and without anything from the repository's own configuration."""
    (folder / "refs" / "heads").mkdir(parents=True)
    (folder / "objects" / "info").mkdir(parents=True)
    (folder / "info").mkdir()
    (folder / "HEAD").write_text("ref: refs/heads/none\n")
    config = [*store.config, *_OWN_CONFIG]
    if store.object_format == "sha1":
        config.append(("core.repositoryformatversion", "0"))
    else:
        config += [("core.repositoryformatversion", "1"), ("extensions.objectformat", store.object_format)]
    (folder / "config").write_text("".join(_config_lines(key, value) for key, value in config))


def _config_lines(key: str, value: str) -> str:
    section, name = key.split(".")
    return f"[{section}]\n\t{name} = {value}\n"
