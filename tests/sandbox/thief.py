"""A check that tries to steal a canary (canary-<32 hex digits>) and prints where it found it, one place per line.

Arguments: the agent's file, the agent's socket, and the SHA-256 of the canary, as another test may use one of its own at
the same time. Where an attack succeeds that yields no canary by itself, its name is printed the same way. Standard
library only: it runs like a command of the team.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import os
import re
import socket
import subprocess
import sys
import termios
from pathlib import Path

PTRACE_ATTACH, PTRACE_DETACH = 16, 17  # <sys/ptrace.h>
PIDFD_OPEN, PIDFD_GETFD = 434, 438  # the same on every architecture
CANARY = re.compile(rb"canary-[0-9a-f]{32}")


def report(where: str, found: bytes) -> None:
    if any(hashlib.sha256(canary).hexdigest() == sys.argv[3] for canary in set(CANARY.findall(found))):
        sys.stdout.write(f"found in {where}\n")


def environment() -> None:
    report("environment", repr(dict(os.environ)).encode())


def processes() -> None:
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        for name in ("environ", "cmdline", f"task/{folder.name}/environ", "root/proc/self/environ"):
            with contextlib.suppress(OSError):
                report(f"/proc {name.rpartition('/')[2]}", (folder / name).read_bytes())
        with contextlib.suppress(OSError):
            for descriptor in (folder / "fd").iterdir():
                with contextlib.suppress(OSError):
                    report("/proc fd", os.fsencode(descriptor.readlink()))
    for pid in ancestors():
        with contextlib.suppress(OSError):
            memory(Path("/proc", pid))


def ancestors() -> list[str]:
    """Return the processes above this one, including the step; reading the memory of all processes could take minutes."""
    found = []
    pid = str(os.getppid())
    while pid != "0":
        found.append(pid)
        pid = Path("/proc", pid, "stat").read_text(errors="replace").rpartition(")")[2].split()[1]
    return found


def memory(folder: Path) -> None:
    """Search the heap and anonymous memory of one process."""
    with (folder / "mem").open("rb", buffering=0) as source:
        for line in (folder / "maps").read_text().splitlines():
            place, rights, _, _, inode = line.split()[:5]
            if not rights.startswith("rw") or inode != "0":
                continue
            start, end = (int(part, 16) for part in place.split("-"))
            with contextlib.suppress(OSError, ValueError, OverflowError):
                source.seek(start)
                report("/proc mem", source.read(min(end - start, 1 << 26)))


def git() -> None:
    for arguments in (["config", "--list", "--show-origin"], ["remote", "-v"]):
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)
        report("git", done.stdout + done.stderr)
    asked = b"protocol=https\nhost=dev.azure.com\n\n"
    done = subprocess.run(["git", "credential", "fill"], input=asked, capture_output=True, check=False)
    report("git credential", done.stdout)


def files(agents_file: Path) -> None:
    for path in (*Path.home().rglob("*"), *Path(os.environ["TMPDIR"]).rglob("*"), agents_file):
        with contextlib.suppress(OSError):
            report(f"file {path.name}", path.read_bytes())


def agents_socket(path: str) -> None:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(path)
        report("socket", client.recv(100))


def become_root(agents_file: Path) -> None:
    if os.geteuid() == 0:
        return
    with contextlib.suppress(OSError):
        done = subprocess.run(["sudo", "-n", "cat", str(agents_file)], capture_output=True, check=False)
        report("sudo", done.stdout)


def control() -> None:
    """Take control of the processes above this one: the warden, and the step."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for pid in map(int, ancestors()[:2]):
        if libc.ptrace(PTRACE_ATTACH, pid, None, None) == 0:
            os.waitpid(pid, 0)
            libc.ptrace(PTRACE_DETACH, pid, None, None)
            sys.stdout.write("found in ptrace\n")
        handle = libc.syscall(PIDFD_OPEN, pid, 0)
        if any(libc.syscall(PIDFD_GETFD, handle, number, 0) >= 0 for number in range(64)):
            sys.stdout.write("found in descriptor\n")
        with contextlib.suppress(OSError):
            os.kill(pid, 0)
            sys.stdout.write("found in signal\n")


def plant() -> None:
    """Leave something where the step, git or root would run or obey it."""
    places = [*os.environ["PATH"].split(":"), "/usr/local/lib", "/etc", "/etc/ld.so.preload", "/etc/gitconfig"]
    places += [str(Path(entry).parent) for entry in (sys.argv[1], "/proc/self/exe")]
    for place in places:
        if os.access(place, os.W_OK):
            sys.stdout.write("found in writable place\n")


def abstract_socket(name: str) -> None:
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(f"\0{name}")
        report("abstract socket", client.recv(100))


def terminal() -> None:
    """Type into the terminal of the step: TIOCSTI, tty_ioctl(2)."""
    for number in range(3):
        with contextlib.suppress(OSError):
            fcntl.ioctl(number, termios.TIOCSTI, b"x")
            sys.stdout.write("found in terminal\n")
    with contextlib.suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDWR))
        sys.stdout.write("found in terminal\n")


environment()
processes()
git()
files(Path(sys.argv[1]))
agents_socket(sys.argv[2])
abstract_socket(sys.argv[2])
become_root(Path(sys.argv[1]))
control()
plant()
terminal()
sys.stdout.write("thief is through\n")
