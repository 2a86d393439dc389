"""An emulated organisation with one repository and one user story, and checkouts like those of an agent."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from devops_emulator.server import Emulator, running

ITEM = "7"
_REPOSITORY = "work"
_GIT = (
    "git", "-c", "user.name=Ada", "-c", "user.email=ada@example.invalid", "-c", "init.defaultBranch=main",
    "-c", "advice.detachedHead=false", "-c", "gc.auto=0",
)  # fmt: skip


@dataclass(frozen=True)
class Organisation:
    """A running organisation; its jobs work in `folder`."""

    emulator: Emulator
    folder: Path

    def environment(self, name: str, **more: str) -> dict[str, str]:
        """Return the variables of a job called `name`, with its own temporary folder."""
        temporary = self.folder / name / "temp"
        temporary.mkdir(parents=True, exist_ok=True)
        # The checks need this Python; a job would find its tools on PATH.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {
            "PATH": path,
            "HOME": str(temporary),
            **self.emulator.environment[_REPOSITORY],
            "AGENT_TEMPDIRECTORY": str(temporary),
            **more,
        }

    def checkout(self, name: str, *, uid: int | None = None) -> Path:
        """Check out for the job `name` as an agent does: one commit, detached, nothing stored; as user `uid` if given."""
        folder = self.folder / name / "s"
        folder.mkdir(parents=True)
        if uid is not None:
            os.chown(folder, uid, uid)
        self.fetch(folder, "main", uid=uid)
        return folder

    def fetch(self, folder: Path, branch: str, *, depth: int = 1, uid: int | None = None) -> None:
        """Make `folder` a checkout of `branch` with its last `depth` commits."""
        job = self.emulator.environment[_REPOSITORY]
        url = job["BUILD_REPOSITORY_URI"]
        signed_in = {
            "HOME": str(folder),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"http.{url}.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {job['SYSTEM_ACCESSTOKEN']}",
        }
        remote = f"refs/remotes/origin/{branch}"
        for arguments in (
            ("init", "--quiet"),
            ("remote", "add", "origin", url),
            ("fetch", "--quiet", f"--depth={depth}", "origin", f"+refs/heads/{branch}:{remote}"),
            ("checkout", "--quiet", "--detach", remote),
        ):
            git(folder, *arguments, more=signed_in, uid=uid)


@contextmanager
def organised(folder: Path, origin: Path, fields: Mapping[str, str], stories: int = 1) -> Iterator[Organisation]:
    """Serve an organisation with the git repository `origin` and user stories, from ITEM on, with these fields."""
    seed = {
        "project": "Shop",
        "process": "Agile",
        "repositories": [{"name": _REPOSITORY, "from": str(origin)}],
        "work_items": [
            {"id": int(ITEM) + number, "type": "User Story", "fields": {"System.State": "Active", **fields}}
            for number in range(stories)
        ],
    }
    with running(folder / "organisation", seed=seed) as emulator:
        yield Organisation(emulator, folder / "agent")


def commit_all(folder: Path) -> None:
    """Turn a folder into a git repository of one commit."""
    git(folder, "init", "--quiet")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--message", "As it was")


def git(folder: Path, *arguments: str, more: Mapping[str, str] | None = None, uid: int | None = None) -> str:
    """Run git in `folder` and return what it prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(
        [*_GIT, *arguments],
        cwd=folder,
        env={**kept, "GIT_CONFIG_GLOBAL": os.devnull, **(more or {})},
        user=uid,
        group=uid,
        extra_groups=None if uid is None else [],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
