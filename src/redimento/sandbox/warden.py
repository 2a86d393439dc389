"""The process between Redimento and one command of the team: starts the command and kills everything it leaves behind.

Runs on its own (`isolation.warden_command`), possibly through sudo, so it uses the standard library only. It reads one
line of JSON (`Order`) from standard input and keeps it open: end of input means "stop", also when Redimento dies. The
command writes to standard output; standard error carries the warden's reports, one JSON object per line:
`{"lost": ["…"]}` if HOME could not be restored, `{"exposed": errno}` if link-local addresses could not be cut off,
`{"started": true}`, then `{"exit": 0, "signal": 0, "left": 2, "alive": 0}` (processes that the command left behind, and
those of them that could not be ended) or `{"error": …, "detail": …}`.

It also looks after HOME and TMPDIR: under `user` they belong to the account, and nobody else may enter them.

Linux makes orphans children of the nearest "subreaper" (prctl(2)), so a daemon that left the session and the process
group is still a descendant of this process.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import resource
import select
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import NoReturn, TypedDict

from redimento.sandbox.confinement import close_domain, leave_network
from redimento.sandbox.files import clear
from redimento.sandbox.leftovers import Place, go_back, load, record, save
from redimento.sandbox.link_local import cut_off

# <linux/prctl.h>, <linux/capability.h>
PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 4, 24, 36, 38
# What root needs to read the memory and environment of other processes, or to break out of its container:
# DAC_READ_SEARCH, SYS_MODULE, SYS_RAWIO, SYS_PTRACE, SYS_ADMIN, PERFMON, BPF, CHECKPOINT_RESTORE.
DROPPED_CAPABILITIES = (2, 16, 17, 19, 21, 38, 39, 40)
KILLING_SECONDS = 30.0  # a killed process ends when it is next scheduled: late on a busy machine
LOCK = "/run/redimento-checks.lock"
# Where every account may write.
PUBLIC_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm", "/dev/mqueue", "/run/lock")  # noqa: S108 - to clean them


class Account(TypedDict):
    """The account that runs the command, and the folders it gets access to."""

    uid: int
    gid: int
    owner: int
    tree: str
    private: list[str]


class Rooms(TypedDict):
    """HOME, TMPDIR and the store that remembers HOME.

    `fresh`: HOME is put back before the command. `remember`: "setup" or "baseline", whose HOME is to be remembered after
    it, or "". `discard`: remove all three after it.
    """

    home: str
    temporary: str
    store: str
    fresh: bool
    remember: str
    discard: bool


class Order(TypedDict):
    argv: list[str]
    cwd: str
    env: dict[str, str]
    account: Account | None
    rooms: Rooms | None
    network: bool
    limits: dict[str, int]


def main() -> int:
    """Carry out one order. Exit status 2 means that none was received."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)  # only the end of input stops the warden, not the group's Ctrl-C
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    order = _read_order()
    if order is None:
        return 2
    account = order["account"]
    if account is None:
        with _prepared(order["rooms"], None):
            _supervise(libc, order, woken)
        return 0
    with _exclusive_account():
        if strangers := _processes_of(account["uid"]):
            # Killing by number is right only for an account that nothing else uses.
            _report(error="account", detail=f"process {strangers[0]} runs under it")
            return 0
        _serve(libc, order, account, woken)
    return 0


def _serve(libc: ctypes.CDLL, order: Order, account: Account, woken: int) -> None:
    if order["network"] and (exposed := cut_off(account["uid"])):
        _report(exposed=exposed)
    with _prepared(order["rooms"], account):
        _grant_access(account)
        try:
            _supervise(libc, order, woken)
        finally:
            kill(lambda: _processes_of(account["uid"]))
            rooms, stopped = order["rooms"], bool(select.select([0], [], [], 0)[0])
            _reclaim(account, last=rooms is None or rooms["discard"] or stopped)
            _clear_public_folders(account["uid"])
            _remove_ipc(libc, account["uid"])


def _read_order() -> Order | None:
    line = bytearray()
    while not line.endswith(b"\n"):
        part = os.read(0, 65536)
        if not part:
            return None
        line += part
    order: Order = json.loads(line)
    return order


def _report(**facts: object) -> None:
    # Redimento may be dead: the processes must be killed anyway.
    with contextlib.suppress(OSError):
        os.write(2, json.dumps(facts).encode() + b"\n")


@contextlib.contextmanager
def _prepared(rooms: Rooms | None, account: Account | None) -> Iterator[None]:
    """Give the command an empty TMPDIR and, if wanted, HOME as it was remembered."""
    if rooms is None:
        yield
        return
    owner = (account["uid"], account["gid"]) if account else None
    place = Place(pathlib.Path(rooms["home"]), pathlib.Path(rooms["store"]), owner=owner)
    for folder in (rooms["temporary"], *([] if os.path.isdir(rooms["home"]) else [rooms["home"]])):  # noqa: PTH112
        clear(pathlib.Path(folder))
        os.mkdir(folder, 0o700)  # noqa: PTH102 - text, as it came
        if owner:
            os.chown(folder, *owner)
    remembered = load(place) if rooms["fresh"] else None
    if remembered is not None:
        returned = go_back(place, remembered)
        if returned.record is not remembered:
            save(place, returned.record)
        if returned.lost:
            _report(lost=returned.lost[:100])
    try:
        yield
    finally:
        if rooms["remember"]:
            save(place, record(place, load(place), late=rooms["remember"] == "baseline"))
        if rooms["discard"]:
            for folder in (rooms["home"], rooms["temporary"], rooms["store"]):
                clear(pathlib.Path(folder))


def _supervise(libc: ctypes.CDLL, order: Order, woken: int) -> None:
    failed, failure = os.pipe()  # close-on-exec: closed without data once the command has started
    child = os.fork()
    if child == 0:
        _become_command(libc, order, failure)
    os.close(failure)
    problem = os.read(failed, 4096)
    if problem:
        os.waitpid(child, 0)
        error, _, detail = problem.decode(errors="replace").partition(":")
        _report(error=error, detail=detail)
        return
    _report(started=True)
    status = _wait(child, woken)
    left, alive = kill(lambda: descendants(os.getpid()))
    _reap()
    if status is None:
        status = 0
    code = os.waitstatus_to_exitcode(status)
    _report(exit=max(code, 0), signal=max(-code, 0), left=left, alive=alive)


def _wait(child: int, woken: int) -> int | None:
    """Return the child's wait status, or None if told to stop before it ended."""
    while True:
        ready, _, _ = select.select([0, woken], [], [], 1.0)
        if woken in ready:
            os.read(woken, 4096)
        for pid, status in _reap():
            if pid == child:
                return status
        if 0 in ready and not os.read(0, 4096):
            return None


def _reap() -> list[tuple[int, int]]:
    ended = []
    with contextlib.suppress(ChildProcessError):
        while (gone := os.waitpid(-1, os.WNOHANG)) != (0, 0):
            ended.append(gone)
    return ended


def _become_command(libc: ctypes.CDLL, order: Order, failure: int) -> NoReturn:
    step = "start"
    try:
        os.setsid()
        signal.set_wakeup_fd(-1)
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(name, signal.SIG_DFL)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.dup2(1, 2)
        os.closerange(3, failure)
        os.closerange(failure + 1, 4096)
        step = "network"
        if not order["network"]:
            leave_network(libc)
        step = "account"
        for capability in DROPPED_CAPABILITIES:
            libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        if account := order["account"]:
            os.umask(0o002)
            os.setgroups([])
            os.setgid(account["gid"])
            os.setuid(account["uid"])
        # From here on, sudo and other set-uid programs grant nothing.
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        close_domain(libc)
        _limit(order["limits"])
        step = "folder"
        os.chdir(order["cwd"])
        step = "start"
        os.execvpe(order["argv"][0], order["argv"], order["env"])  # noqa: S606 - no shell on purpose
    except BaseException as error:  # noqa: BLE001 - a forked child must not return into its parent's code
        problem = _start_problem(order, error) if step == "start" else f"{step}:{error}"
        os.write(failure, problem.encode(errors="replace"))
    os._exit(127)


def _start_problem(order: Order, error: BaseException) -> str:
    """Return why exec failed, as `kind:detail`.

    execvp(3) fails with EACCES if it may not search one of the PATH folders, even if none of them has the command.
    """
    if isinstance(error, FileNotFoundError):
        return "not_found:"
    name = order["argv"][0]
    if not isinstance(error, PermissionError) or "/" in name:
        return f"start:{error}"
    closed = []
    for folder in os.get_exec_path(order["env"]):
        try:
            os.stat(f"{folder}/{name}")  # noqa: PTH116 - text paths, as execvp joins them
            return f"start:{error}"
        except PermissionError:
            closed.append(folder)
        except OSError:
            continue
    return f"not_found:{', '.join(closed)}"


def _limit(limits: dict[str, int]) -> None:
    for name, wanted in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        _, ceiling = resource.getrlimit(kind)
        value = wanted if ceiling == resource.RLIM_INFINITY else min(wanted, ceiling)
        resource.setrlimit(kind, (value, value))


def kill(living: Callable[[], list[int]]) -> tuple[int, int]:
    """Kill processes until `living` names none; return how many were found, and how many could not be ended."""
    seen: set[int] = set()
    latest = time.monotonic() + KILLING_SECONDS
    while (found := living()) and time.monotonic() < latest:
        seen.update(found)
        # Stop them all first: otherwise a process could fork faster than we kill.
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in found:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        time.sleep(0.002)
    return len(seen), len(found)


def descendants(pid: int) -> list[int]:
    """Return the processes below `pid`, zombies excluded."""
    children: dict[int, list[int]] = {}
    for each, (parent, _) in _processes().items():
        children.setdefault(parent, []).append(each)
    below, queue = [], [pid]
    while queue:
        found = children.get(queue.pop(), [])
        below += found
        queue += found
    return below


def _processes_of(uid: int) -> list[int]:
    return [pid for pid, (_, owner) in _processes().items() if owner == uid]


def _processes() -> dict[int, tuple[int, int]]:
    """Return parent and owner of each process, zombies excluded, by process id."""
    found = {}
    for name in os.listdir("/proc"):  # noqa: PTH208 - names only, and called often
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError, IndexError):
            folder = pathlib.Path("/proc", name)
            fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
            if fields[0] not in "ZX":
                found[int(name)] = (int(fields[1]), folder.stat().st_uid)
    return found


@contextlib.contextmanager
def _exclusive_account() -> Iterator[None]:
    """Lock the account: root may change owners in the tree only while no foreign process can swap a path."""
    lock = os.open(LOCK, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _grant_access(account: Account) -> None:
    """Let the account write in the tree, except in `.git`, and give it the files there and its private folders.

    Its group is not enough for files: .NET and Node copy over a build output with fchmod(2), which only its owner may call.
    """
    for folder in account["private"]:
        os.chown(folder, account["uid"], account["gid"], follow_symlinks=False)
    # Only what the tree's owner owns, and no hard links: they may point to a file elsewhere.
    git, group = f"{account['tree']}/.git", str(account["gid"])
    _find(account, "-path", git, "-prune", "-o", "-user", str(account["owner"]), "(",
          "-type", "f", "-links", "1", "-exec", "chown", f"{account['uid']}:{group}", "{}", "+",
          "-o", "-type", "d", "(", "!", "-group", group, "-o", "!", "-perm", "-g+w", ")",
          "-exec", "chgrp", group, "{}", "+", "-exec", "chmod", "g+rwX", "{}", "+", ")")  # fmt: skip


def _reclaim(account: Account, *, last: bool) -> None:
    """Give what the account owns in the tree to the tree's owner.

    Files that all may read stay with the account until the last command: a change of owner makes them look touched.
    """
    kept = () if last else ("(", "!", "-type", "f", "-o", "!", "-perm", "-o+r", ")")
    _find(account, "-user", str(account["uid"]), *kept, "-exec", "chown", "-h", str(account["owner"]), "{}", "+")


def _clear_public_folders(uid: int) -> None:
    """Remove what the account left where everybody may write; nothing else uses that account."""
    for folder in PUBLIC_FOLDERS:
        with contextlib.suppress(OSError):
            _clear_public(folder, uid, os.stat(folder).st_dev)  # noqa: PTH116 - text paths: there may be many


def _clear_public(folder: str, uid: int, device: int) -> None:
    for entry in list(os.scandir(folder)):
        with contextlib.suppress(OSError):
            found = entry.stat(follow_symlinks=False)
            if found.st_uid == uid:
                clear(pathlib.Path(entry.path))
            elif stat.S_ISDIR(found.st_mode) and found.st_mode & stat.S_IWOTH and found.st_dev == device:
                # The homes of other runs are in folders that others may not write, and are not looked at.
                _clear_public(entry.path, uid, device)


def _remove_ipc(libc: ctypes.CDLL, uid: int) -> None:
    """Remove memory, queues and semaphores of System V that the account made: they outlive its processes (sysvipc(7))."""
    remove = {"shm": libc.shmctl, "msg": libc.msgctl, "sem": libc.semctl}
    for kind, control in remove.items():
        with contextlib.suppress(OSError, ValueError):
            names, *rows = map(str.split, pathlib.Path("/proc/sysvipc", kind).read_text().splitlines())
            for row in rows:
                if row[names.index("cuid")] == str(uid):
                    control(int(row[1]), 0, 0)  # IPC_RMID, or for semaphores the number of one and IPC_RMID


def _find(account: Account, *expression: str) -> None:
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C"}
    subprocess.run(  # noqa: S603 - a fixed program, numbers and our own path
        ["/usr/bin/find", account["tree"], "-xdev", *expression], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, check=False,
    )  # fmt: skip
