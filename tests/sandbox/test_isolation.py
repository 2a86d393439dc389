"""What each isolation protects, tested with a thief. Tests of `user` need root, half of them also sudo."""

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

from redimento.errors import UsageError
from redimento.sandbox.isolation import ACCOUNT, find_isolation

HERE = Path(__file__).parent
SOURCE = HERE.parents[1] / "src"
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
AGENT = "redimento-test-agent"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")
PR_GET_DUMPABLE, PR_SET_DUMPABLE = 3, 4  # <linux/prctl.h>
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
    subprocess.run(["git", "init", "-q"], cwd=here.tree, check=True)
    (root / "agents-file").write_text(here.canary)
    (root / "agents-file").chmod(0o600)
    for name in ("thief.py", "token_process.py"):
        shutil.copy(HERE / name, root / name)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(root / "socket"))
    (root / "socket").chmod(0o660)
    listener.listen()
    threading.Thread(target=_serve, args=(listener, here.canary.encode()), daemon=True).start()
    yield here
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
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


@contextlib.contextmanager
def account(name: str) -> Iterator[None]:
    with Path(tempfile.gettempdir(), f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = not any(entry.pw_name == name for entry in pwd.getpwall())
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
    place: Place, isolation: str, *command: str, protection: str = "protected", user: str = "", path: str = PATH
) -> dict[str, Any]:
    """Run a check from a process that has the canary as its token, as `user` if given."""
    python = sys.executable
    if user:
        python = python_for_everyone()
        subprocess.run(["chown", "-R", user, str(place.root)], check=True)
    done = subprocess.run(
        [python, str(place.root / "token_process.py"), str(place.tree), str(place.root / "scratch"),
         isolation, protection, *command],
        env={
            "PATH": path,
            "HOME": str(place.root),
            "PYTHONPATH": f"{SOURCE}:{SITE_PACKAGES}",
            "SYSTEM_ACCESSTOKEN": place.canary,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {place.canary}",
        },
        user=user or None, group=user or None, extra_groups=[] if user else None,
        check=True, capture_output=True, encoding="utf-8",
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def steal(place: Place, isolation: str, *, protection: str = "protected", user: str = "") -> set[str]:
    """Return where the thief found the canary."""
    python = python_for_everyone() if os.geteuid() == 0 else sys.executable
    wanted = hashlib.sha256(place.canary.encode()).hexdigest()
    thief = (python, *(str(place.root / name) for name in ("thief.py", "agents-file", "socket")), wanted)
    answer = step(place, isolation, *thief, protection=protection, user=user)
    assert answer["output"].endswith("thief is through\n"), answer
    return {line.removeprefix("found in ") for line in answer["output"].splitlines()[:-1]}


@pytest.fixture
def ordinary(request: pytest.FixtureRequest) -> str:
    """Return an unprivileged account: our own ("") unless we are root."""
    return str(request.getfixturevalue("agent")) if os.geteuid() == 0 else ""


def test_the_thief_finds_an_unprotected_token(place: Place, ordinary: str) -> None:
    """Without protection the same thief finds the token, so the other tests can fail."""
    found = {"/proc environ", "file agents-file", "socket"}
    if not YAMA.exists() or YAMA.read_text().strip() == "0":  # otherwise no process may read its parent's memory
        found.add("/proc mem")
    assert found <= steal(place, "process", protection="bare", user=ordinary)


def test_process_protects_environment_memory_and_git_but_not_the_accounts_files(place: Place) -> None:
    assert steal(place, "process") == {"file agents-file", "socket"}


@needs_root
def test_process_protects_the_same_under_an_ordinary_account(place: Place, agent: str) -> None:
    assert steal(place, "process", user=agent) == {"file agents-file", "socket"}


@needs_root
def test_process_protects_the_same_under_an_account_with_sudo(place: Place, sudoer: str) -> None:
    assert steal(place, "process", user=sudoer) == {"file agents-file", "socket"}


@needs_root
def test_user_protects_everything(place: Place, checks_account: str, starter: str) -> None:
    assert steal(place, "user", user=starter) == set()


@needs_root
def test_auto_uses_the_account_where_it_works(place: Place, checks_account: str, starter: str) -> None:
    answer = step(place, "auto", "id", "-un", user=starter)
    assert (answer["kind"], answer["output"]) == ("user", f"{ACCOUNT}\n")
    assert answer["why"] == f"{ACCOUNT}, by {'passwordless sudo' if starter else 'root'}"


@needs_root
def test_auto_falls_back_where_the_account_cannot_reach_the_tree(place: Place, checks_account: str) -> None:
    place.root.chmod(0o700)
    answer = step(place, "auto", "true")
    assert answer["kind"] == "process"
    assert "cannot enter" in answer["why"] or "not started: folder" in answer["why"]
    assert "checks.isolation is `user`" in step(place, "user", "true")["refused"]


def test_user_where_it_is_impossible_is_an_error() -> None:
    if any(entry.pw_name == ACCOUNT for entry in pwd.getpwall()):
        pytest.skip("this machine has the account")
    with pytest.raises(UsageError, match=f"the account {ACCOUNT} does not exist"):
        find_isolation("user", network=True)
    assert find_isolation("auto", network=True).kind == "process"


@needs_root
def test_user_may_build_in_the_tree_and_we_own_the_result(place: Place, checks_account: str, starter: str) -> None:
    line = "echo 'x = 2' > src/a.py && mkdir -m 700 build && touch build/b && touch src/c && cat src/a.py"
    answer = step(place, "user", "bash", "-c", line, user=starter)
    assert (answer["exit"], answer["output"], answer["left"]) == (0, "x = 2\n", [])


@needs_root
def test_a_missing_program_is_reported_even_behind_a_path_folder_closed_to_the_account(
    place: Place, checks_account: str
) -> None:
    closed = place.root / "closed"
    closed.mkdir(mode=0o700)
    answer = step(place, "user", "no-such-program", path=f"/usr/bin:{closed}:/bin")
    assert answer["reason"] == (
        f"command not found: no-such-program (no permission to search these PATH folders: {closed})"
    )


@needs_root
def test_user_cannot_touch_git_its_neighbours_or_its_supervisor(place: Place, checks_account: str) -> None:
    attacks = (
        "echo x >> .git/config",
        "touch .git/hooks/pre-push",
        "echo x >> ../outside",
        "ls ../scratch/kept",
        "kill -9 $PPID",
        "kill -9 1",
    )
    script = "; ".join(f"({attack}) 2>/dev/null && echo 'done: {attack}'" for attack in attacks)
    assert step(place, "user", "bash", "-c", f"{script}; echo through")["output"] == "through\n"


@needs_root
def test_user_gains_no_access_to_a_file_outside_the_tree(place: Place, checks_account: str) -> None:
    """A hard link in the tree must not make root grant access to our file on the next run."""
    outside = place.root / "outside"
    outside.write_text("ours\n")
    outside.chmod(0o644)
    os.link(outside, place.tree / "second-name")
    (place.tree / "link").symlink_to(outside)
    answer = step(place, "user", "bash", "-c", "echo stolen > second-name || echo stolen > link")
    assert (answer["exit"], outside.read_text()) == (1, "ours\n")


@needs_root
def test_nothing_of_the_account_outlives_a_check(place: Place, checks_account: str) -> None:
    step(place, "user", "bash", "-c", "for n in 1 2 3; do setsid -f sleep 300; done; echo on")
    uid = pwd.getpwnam(ACCOUNT).pw_uid
    assert uid not in {owner(folder) for folder in Path("/proc").iterdir() if folder.name.isdigit()}


def owner(process: Path) -> int | None:
    with contextlib.suppress(FileNotFoundError):
        return process.stat().st_uid
    return None
