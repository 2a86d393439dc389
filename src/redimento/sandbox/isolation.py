"""How far the team's commands are kept from us: `process` (clean environment) or `user` (another account as well).

`process` protects our environment, our memory and our git credentials: a command gets an allow-listed environment, and
our own process is non-dumpable, so that neither its initial environment nor its memory can be read by the same account.
It does not protect other processes and files of that account. `user` does: the command runs as `redimento-checks`.
In both, sudo and other set-uid programs grant nothing (no_new_privs).
"""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from redimento.errors import UsageError
from redimento.sandbox import warden

ACCOUNT = "redimento-checks"
_PROBE_SECONDS = 60  # against a sudo that hangs, not against a busy machine


@dataclass(frozen=True)
class Isolation:
    """Under which account commands run, whether they reach the network, and why it was decided so.

    `through_sudo`: we are not root ourselves and become it by passwordless sudo.
    """

    kind: Literal["process", "user"]
    reason: str
    network: bool = True
    uid: int = -1
    gid: int = -1
    through_sudo: bool = False


def protect_process() -> None:
    """Make this process unreadable to others of the same account: memory, environment, open files; no core dumps.

    Undone by every exec, so call it at the start of the program that holds the token. Source: prctl(2),
    PR_SET_DUMPABLE; proc(5) on the ownership of /proc/<pid>.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(warden.PR_SET_DUMPABLE, 0, 0, 0, 0)
    _, ceiling = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, ceiling))


def find_isolation(wanted: Literal["auto", "process", "user"], *, network: bool) -> Isolation:
    """Return the isolation that this machine offers for `wanted`.

    Raises UsageError when `user` was asked for by name and is impossible.
    """
    if wanted == "process":
        return Isolation("process", "checks.isolation asks for it", network)
    user = _user_isolation(network=network)
    if user.kind == "process" and wanted == "user":
        raise UsageError(
            f"checks.isolation is `user`, but {user.reason}.",
            "Run the step in the Redimento image, or set checks.isolation to `auto` or `process`.",
        )
    return user


def _user_isolation(*, network: bool) -> Isolation:
    try:
        account = pwd.getpwnam(ACCOUNT)
    except KeyError:
        return Isolation("process", f"there is no account {ACCOUNT} here", network)
    root = os.geteuid() == 0
    if not root and not _sudo_works():
        return Isolation("process", f"becoming {ACCOUNT} needs root or passwordless sudo", network)
    means = "root" if root else "passwordless sudo"
    return Isolation("user", f"{ACCOUNT}, by {means}", network, account.pw_uid, account.pw_gid, not root)


def _sudo_works() -> bool:
    sudo = shutil.which("sudo")
    if sudo is None:
        return False
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [sudo, "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_PROBE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def warden_command(isolation: Isolation, python: str) -> list[str]:
    """Return the command line that starts the warden with the rights it needs."""
    prefix = ["sudo", "-n", "--"] if isolation.through_sudo else []
    # Isolated and without site packages: neither the tree nor PYTHON* may choose what the warden, maybe root, imports.
    return [*prefix, python, "-I", "-S", str(Path(warden.__file__).resolve())]
