"""Isolate the team's commands from us: `process` (clean environment) or `user` (also another account).

`process` protects our environment, memory and git credentials: a command gets an allow-listed environment, and our own
process is non-dumpable, so the same account can read neither its initial environment nor its memory. Other processes and
files of that account are not protected. `user` protects them: the command runs as `redimento-checks`. Under both, sudo
and other set-uid programs grant nothing (no_new_privs).
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
# Our folder comes last, so that nothing in it stands in for the standard library.
_START_WARDEN = "import sys; sys.path.append(sys.argv[1]); from redimento.sandbox.warden import main; sys.exit(main())"
_PROBE_SECONDS = 60  # against a sudo that hangs, not against a busy machine


@dataclass(frozen=True)
class Isolation:
    """The account that commands run under, whether they have network access, and why it was chosen.

    `through_sudo`: we are not root and need passwordless sudo.
    """

    kind: Literal["process", "user"]
    reason: str
    network: bool = True
    uid: int = -1
    gid: int = -1
    through_sudo: bool = False


def protect_process() -> None:
    """Hide this process's memory, environment and open files from its own account, and disable core dumps.

    Every exec undoes it, so call it at the start of the program that holds the token. Source: prctl(2),
    PR_SET_DUMPABLE; proc(5) on the ownership of /proc/<pid>.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(warden.PR_SET_DUMPABLE, 0, 0, 0, 0)
    _, ceiling = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, ceiling))


def find_isolation(wanted: Literal["auto", "process", "user"], *, network: bool) -> Isolation:
    """Return the isolation that this machine offers for `wanted`.

    Raises UsageError if `wanted` is `user` and that is impossible.
    """
    if wanted == "process":
        return Isolation("process", "set by checks.isolation", network)
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
        return Isolation("process", f"the account {ACCOUNT} does not exist", network)
    root = os.geteuid() == 0
    if not root and not _sudo_works():
        return Isolation("process", f"switching to {ACCOUNT} needs root or passwordless sudo", network)
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
    """Return the command line that starts the warden."""
    prefix = ["sudo", "-n", "--"] if isolation.through_sudo else []
    # -I -S: neither the tree nor PYTHON* may decide what the warden, possibly root, imports; -B: root leaves no bytecode.
    return [*prefix, python, "-I", "-S", "-B", "-c", _START_WARDEN, str(Path(warden.__file__).resolve().parents[2])]
