"""What each isolation protects, tested with a thief. Tests of `user` need root, half of them also sudo."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from redimento.errors import UsageError
from redimento.sandbox.isolation import ACCOUNT, find_isolation
from tests.sandbox.stage import SCOPES, Place, digest, needs_root, python_for_everyone, step

YAMA = Path("/proc/sys/kernel/yama/ptrace_scope")


def steal(place: Place, isolation: str, **options: Any) -> set[str]:
    """Return where the thief found the canary, or took control."""
    python = python_for_everyone() if os.geteuid() == 0 else sys.executable
    thief = (python, *(str(place.root / name) for name in ("thief.py", "agents-file", "socket")), digest(place))
    answer = step(place, isolation, *thief, **options)
    assert answer["output"].endswith("thief is through\n"), answer
    return {line.removeprefix("found in ") for line in answer["output"].splitlines()[:-1]}


# What `process` leaves open: whatever belongs to the account, or to nobody.
OPEN = {"file agents-file", "socket", "writable place"}
OPEN_ON_OLD_KERNELS = OPEN | {"signal", "abstract socket"}


def test_the_thief_finds_an_unprotected_token(place: Place, ordinary: str) -> None:
    """Without protection the same thief finds the token, so the other tests can fail."""
    found = {"/proc environ", *OPEN_ON_OLD_KERNELS}
    if not YAMA.exists() or YAMA.read_text().strip() == "0":  # otherwise no process may read its parent's memory
        found |= {"/proc mem", "ptrace", "descriptor"}
    assert found <= steal(place, "process", protection="bare", user=ordinary, old_kernel=True)


def test_process_protects_environment_memory_and_git_but_not_what_belongs_to_the_account(place: Place) -> None:
    assert steal(place, "process") == (OPEN if SCOPES else OPEN_ON_OLD_KERNELS)
    assert steal(place, "process", old_kernel=True) == OPEN_ON_OLD_KERNELS


@needs_root
def test_process_protects_the_same_under_an_ordinary_account(place: Place, agent: str) -> None:
    assert steal(place, "process", user=agent) == (OPEN if SCOPES else OPEN_ON_OLD_KERNELS)
    assert steal(place, "process", user=agent, old_kernel=True) == OPEN_ON_OLD_KERNELS


@needs_root
def test_process_protects_the_same_under_an_account_with_sudo(place: Place, sudoer: str) -> None:
    assert steal(place, "process", user=sudoer) == (OPEN if SCOPES else OPEN_ON_OLD_KERNELS)


@needs_root
def test_user_protects_everything(place: Place, checks_account: str, starter: str) -> None:
    """Except, on an old kernel, abstract sockets: nobody owns them, and only another network keeps checks away."""
    assert steal(place, "user", user=starter) == (set() if SCOPES else {"abstract socket"})


@needs_root
def test_user_on_an_old_kernel_leaves_open_what_nobody_owns(place: Place, checks_account: str) -> None:
    assert steal(place, "user", old_kernel=True) == {"abstract socket"}
    assert steal(place, "user", old_kernel=True, network=False) == set()


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
    refused = step(place, "user", "true")["refused"]
    assert "The checks cannot run under an account of their own" in refused
    assert "set checks.isolation to `process`" in refused


def test_user_where_it_is_impossible_is_an_error(tmp_path: Path, no_checks_account: None) -> None:
    with pytest.raises(UsageError, match=f"the account {ACCOUNT} does not exist"):
        find_isolation("user", tmp_path, network=True)
    assert find_isolation("auto", tmp_path, network=True).kind == "process"


@needs_root
def test_user_may_build_in_the_tree_and_we_own_the_result(place: Place, checks_account: str, starter: str) -> None:
    line = "echo 'x = 2' > src/a.py && mkdir -m 700 build && touch build/b && touch src/c && cat src/a.py"
    answer = step(place, "user", "bash", "-c", line, user=starter)
    assert (answer["exit"], answer["output"], answer["left"]) == (0, "x = 2\n", [])


@needs_root
def test_user_may_set_mode_and_times_of_what_an_earlier_command_built(
    place: Place, checks_account: str, starter: str
) -> None:
    """.NET and Node copy over an output with fchmod(2), `cp -p` with utimensat(2)."""
    build = "mkdir -p bin && cp -p src/a.py bin/b && cp -p src/a.py bin/c && chmod 664 bin/*"
    answers = [step(place, "user", "bash", "-c", build, user=starter) for _ in range(2)]
    owners = {path.stat().st_uid for path in (place.tree / "bin").iterdir()}
    assert ([answer["exit"] for answer in answers], owners) == ([0, 0], {place.tree.stat().st_uid})


@needs_root
def test_the_files_come_back_to_us_when_the_step_is_killed(place: Place, checks_account: str) -> None:
    def kill_step() -> None:
        while not (started := place.tree / "started").exists() or not started.read_text():
            time.sleep(0.05)
        # The check's parent is the warden, whose parent is the step.
        warden = Path("/proc", started.read_text().strip(), "status").read_text()
        os.kill(int(re.findall(r"PPid:\s+(\d+)", warden)[0]), signal.SIGKILL)

    killing = threading.Thread(target=kill_step)
    killing.start()
    with pytest.raises(subprocess.CalledProcessError):
        step(place, "user", "bash", "-c", "stat -c %U src/a.py > owner; echo $PPID > started; sleep 60")
    killing.join()

    until = time.monotonic() + 30
    while time.monotonic() < until and ACCOUNT in (owners := {path.owner() for path in place.tree.rglob("*")}):
        time.sleep(0.05)
    assert ((place.tree / "owner").read_text(), ACCOUNT in owners) == (f"{ACCOUNT}\n", False)


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


@needs_root
@pytest.mark.parametrize("owner", ["step", "checkout", "another name"])
def test_an_account_that_is_somebody_elses_number_is_not_used(
    place: Place, checks_account: str, agent: str, owner: str
) -> None:
    """Everything of the account is ended after a check: with the agent's own number, that would be the agent."""
    number, before = pwd.getpwnam(ACCOUNT).pw_uid, pwd.getpwnam(agent).pw_uid
    if owner == "checkout":
        os.chown(place.tree, number, number)
    if owner == "another name":
        subprocess.run(["usermod", "--non-unique", "--uid", str(number), agent], check=True, capture_output=True)
    try:
        answer = step(place, "user", "true", user=ACCOUNT if owner == "step" else "")
    finally:
        subprocess.run(["usermod", "--uid", str(before), agent], check=True, capture_output=True)
    assert f"the account {ACCOUNT} has the same number ({number}) as " in answer["refused"]


@needs_root
def test_a_process_that_already_runs_under_the_account_is_not_killed(place: Place, checks_account: str) -> None:
    with subprocess.Popen(["sleep", "60"], user=ACCOUNT) as stranger:
        refused = step(place, "user", "true")["refused"]
        assert stranger.poll() is None
        stranger.kill()
    assert f"the account of the checks is in use (process {stranger.pid} runs under it)" in refused
