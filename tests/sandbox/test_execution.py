from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from redimento.sandbox.execution import CommandResult, run
from redimento.sandbox.isolation import Isolation
from redimento.text.redaction import NO_SECRETS, Secrets
from tests.sandbox.outsider import SAY_WHO_WATCHES, warden_killed
from tests.sandbox.stage import needs_scopes


def run_here(
    folder: Path,
    command: str | Sequence[str],
    *,
    timeout: float = 100,
    secrets: Secrets = NO_SECRETS,
    network: bool = True,
    path: str = os.environ["PATH"],
) -> CommandResult:
    env = {"PATH": path, "HOME": str(folder), "TMPDIR": str(folder)}
    isolation = Isolation("process", "set by the test", network)
    return run(
        command, folder=folder, tree=folder, env=env, isolation=isolation, timeout_seconds=timeout, secrets=secrets
    )


def processes_with(text: str) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdigit() and text.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_a_string_runs_in_a_shell_and_a_list_does_not(tmp_path: Path) -> None:
    assert run_here(tmp_path, "echo a; echo b >&2").output == "a\nb\n"
    assert run_here(tmp_path, ["echo", "a; echo $HOME"]).output == "a; echo $HOME\n"


def test_the_exit_code_of_the_command_is_returned(tmp_path: Path) -> None:
    assert run_here(tmp_path, "exit 7").exit_code == 7
    assert run_here(tmp_path, "true").reason == ""


@pytest.mark.parametrize("command", [["no-such-program"], "no-such-program"])
def test_a_missing_program_is_named(tmp_path: Path, command: str | list[str]) -> None:
    ended = run_here(tmp_path, command)
    assert ended.reason.startswith("command not found")
    assert "no-such-program" in ended.reason + ended.output


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Path]:
    """Make a folder that the current account may not enter."""
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0)
    if os.access(folder, os.X_OK):
        pytest.skip("root may enter every folder; test_isolation covers this for another account")
    yield folder
    folder.chmod(0o700)


def test_a_missing_program_is_reported_even_behind_a_closed_path_folder(tmp_path: Path, closed: Path) -> None:
    ended = run_here(tmp_path, ["no-such-program"], path=f"/usr/bin:{closed}:/bin")
    assert ended.reason == f"command not found: no-such-program (no permission to search these PATH folders: {closed})"
    assert run_here(tmp_path, ["true"], path=f"{closed}:/usr/bin:/bin").exit_code == 0


def test_a_program_without_permission_is_reported_even_behind_a_closed_path_folder(
    tmp_path: Path, closed: Path
) -> None:
    (tmp_path / "data").write_text("no program")
    ended = run_here(tmp_path, ["data"], path=f"{closed}:{tmp_path}")
    assert ended.reason.startswith("not started: start")


def test_a_program_that_may_not_be_executed_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no program")
    ended = run_here(tmp_path, ["./data"])
    assert ended.exit_code is None
    assert ended.reason.startswith("not started")


def test_death_by_a_signal_is_named(tmp_path: Path) -> None:
    ended = run_here(tmp_path, "kill -SEGV $$")
    assert (ended.exit_code, ended.reason) == (None, "killed by signal: SIGSEGV")


def test_standard_input_is_empty_and_no_descriptor_is_inherited(tmp_path: Path) -> None:
    secret, other = os.pipe()
    os.set_inheritable(secret, True)  # noqa: FBT003 - the library's signature
    try:
        ended = run_here(tmp_path, "cat; ls /proc/$$/fd >list; wc -l <list")
    finally:
        os.close(secret)
        os.close(other)
    assert ended.output.strip() == "3"


def test_a_hanging_command_times_out_and_keeps_its_output(tmp_path: Path) -> None:
    seconds, ended = 0.3, run_here(tmp_path, "echo begun; sleep 300", timeout=0.3)
    while not ended.output and seconds < 30:  # a busy machine may need longer
        seconds *= 10
        ended = run_here(tmp_path, "echo begun; sleep 300", timeout=seconds)
    assert (ended.exit_code, ended.reason) == (None, f"timed out after {seconds:g} s")
    assert ended.output == "begun\n"


def test_daemons_that_left_session_and_group_die_with_the_command(tmp_path: Path) -> None:
    mark = f"9{os.getpid()}.{time.monotonic_ns()}"
    ended = run_here(tmp_path, f"setsid sh -c 'setsid sleep {mark} & exit' & trap '' TERM; echo on; sleep 0.2")
    assert ended.exit_code == 0
    assert "processes left running were killed" in ended.output
    assert processes_with(mark) == []


def test_daemons_die_at_the_timeout_too(tmp_path: Path) -> None:
    mark = f"8{os.getpid()}.{time.monotonic_ns()}"
    ended = run_here(tmp_path, f"(trap '' TERM HUP INT; setsid sleep {mark}) & sleep 300", timeout=0.3)
    assert ended.reason.startswith("timed out")
    assert processes_with(mark) == []


def test_a_forking_command_is_killed_with_everything_it_forked(tmp_path: Path) -> None:
    mark = f"7{os.getpid()}.{time.monotonic_ns()}"
    ended = run_here(tmp_path, f"while :; do sleep {mark} & sleep 0.002; done", timeout=0.3)
    assert ended.reason.startswith("timed out")
    assert processes_with(mark) == []


def test_too_much_output_stops_the_command_and_takes_little_memory(tmp_path: Path) -> None:
    ended = run_here(tmp_path, "yes")
    assert ended.reason == "too much output: stopped after 256 MB"
    assert len(ended.output) < 200_000


def test_long_output_keeps_its_head_and_tail(tmp_path: Path) -> None:
    ended = run_here(tmp_path, "echo first; seq 200000; echo last")
    assert ended.exit_code == 0
    assert ended.output.startswith("first\n1\n2\n")
    assert ended.output.endswith("200000\nlast\n")
    assert "bytes left out" in ended.output


def test_output_is_safe_to_print_and_without_secrets(tmp_path: Path) -> None:
    line = r"printf 'x##vso[task.complete]\r##[error]\033[31mred\000 sesame-open-9'"
    ended = run_here(tmp_path, line, secrets=Secrets(("sesame-open-9",)))
    assert ended.output == "x# # vso[task.complete]\n# # [error]red ***"


def test_bytes_that_are_not_text_are_replaced(tmp_path: Path) -> None:
    assert run_here(tmp_path, r"printf '\xff\xfe ok'").output == "\ufffd\ufffd ok"


def test_set_uid_programs_grant_nothing(tmp_path: Path) -> None:
    ended = run_here(tmp_path, "grep NoNewPrivs /proc/self/status; ulimit -c")
    assert ended.output.split() == ["NoNewPrivs:", "1", "0"]


@needs_scopes
def test_the_supervisor_cannot_be_killed_or_stopped(tmp_path: Path) -> None:
    ended = run_here(tmp_path, "kill -9 $PPID || kill -STOP $PPID || kill -9 -1; echo through")
    assert (ended.exit_code, ended.output.splitlines()[-1]) == (0, "through")


def test_killing_the_supervisor_is_reported_and_leaves_nothing_behind(tmp_path: Path) -> None:
    mark = f"6{os.getpid()}.{time.monotonic_ns()}"
    warden = tmp_path / "warden"
    with warden_killed(warden):
        ended = run_here(tmp_path, f"setsid sleep {mark} & WARDEN={warden}; {SAY_WHO_WATCHES}; sleep {mark}")
    assert ended.hostile
    assert ended.exit_code is None
    assert ended.reason.startswith("supervisor lost")
    assert processes_with(mark) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_command_dies_with_us(tmp_path: Path, number: signal.Signals) -> None:
    mark = f"5{os.getpid()}.{time.monotonic_ns()}"
    script = (
        "import signal, sys; from pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # even if SIGINT was ignored when the tests started
        "from redimento.sandbox.execution import run\n"
        "from redimento.sandbox.isolation import Isolation\n"
        "here = Path(sys.argv[1])\n"
        "env = {'PATH': '/usr/bin:/bin', 'HOME': str(here), 'TMPDIR': str(here)}\n"
        f"run('touch begun; setsid sleep {mark} & wait', folder=here, tree=here, env=env,\n"
        "    isolation=Isolation('process', ''), timeout_seconds=300)\n"
    )
    ours = subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stderr=subprocess.DEVNULL)
    wait_for(lambda: (tmp_path / "begun").exists() and len(processes_with(mark)) > 1)
    ours.send_signal(number)
    assert ours.wait() != 0
    wait_for(lambda: processes_with(mark) == [])


def wait_for(condition: object) -> None:
    """Wait until `condition` holds; the suite's timeout bounds it."""
    assert callable(condition)
    while not condition():
        time.sleep(0.01)


needs_namespaces = pytest.mark.skipif(
    subprocess.run(["unshare", "--map-root-user", "--net", "true"], check=False, capture_output=True).returncode != 0,
    reason="this account may not create network namespaces here",
)


@needs_namespaces
def test_without_network_only_a_private_loopback_is_left(tmp_path: Path) -> None:
    ended = run_here(tmp_path, "tail -n +3 /proc/net/dev | cut -d: -f1; cat /proc/net/route | wc -l", network=False)
    assert ended.output.split() == ["lo", "1"]
    server = (
        f"{sys.executable} -c \"import socket; s = socket.create_server(('127.0.0.1', 0)); "
        'socket.create_connection(s.getsockname()); print(chr(111) + chr(107))"'
    )
    assert run_here(tmp_path, server, network=False).output == "ok\n"


@needs_namespaces
def test_our_own_listener_is_unreachable_without_network(tmp_path: Path) -> None:
    probe = "(exec 3<>/dev/tcp/127.0.0.1/{port}) 2>/dev/null && echo reached || echo refused"
    with socket.create_server(("127.0.0.1", 0)) as server:
        line = probe.format(port=server.getsockname()[1])
        assert run_here(tmp_path, line).output == "reached\n"
        assert run_here(tmp_path, line, network=False).output == "refused\n"


def test_a_command_ends_soon_after_its_run(tmp_path: Path) -> None:
    stop = threading.Event()
    threading.Timer(0.5, stop.set).start()
    ended = run(
        "sleep 300",
        folder=tmp_path,
        tree=tmp_path,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "TMPDIR": str(tmp_path)},
        isolation=Isolation("process", "set by the test"),
        timeout_seconds=300,
        stop=stop,
    )

    assert ended.exit_code is None
    assert ended.reason.startswith("stopped")
