"""Isolate the team's commands from us: `process` (clean environment) or `user` (also another account).

`process` protects our environment, memory and git credentials: a command gets an allow-listed environment, and our own
process is non-dumpable, so the same account can read neither its initial environment nor its memory. Nothing else of
that account is protected: its files, its other processes (git holds the token in memory while it talks to the server),
and the installation of Redimento itself if the account may write it. `user` protects them: the command runs as
`redimento-checks`. Under both, sudo and other set-uid programs grant nothing (no_new_privs), and no process that
descends from a command outlives it.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
import subprocess
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from redimento.errors import UsageError
from redimento.sandbox import warden
from redimento.sandbox.programs import trusted_program
from redimento.text.wording import Sentence

ACCOUNT = "redimento-checks"
# Our folder comes last, so that nothing in it stands in for the standard library.
_START_WARDEN = "import sys; sys.path.append(sys.argv[1]); from redimento.sandbox.warden import main; sys.exit(main())"
_PROBE_SECONDS = 60  # against a sudo that hangs, not against a busy machine


@dataclass(frozen=True)
class Isolation:
    """The account that commands run under, whether they have network access, and why it was chosen.

    `sudo`: the program that makes us root, if we are not. `exposed`: why link-local addresses can be reached although
    the network is on, "" if they cannot.
    """

    kind: Literal["process", "user"]
    reason: str
    network: bool = True
    uid: int = -1
    gid: int = -1
    sudo: str = ""
    exposed: str = field(default_factory=lambda: Sentence("needs_another_account"))

    @property
    def sentences(self) -> str:
        """Say for people under which account the commands run, and what they can reach."""
        return Sentence("isolation", kind=self.kind, reason=self.reason, network=self.network, exposed=self.exposed)


def protect_process() -> None:
    """Hide this process's memory, environment and open files from its own account, and disable core dumps.

    Also make it inherit the orphans below it, so that a check that kills the warden cannot leave a process behind.
    Every exec undoes the first, so call it at the start of the program that holds the token. Source: prctl(2),
    PR_SET_DUMPABLE and PR_SET_CHILD_SUBREAPER; proc(5) on the ownership of /proc/<pid>.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(warden.PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(warden.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    _, ceiling = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, ceiling))


def find_isolation(wanted: Literal["auto", "process", "user"], tree: Path, *, network: bool) -> Isolation:
    """Return the isolation that this machine offers for `wanted` in `tree`.

    Raises UsageError if `wanted` is `user` and that is impossible.
    """
    if wanted == "process":
        return Isolation("process", Sentence("set_by_isolation"), network)
    user = _user_isolation(tree, network=network)
    if user.kind == "process" and wanted == "user":
        raise no_account(user.reason)
    return user


def no_account(why: str) -> UsageError:
    """Return the error of a run that needs `user` and cannot have it: `why` completes "because"."""
    return UsageError(
        f"The checks cannot run under an account of their own, because {why}. "
        "Under the step's account they could take the job's token, so nothing was started.",
        f"Run the step in the Redimento image, or as root or with passwordless sudo where the account {ACCOUNT} exists. "
        "If you accept the risk, set checks.isolation to `process`.",
    )


def _user_isolation(tree: Path, *, network: bool) -> Isolation:
    impossible = partial(Isolation, "process", network=network)
    try:
        account = pwd.getpwnam(ACCOUNT)
    except KeyError:
        return impossible(Sentence("no_account", account=ACCOUNT))
    # Everything of this account is ended and taken over after each check, so it must be nobody else's.
    same = [each.pw_name for each in pwd.getpwall() if each.pw_uid == account.pw_uid and each.pw_name != ACCOUNT]
    if account.pw_uid in {0, os.getuid(), os.geteuid(), tree.stat().st_uid} or same:
        return impossible(
            Sentence("account_shared", account=ACCOUNT, number=account.pw_uid, owner=same[0] if same else "")
        )
    if os.geteuid() == 0:
        return Isolation("user", Sentence("account_by_root", account=ACCOUNT), network, account.pw_uid, account.pw_gid)
    sudo = _working_sudo()
    if not sudo:
        return impossible(Sentence("account_needs_sudo", account=ACCOUNT))
    return Isolation(
        "user", Sentence("account_by_sudo", account=ACCOUNT), network, account.pw_uid, account.pw_gid, sudo
    )


def _working_sudo() -> str:
    sudo = trusted_program("sudo")
    if sudo is None:
        return ""
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [sudo, "-n", "true"], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_PROBE_SECONDS
        )
    except subprocess.TimeoutExpired:
        return ""
    return sudo if done.returncode == 0 else ""


def warden_command(isolation: Isolation, python: str) -> list[str]:
    """Return the command line that starts the warden."""
    prefix = [isolation.sudo, "-n", "--"] if isolation.sudo else []
    # -I -S: neither the tree nor PYTHON* may decide what the warden, possibly root, imports; -B: root leaves no bytecode.
    return [*prefix, python, "-I", "-S", "-B", "-c", _START_WARDEN, str(Path(warden.__file__).resolve().parents[2])]
