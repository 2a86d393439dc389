"""Run git on the objects of a checkout without reading the checkout's configuration.

`.git/config` can name programs in many keys (filters, fsmonitor, hooks, textconv, credential helpers, signing,
trailers), redirect a push (`url.*.insteadOf`, `http.proxy`) and contain a stored token. Anything that ran in the
checkout may have written it. So git runs in a private git directory that only borrows the objects.
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

# Keys of the repository's own configuration that affect how files are stored; none of them can run anything.
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
    # A redirect would take the token along to another host.
    ("http.followredirects", "false"),
)


@dataclass(frozen=True)
class Store:
    """Paths of a repository's objects, index and `shallow` file, and its configuration of KEPT_KEYS."""

    objects: Path
    index: Path
    shallow: Path
    object_format: str = "sha1"
    config: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class PrivateGit:
    """A private git directory over a store, and its working tree."""

    store: Store
    folder: Path
    work_tree: Path

    def try_run(
        self,
        *arguments: str,
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        seconds: float = LOCAL_SECONDS,
        descriptors: tuple[int, ...] = (),
    ) -> Ended:
        """Run git and return its result for any exit status."""
        own = {
            "GIT_DIR": str(self.folder),
            "GIT_WORK_TREE": str(self.work_tree),
            "GIT_OBJECT_DIRECTORY": str(self.store.objects),
        }
        return run_git(
            arguments,
            self.work_tree,
            environment=own | dict(environment or {}),
            stdin=stdin,
            seconds=seconds,
            descriptors=descriptors,
        )

    def run(self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> bytes:
        """Run git and return its standard output; raise GitError when it fails."""
        ended = self.try_run(*arguments, stdin=stdin, environment=environment)
        if ended.status:
            raise GitError(
                f"git {arguments[0]} failed: {ended.stderr or f'exit status {ended.status}'}",
                "Check the repository with `git fsck`, or clone it again.",
            )
        return ended.stdout

    def word(self, *arguments: str, stdin: bytes = b"", environment: Mapping[str, str] | None = None) -> str:
        """Run git and return its one-word answer, such as an object id."""
        return self.run(*arguments, stdin=stdin, environment=environment).decode().strip()


@contextmanager
def private_git(store: Store, *, work_tree: Path | None = None) -> Iterator[PrivateGit]:
    """Create a temporary git directory over `store`; the working tree is `work_tree` or an empty folder."""
    with tempfile.TemporaryDirectory(prefix="redimento-git-", ignore_cleanup_errors=True) as scratch:
        folder = Path(scratch, "git")
        write_git_directory(store, folder)
        # A fetch changes where a shallow clone is cut off: git follows the link and updates the real file.
        (folder / "shallow").symlink_to(store.shallow)
        if work_tree is None:
            work_tree = Path(scratch, "tree")
            work_tree.mkdir()
        try:
            yield PrivateGit(store, folder, work_tree)
        finally:
            _leave_to_owner(store.objects)


def _leave_to_owner(objects: Path) -> None:
    """Hand objects that root wrote over to the checkout's owner, whose next fetch writes there too."""
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
    """Create a git directory without history; its configuration is ours plus `store.config`."""
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
