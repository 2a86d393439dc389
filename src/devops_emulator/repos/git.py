"""Run git on the bare repositories of the organisation."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from devops_emulator.faults import Fault, StartError

ZERO = "0" * 40
_OLDEST = (2, 38)  # the first with `merge-tree --write-tree`, a trial merge without a checkout


class GitError(Fault):
    """Git failed; the text is its error output."""

    def __init__(self, message: str) -> None:
        super().__init__(400, "VssPropertyValidationException", message)


def require() -> None:
    """Raise StartError unless git is installed and new enough."""
    try:
        output = subprocess.run(["git", "version"], capture_output=True, text=True, check=False).stdout  # noqa: S607 - the git on the PATH
    except OSError as error:
        raise StartError("This machine has no git: install git 2.38 or newer.") from error
    found = re.search(r"(\d+)\.(\d+)", output)
    if found is None or (int(found[1]), int(found[2])) < _OLDEST:
        raise StartError(f"This machine has {output.strip() or 'an unknown git'}: install git 2.38 or newer.")


def environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment for git that ignores the user's settings and the current repository."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    settings = folder / "gitconfig"
    if not settings.exists():
        # Repositories of a seed may belong to another user, for example when root runs in a container.
        settings.write_text("[safe]\n\tdirectory = *\n[receive]\n\tadvertisePushOptions = false\n", encoding="utf-8")
    return {
        **kept,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        **(extra or {}),
    }


def run(
    repository: Path,
    *arguments: str,
    given: bytes | None = None,
    extra: Mapping[str, str] | None = None,
    ok: Sequence[int] = (0,),
) -> subprocess.CompletedProcess[bytes]:
    """Run git in a repository of the organisation; raises GitError for an exit code outside `ok`."""
    if any("\0" in argument for argument in arguments):
        raise GitError("A null byte is no part of a name.")
    done = subprocess.run(  # noqa: S603 - git itself with arguments we build; nothing passes a shell
        ["git", "--git-dir", str(repository), *arguments],  # noqa: S607 - the git on the PATH
        input=given,
        stdin=subprocess.DEVNULL if given is None else None,
        capture_output=True,
        env=environment(repository.parent.parent, extra),
        check=False,
    )
    if done.returncode not in ok:
        raise GitError(
            done.stderr.decode(errors="replace").strip() or f"git {arguments[0]} ended with {done.returncode}"
        )
    return done


def text(repository: Path, *arguments: str, given: bytes | None = None, extra: Mapping[str, str] | None = None) -> str:
    return run(repository, *arguments, given=given, extra=extra).stdout.decode(errors="replace").strip()


def references(repository: Path, *patterns: str) -> dict[str, str]:
    """Return references and their object ids, sorted by name."""
    listed = text(repository, "for-each-ref", "--format=%(objectname) %(refname)", *patterns)
    return {name: commit for commit, name in (line.split(" ", 1) for line in listed.splitlines())}


def tip(repository: Path, reference: str) -> str | None:
    """Return the commit of a full reference or an id, None if there is none."""
    done = run(repository, "rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}", ok=(0, 1, 128))
    return done.stdout.decode().strip() or None


def default_branch(repository: Path) -> str:
    return text(repository, "symbolic-ref", "HEAD")


def merge_base(repository: Path, one: str, other: str) -> str | None:
    return run(repository, "merge-base", one, other, ok=(0, 1)).stdout.decode().strip() or None


def is_ancestor(repository: Path, old: str, new: str) -> bool:
    return run(repository, "merge-base", "--is-ancestor", old, new, ok=(0, 1, 128)).returncode == 0


def branch(name: str) -> str:
    return name.removeprefix("refs/heads/")
