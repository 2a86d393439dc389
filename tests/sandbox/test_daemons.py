"""Daemons that checks leave behind to wait for the token, and a terminal, programs and addresses that checks go after."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from redimento.sandbox.programs import trusted_program
from tests.sandbox.stage import PATH, Place, digest, needs_root, python_for_everyone, step

_ANSWERED_AFTER = 3.0  # seconds in which git has the token and a daemon can look


class _SlowServer(BaseHTTPRequestHandler):
    """Asks for credentials, and refuses them late."""

    passwords: list[str]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        pass

    def do_GET(self) -> None:
        sent = self.headers.get("Authorization", "")
        if sent:
            self.passwords.append(base64.b64decode(sent.removeprefix("Basic ")).decode().partition(":")[2])
            time.sleep(_ANSWERED_AFTER)
        self.send_response(403 if sent else 401)
        self.send_header("WWW-Authenticate", 'Basic realm="org"')
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    _SlowServer.passwords = []
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _SlowServer)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield httpd
    httpd.shutdown()
    thread.join()
    httpd.server_close()


def address(server: ThreadingHTTPServer) -> str:
    return f"http://127.0.0.1:{server.server_port}/org/_git/web"


def watcher(place: Place, server: ThreadingHTTPServer) -> tuple[str, ...]:
    """Return the command of the daemon; what it finds is then in `loot`."""
    (place.root / "loot").mkdir(exist_ok=True)
    (place.root / "loot").chmod(0o777)
    python = python_for_everyone() if os.geteuid() == 0 else sys.executable
    loot = str(place.root / "loot" / "found")
    return python, str(place.root / "watcher.py"), loot, digest(place), address(server)


def found(place: Place) -> set[str]:
    return set((place.root / "loot" / "found").read_text().splitlines())


def leaving(command: tuple[str, ...], place: Place, *, then: str) -> str:
    """Return the script of a check that leaves a daemon in a session of its own, without our mark in its environment."""
    line = " ".join(("setsid", "-f", "env", "-i", *command))
    return f"{line} >/dev/null 2>&1; until test -s {place.root}/loot/found; do sleep 0.1; done; {then}"


def test_a_process_that_no_check_started_finds_the_token_in_gits_memory_at_most(
    place: Place, server: ThreadingHTTPServer, ordinary: str
) -> None:
    """The same daemon finds git when it is alive, so the other tests can fail; and this is what `process` cannot stop."""
    command = watcher(place, server)
    if ordinary:
        subprocess.run(["chown", "-R", ordinary, str(place.root)], check=True)
    with subprocess.Popen(
        command, user=ordinary or None, group=ordinary or None, extra_groups=[] if ordinary else None
    ) as daemon:
        step(place, "process", "true", user=ordinary, url=address(server))
        daemon.kill()
    assert _SlowServer.passwords == [place.canary]
    assert {"watching", "git"} <= found(place) <= {"watching", "git", "memory"}, found(place)


@pytest.mark.parametrize("then", ["true", "kill -9 $PPID; sleep 100"])
def test_a_daemon_of_a_check_does_not_live_to_see_git(
    place: Place, server: ThreadingHTTPServer, ordinary: str, then: str
) -> None:
    """Even on a kernel where the check can kill the process that watches it: then its orphans are ours."""
    script = leaving(watcher(place, server), place, then=then)
    answer = step(place, "process", "bash", "-c", script, user=ordinary, url=address(server), old_kernel=True)
    assert answer["hostile"] is (then != "true")
    assert _SlowServer.passwords == [place.canary]
    assert found(place) == {"watching"}


@needs_root
def test_a_daemon_of_the_account_does_not_live_to_see_git(
    place: Place, server: ThreadingHTTPServer, checks_account: str, starter: str
) -> None:
    script = leaving(watcher(place, server), place, then="kill -9 $PPID")
    answer = step(place, "user", "bash", "-c", script, user=starter, url=address(server))
    assert (answer["kind"], answer["hostile"]) == ("user", False)
    assert _SlowServer.passwords == [place.canary]
    assert found(place) == {"watching"}


def test_a_crash_of_the_step_leaves_no_memory_image(place: Place) -> None:
    assert step(place, "process", "true")["core"] == 0


@pytest.mark.parametrize("isolation", ["process", pytest.param("user", marks=needs_root)])
def test_a_check_has_no_terminal_to_type_into(place: Place, isolation: str, request: pytest.FixtureRequest) -> None:
    if isolation == "user":
        request.getfixturevalue("checks_account")
    attack = "(: </dev/tty) 2>/dev/null && echo typed; test -t 0 || test -t 1 || test -t 2 && echo typed; echo through"
    answer = step(place, isolation, "bash", "-c", attack, on_terminal=True)
    assert answer["output"] == "through\n"


def planted(folder: Path, name: str, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{body}\n")
    (folder / name).chmod(0o755)
    if os.geteuid() == 0:
        for path in (folder, folder / name):
            os.chown(path, 4321, 4321)  # as another account than root planted it
    return folder


def test_programs_that_a_check_could_have_planted_are_not_run(place: Place, server: ThreadingHTTPServer) -> None:
    seen = place.root / "seen"
    body = f'env >>"{seen}"; exit 1'
    folder = planted(place.root / "bin", "git", body)
    for name in ("sudo", "env", "cat", "sh"):
        planted(folder, name, body)
    answer = step(place, "process", "true", path=f"{folder}:{PATH}", url=address(server))
    assert (answer["exit"], _SlowServer.passwords) == (0, [place.canary])
    assert not seen.exists()


def test_a_program_in_a_folder_that_others_write_is_passed_over(place: Place) -> None:
    folder = planted(place.root / "bin", "git", "true")
    assert trusted_program("git", path=f"relative::{folder}") is None
    found_git = trusted_program("git", path=f"{folder}:/usr/bin")
    assert found_git == "/usr/bin/git"


def test_a_link_to_a_program_that_others_write_is_passed_over(place: Place) -> None:
    real = planted(place.root / "real", "git", "true")
    link = place.root / "links"
    link.mkdir()
    (link / "git").symlink_to(real / "git")
    assert trusted_program("git", path=str(link)) is None


@needs_root
@pytest.mark.parametrize(("mode", "owner"), [(0o777, 0), (0o775, 0), (0o755, 4321)])
def test_a_folder_that_others_can_write_makes_all_below_it_untrusted(place: Place, mode: int, owner: int) -> None:
    folder = place.root / "opt"
    (folder / "bin").mkdir(parents=True)
    shutil.copy("/bin/true", folder / "bin" / "git")
    assert trusted_program("git", path=str(folder / "bin")) == str(folder / "bin" / "git")
    folder.chmod(mode)
    os.chown(folder, owner, 4321)
    assert trusted_program("git", path=str(folder / "bin")) is None
