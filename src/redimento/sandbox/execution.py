"""Run one foreign command without secrets or inherited resources, and with a time limit. The only place that does."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import selectors
import shlex
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from redimento.sandbox.capture import FLOOD_BYTES, Capture
from redimento.sandbox.isolation import Isolation, warden_command
from redimento.sandbox.programs import SYSTEM_PATH
from redimento.sandbox.warden import Rooms, descendants, kill
from redimento.text.foreign import neutralise
from redimento.text.redaction import NO_SECRETS, Secrets
from redimento.text.wording import Sentence

_GRACE_SECONDS = 60.0  # for the warden to kill what is left (30 at most) and to walk over the tree
_DRAIN_SECONDS = 1.0
_STOP_SECONDS = 0.25  # how often `stop` is polled
_START_SECONDS = 3600.0  # another run may be using the account for checks
_LIMITS = {"CORE": 0, "FSIZE": 8 * 1024**3, "NPROC": 8192}  # NPROC counts all threads of the account
_NOT_FOUND = 127  # the shell's own exit code, POSIX


@dataclass(frozen=True)
class CommandResult:
    """How a command ended. Without an `exit_code` it did not end by itself: see `reason`. `output` is safe to print.

    `hostile`: the process that watches it was killed or stopped. `alive`: how many processes it left that could not be
    ended. `lost`: what of HOME an earlier command changed for good. `exposed`: why it could reach link-local addresses
    although it runs under another account.
    """

    exit_code: int | None
    seconds: float
    output: str
    reason: str = ""
    hostile: bool = False
    alive: int = 0
    lost: tuple[str, ...] = ()
    exposed: str = ""


def run(
    command: str | Sequence[str],
    *,
    folder: Path,
    tree: Path,
    env: Mapping[str, str],
    isolation: Isolation,
    timeout_seconds: float,
    secrets: Secrets = NO_SECRETS,
    stop: threading.Event | None = None,
    rooms: Rooms | None = None,
) -> CommandResult:
    """Run `command` (a list directly, a string with `bash -c`) in `folder` until it ends, times out or `stop` is set.

    `rooms`: how the warden looks after HOME and TMPDIR.
    Everything it started is dead on return, daemons included, even if this process is interrupted or killed. Never
    raises for what the command does.
    """
    if stop is not None and stop.is_set():
        return CommandResult(None, 0.0, "", "stopped: the run has ended")
    argv = ["bash", "-c", command] if isinstance(command, str) else list(command)
    # A command under our own account can kill the warden; its processes are then found by this mark in their environment.
    mark = uuid.uuid4().hex
    order: dict[str, Any] = {
        "argv": argv,
        "cwd": str(folder),
        "env": {**env, "REDIMENTO_CHECK": mark},
        "account": None,
        "rooms": rooms,
        "network": isolation.network,
        "limits": _LIMITS,
    }
    if isolation.kind == "user":
        order["account"] = {
            "uid": isolation.uid,
            "gid": isolation.gid,
            "owner": tree.stat().st_uid,
            "tree": str(tree),
            "private": [env["HOME"], env["TMPDIR"]],
        }
    return _Watch(
        order, isolation, timeout=timeout_seconds, secrets=secrets, mark=mark, stop=stop or threading.Event()
    ).run()


class _Watch:
    """One running command: its output, the warden's reports, and the time limit."""

    def __init__(
        self,
        order: Mapping[str, Any],
        isolation: Isolation,
        *,
        timeout: float,
        secrets: Secrets,
        mark: str,
        stop: threading.Event,
    ) -> None:
        self.order = order
        self.isolation = isolation
        self.timeout = timeout
        self.secrets = secrets
        self.mark = mark
        self.stop = stop
        self.capture = Capture()
        self.reports = bytearray()
        self.started = 0.0
        self.latest = 0.0  # when to stop reading
        self.warden_ended = False
        self.hostile = False
        self.alive = 0
        self.reason = ""
        self.ours = set(descendants(os.getpid()))

    def run(self) -> CommandResult:
        began = time.monotonic()
        warden = subprocess.Popen(  # noqa: S603 - our own script; the foreign command is in its order
            warden_command(self.isolation, sys.executable),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PATH": SYSTEM_PATH},
            start_new_session=True,
        )
        try:
            self._listen(warden)
        finally:
            self._end(warden)
        return self._result(time.monotonic() - (self.started or began))

    def _listen(self, warden: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(BrokenPipeError):
            _pipe(warden.stdin).write(json.dumps(self.order).encode() + b"\n")
            _pipe(warden.stdin).flush()
        self.latest = time.monotonic() + _START_SECONDS
        with selectors.DefaultSelector() as selector:
            for stream in (_pipe(warden.stdout), _pipe(warden.stderr)):
                os.set_blocking(stream.fileno(), False)
                selector.register(stream, selectors.EVENT_READ)
            while selector.get_map() and time.monotonic() < self.latest:
                for key, _ in selector.select(min(self.latest - time.monotonic(), _STOP_SECONDS)):
                    data = os.read(key.fd, 1 << 20)
                    if not data:
                        selector.unregister(key.fileobj)
                    if key.fileobj is warden.stderr:
                        self._read_report(data)
                    else:
                        self.capture.write(data)
                if reason := self._stop_reason():
                    self.reason = reason
                    _close(warden.stdin)  # tells the warden to stop
                    self.latest = time.monotonic() + _GRACE_SECONDS

    def _read_report(self, report: bytes) -> None:
        self.reports += report
        if not report:
            # If the warden was killed, the command may keep writing for ever.
            self.warden_ended = True
            self.latest = min(self.latest, time.monotonic() + _DRAIN_SECONDS)
        elif not self.started and b'"started"' in self.reports:
            self.started = time.monotonic()
            self.latest = self.started + self.timeout

    def _stop_reason(self) -> str:
        if self.reason or self.warden_ended:
            return ""
        if self.stop.is_set():
            return Sentence("command_stopped")
        if self.capture.flooded:
            return Sentence("too_much_output", megabytes=FLOOD_BYTES >> 20)
        if time.monotonic() < self.latest:
            return ""
        if self.started:
            return Sentence("timed_out", seconds=f"{self.timeout:g}")
        return Sentence("not_started_in_time", seconds=f"{_START_SECONDS:g}")

    def _end(self, warden: subprocess.Popen[bytes]) -> None:
        _close(warden.stdin)
        killed = False
        try:
            killed = warden.wait(_GRACE_SECONDS) < 0
        except subprocess.TimeoutExpired:
            with contextlib.suppress(PermissionError):  # sudo runs as root; it ends with its input
                warden.kill()
        report = self._final_report()
        self.alive = report.get("alive", 0)
        if not report:
            # The command may kill the warden before that has reported the start.
            self.hostile = killed or bool(self.started)
            self.alive = self._kill_orphans()
        _close(warden.stdout)
        _close(warden.stderr)

    def _kill_orphans(self) -> int:
        """Kill what a command left whose warden is gone; return how many processes could not be ended.

        Orphans are ours if we are a subreaper (`protect_process`), otherwise they carry our mark in their environment.
        """
        needle = f"REDIMENTO_CHECK={self.mark}".encode()
        return kill(lambda: [*(set(descendants(os.getpid())) - self.ours), *_marked(needle)])[1]

    def _final_report(self) -> dict[str, Any]:
        return next((report for report in reversed(self._all_reports()) if "exit" in report or "error" in report), {})

    def _all_reports(self) -> list[dict[str, Any]]:
        found = []
        for line in bytes(self.reports).splitlines():
            with contextlib.suppress(ValueError):
                report = json.loads(line)
                if isinstance(report, dict):
                    found.append(report)
        return found

    def _result(self, seconds: float) -> CommandResult:
        output = self.capture.text(self.secrets)
        report = self._final_report()
        if left := report.get("left", 0) if not self.reason else 0:
            output += f"\n[{left} processes left running were killed]\n"
        result = CommandResult(None, seconds, output, self.reason, hostile=self.hostile, alive=self.alive)
        if self.reason:
            return result
        if not report:
            report_text = neutralise(bytes(self.reports).decode("utf-8", "replace")).strip()[-500:]
            return replace(result, output=output + report_text, reason=Sentence("supervisor_lost"))
        if "error" in report:
            return replace(result, reason=_start_problem(self.order["argv"], report))
        if number := report["signal"]:
            return replace(result, reason=Sentence("killed_by_signal", signal=_signal_name(number)))
        reason = Sentence("shell_found_no_command") if report["exit"] == _NOT_FOUND else ""
        said = {key: value for each in self._all_reports() for key, value in each.items()}
        lost = tuple(map(str, said.get("lost", ())))
        return replace(
            result, exit_code=report["exit"], reason=reason, lost=lost, exposed=_exposed(said.get("exposed", 0))
        )


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None  # noqa: S101 - Popen was given PIPE for all three
    return stream


def _close(stream: IO[bytes] | None) -> None:
    with contextlib.suppress(BrokenPipeError):
        _pipe(stream).close()


def _start_problem(argv: Sequence[str], report: Mapping[str, Any]) -> str:
    detail = neutralise(str(report.get("detail", "")))
    match report["error"]:
        case "not_found":
            return Sentence("command_not_found", name=shlex.quote(argv[0]), closed=detail)
        case "network":
            return Sentence("network_not_off", why=detail)
        case "account":
            return Sentence("account_in_use", by=detail)
        case error:
            return Sentence("not_started", error=str(error), why=detail)


def _exposed(error: int) -> str:
    """Say why link-local addresses could not be cut off, by the number of the kernel's error; "" if they were."""
    if error in {errno.EPERM, errno.EACCES}:
        return Sentence("no_net_admin")
    return Sentence("routing_rule_refused", why=os.strerror(error)) if error else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _marked(needle: bytes) -> Iterator[int]:
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if folder.name.isdigit() and needle in (folder / "environ").read_bytes():
                yield int(folder.name)
