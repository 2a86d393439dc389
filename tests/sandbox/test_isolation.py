"""What each isolation protects, proven by a thief. `user` needs an account, so root (and sudo for its other half)."""

from __future__ import annotations

import contextlib
import fcntl
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
SYSTEM_PYTHON = Path("/usr/bin/python3")
AGENT = "redimento-test-agent"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="making accounts needs root")


@dataclass(frozen=True)
class Place:
    """A folder that every account can reach, with a tree, and an agent's file and socket that hold the canary."""

    root: Path
    canary: str

    @property
    def tree(self) -> Path:
        return self.root / "tree"


@pytest.fixture
def place() -> Iterator[Place]:
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
    """Make the account for checks where it is absent; one test at a time, for it belongs to the machine."""
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
                subprocess.run(["userdel", name], check=True)


@pytest.fixture
def sudoer() -> Iterator[str]:
    """Make what the agent makes in a job container: an ordinary account with passwordless sudo."""
    if shutil.which("sudo") is None:
        pytest.skip("sudo is not installed")
    rule = Path("/etc/sudoers.d", AGENT)
    with account(AGENT):
        rule.write_text(f"{AGENT} ALL=(ALL:ALL) NOPASSWD:ALL\n")
        rule.chmod(0o440)
        try:
            yield AGENT
        finally:
            rule.unlink()


def step(place: Place, isolation: str, *command: str, protection: str = "protected", user: str = "") -> dict[str, Any]:
    """Run a check from a process that holds the canary as its token, as `user` if one is named."""
    python = sys.executable
    if user:
        python = str(SYSTEM_PYTHON)
        subprocess.run(["chown", "-R", user, str(place.root)], check=True)
    done = subprocess.run(
        [python, str(place.root / "token_process.py"), str(place.tree), str(place.root / "scratch"),
         isolation, protection, *command],
        env={
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(place.root),
            "PYTHONPATH": f"{SOURCE}:{sysconfig.get_path('purelib')}",
            "SYSTEM_ACCESSTOKEN": place.canary,
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "http.extraheader",
            "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {place.canary}",
        },
        user=user or None, check=True, capture_output=True, text=True,
    )  # fmt: skip
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def steal(place: Place, isolation: str, *, protection: str = "protected", user: str = "") -> set[str]:
    """Return the places where the thief found the canary."""
    python = str(SYSTEM_PYTHON) if SYSTEM_PYTHON.exists() else sys.executable
    thief = (python, str(place.root / "thief.py"), str(place.root / "agents-file"), str(place.root / "socket"))
    answer = step(place, isolation, *thief, protection=protection, user=user)
    assert answer["output"].endswith("thief is through\n"), answer
    return {line.removeprefix("found in ") for line in answer["output"].splitlines()[:-1]}


@pytest.fixture
def ordinary(request: pytest.FixtureRequest) -> str:
    """Return an account without rights: our own ("") when we are not root."""
    return str(request.getfixturevalue("sudoer")) if os.geteuid() == 0 else ""


def test_the_thief_knows_its_trade(place: Place, ordinary: str) -> None:
    """Without protection the same thief does find the token: the other tests can fail."""
    stolen = steal(place, "process", protection="bare", user=ordinary)
    assert {"/proc environ", "/proc mem", "file agents-file", "socket"} <= stolen


def test_process_keeps_environment_memory_and_git_but_not_the_files_of_its_account(place: Place) -> None:
    assert steal(place, "process") == {"file agents-file", "socket"}


@needs_root
def test_process_keeps_them_from_an_ordinary_account_with_sudo_as_well(place: Place, sudoer: str) -> None:
    assert steal(place, "process", user=sudoer) == {"file agents-file", "socket"}


@needs_root
def test_user_keeps_everything(place: Place, checks_account: str) -> None:
    assert steal(place, "user") == set()


@needs_root
def test_user_keeps_everything_when_we_become_root_by_sudo(place: Place, checks_account: str, sudoer: str) -> None:
    assert steal(place, "user", user=sudoer) == set()


@needs_root
def test_auto_takes_the_account_where_it_works(place: Place, checks_account: str, sudoer: str) -> None:
    answer = step(place, "auto", "id", "-un", user=sudoer)
    assert (answer["kind"], answer["output"]) == ("user", f"{ACCOUNT}\n")
    assert answer["why"] == f"{ACCOUNT}, by passwordless sudo"


@needs_root
def test_auto_falls_back_where_the_account_cannot_reach_the_tree(place: Place, checks_account: str) -> None:
    place.root.chmod(0o700)
    answer = step(place, "auto", "true")
    assert answer["kind"] == "process"
    assert "cannot be reached" in answer["why"] or "not started: folder" in answer["why"]
    assert "checks.isolation is `user`" in step(place, "user", "true")["refused"]


def test_user_asked_for_by_name_and_impossible_is_an_error() -> None:
    if any(entry.pw_name == ACCOUNT for entry in pwd.getpwall()):
        pytest.skip("this machine has the account")
    with pytest.raises(UsageError, match=f"there is no account {ACCOUNT}"):
        find_isolation("user", network=True)
    assert find_isolation("auto", network=True).kind == "process"


@needs_root
def test_user_may_build_in_the_tree_and_leaves_all_of_it_to_us(place: Place, checks_account: str, sudoer: str) -> None:
    line = "echo 'x = 2' > src/a.py && mkdir -m 700 build && touch build/b && touch src/c && cat src/a.py"
    answer = step(place, "user", "bash", "-c", line, user=sudoer)
    assert (answer["exit"], answer["output"], answer["left"]) == (0, "x = 2\n", [])


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
def test_user_cannot_have_a_file_elsewhere_opened_to_it(place: Place, checks_account: str) -> None:
    """A second name in the tree for a file of ours must not make root hand that file over on the next run."""
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
    uid = str(pwd.getpwnam(ACCOUNT).pw_uid)
    assert subprocess.run(["pgrep", "-U", uid], check=False, capture_output=True).stdout == b""
