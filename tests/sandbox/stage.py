"""A step with a token, the accounts it may run under, and an agent beside it. Making accounts needs root."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from redimento.sandbox.isolation import ACCOUNT

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
AGENT = "redimento-test-agent"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PR_GET_DUMPABLE, PR_SET_DUMPABLE = 3, 4  # <linux/prctl.h>
LANDLOCK_CREATE_RULESET = 444
# Linux 6.12 or newer with Landlock: the version of its interface.
SCOPES = ctypes.CDLL(None).syscall(LANDLOCK_CREATE_RULESET, None, 0, 1) >= 6
needs_scopes = pytest.mark.skipif(not SCOPES, reason="this kernel has no Landlock scopes (Linux 6.12)")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="making accounts needs root")


@dataclass(frozen=True)
class Place:
    """A folder that every account can reach: a tree, and an agent's file and socket with the canary."""

    root: Path
    canary: str

    @property
    def tree(self) -> Path:
        return self.root / "tree"


@pytest.fixture
def _unreadable() -> Iterator[None]:
    """Make pytest itself unreadable to its account: its memory holds the canary, too."""
    libc = ctypes.CDLL(None)
    before = libc.prctl(PR_GET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    yield
    libc.prctl(PR_SET_DUMPABLE, before, 0, 0, 0)


@pytest.fixture
def place(_unreadable: None) -> Iterator[Place]:
    root = Path(tempfile.mkdtemp(prefix="redimento-test-", dir="/tmp"))
    root.chmod(0o755)
    here = Place(root, f"canary-{uuid.uuid4().hex}")
    (here.tree / "src").mkdir(parents=True)
    (here.tree / "src" / "a.py").write_text("x = 1\n")
    for line in ("init -q", "add .", "-c user.name=a -c user.email=a@b.invalid commit -q -m begin"):
        subprocess.run(["git", *line.split()], cwd=here.tree, check=True)
    (root / "agents-file").write_text(here.canary)
    (root / "agents-file").chmod(0o600)
    for name in ("thief.py", "token_process.py", "watcher.py", "old_kernel.py"):
        shutil.copy(HERE / name, root / name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(root / "socket"))
    (root / "socket").chmod(0o660)
    abstract = socket.socket(socket.AF_UNIX)
    abstract.bind(f"\0{root}/socket")
    for each in (listener, abstract):
        each.listen()
        threading.Thread(target=_serve, args=(each, here.canary.encode()), daemon=True).start()
    yield here
    for each in (listener, abstract):
        each.shutdown(socket.SHUT_RDWR)
        each.close()
    shutil.rmtree(root)


def _serve(listener: socket.socket, canary: bytes) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            client.sendall(canary)
            client.close()


@pytest.fixture
def checks_account() -> Iterator[str]:
    """Create the account for checks if needed; one test at a time, since it belongs to the machine."""
    with account(ACCOUNT):
        yield ACCOUNT
        number = pwd.getpwnam(ACCOUNT).pw_uid
        for family in ("-4", "-6"):  # the rules stay, but the number of this account may be given to another one
            rule = ["ip", family, "rule", "del", "uidrange", f"{number}-{number}"]
            while shutil.which("ip") and subprocess.run(rule, check=False, capture_output=True).returncode == 0:
                pass


@pytest.fixture
def no_checks_account() -> Iterator[None]:
    """Keep other tests from creating the account for checks."""
    with _alone_with(ACCOUNT) as exists:
        if exists:
            pytest.skip("this machine has the account")
        yield


@contextlib.contextmanager
def _alone_with(name: str) -> Iterator[bool]:
    with Path(tempfile.gettempdir(), f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield any(entry.pw_name == name for entry in pwd.getpwall())


@contextlib.contextmanager
def account(name: str) -> Iterator[None]:
    with _alone_with(name) as exists:
        made = not exists
        if made:
            subprocess.run(["useradd", "--system", "--no-create-home", name], check=True)
        try:
            yield
        finally:
            if made:
                subprocess.run(["userdel", "--force", name], check=True, capture_output=True)


@pytest.fixture
def agent() -> Iterator[str]:
    """Create an ordinary account, as the agent does in a job container."""
    with account(AGENT):
        yield AGENT


@pytest.fixture
def sudoer(agent: str) -> Iterator[str]:
    """Give that account passwordless sudo, as the agent also does."""
    if shutil.which("sudo") is None:
        pytest.skip("sudo is not installed")
    rule = Path("/etc/sudoers.d", agent)
    rule.write_text(f"{agent} ALL=(ALL:ALL) NOPASSWD:ALL\n")
    rule.chmod(0o440)
    try:
        yield agent
    finally:
        rule.unlink()


@pytest.fixture(params=["root", "sudo"])
def starter(request: pytest.FixtureRequest) -> str:
    """Return the account that starts the step and may switch to another: root ("") or a sudoer."""
    return str(request.getfixturevalue("sudoer")) if request.param == "sudo" else ""


def python_for_everyone() -> str:
    """Return a Python of our version that other accounts can run."""
    if not all(passable(folder) for folder in (SOURCE, SITE_PACKAGES)):
        pytest.skip(f"other accounts cannot enter {SOURCE} or {SITE_PACKAGES}")
    name = f"python{sys.version_info.major}.{sys.version_info.minor}"
    for path in (sys.executable, shutil.which(name, path="/usr/local/bin:/usr/bin")):
        if path and passable(Path(path)) and passable(Path(path).resolve()):
            return path
    pytest.skip(f"other accounts have no {name} here")


def passable(path: Path) -> bool:
    return all(folder.stat().st_mode & 0o001 for folder in path.absolute().parents)


def step(
    place: Place,
    isolation: str,
    *command: str,
    protection: str = "protected",
    user: str = "",
    path: str = PATH,
    url: str = "",
    network: bool = True,
    old_kernel: bool = False,
    on_terminal: bool = False,
    without_net_admin: bool = False,
) -> dict[str, Any]:
    """Run a check from a process that has the canary as its token, as `user` if given."""
    python = sys.executable
    if user:
        python = python_for_everyone()
        subprocess.run(["chown", "-R", user, str(place.root)], check=True)
    older = (python, str(place.root / "old_kernel.py")) if old_kernel else ()
    leader = ("setsid", "--ctty", "--wait") if on_terminal else ()
    if without_net_admin:
        leader = ("setpriv", "--bounding-set", "-net_admin")
    typing, terminal = os.openpty()
    done = subprocess.run(
        [*leader, *older, python, str(place.root / "token_process.py"), str(place.tree), str(place.root / "scratch"),
         isolation, protection, url, str(network), *command],
        env={
            "PATH": path,
            "HOME": str(place.root),
            "PYTHONPATH": f"{SOURCE}:{SITE_PACKAGES}",
            "SYSTEM_ACCESSTOKEN": place.canary,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {place.canary}",
        },
        user=user or None, group=user or None, extra_groups=[] if user else None, stdin=terminal,
        check=True, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    os.close(typing)
    os.close(terminal)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def digest(place: Place) -> str:
    """Return what a thief recognises the canary by without having it."""
    return hashlib.sha256(place.canary.encode()).hexdigest()


@pytest.fixture
def ordinary(request: pytest.FixtureRequest) -> str:
    """Return an unprivileged account: our own ("") unless we are root."""
    return str(request.getfixturevalue("agent")) if os.geteuid() == 0 else ""
