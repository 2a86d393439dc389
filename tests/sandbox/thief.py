"""A check that tries to steal a canary (canary-<32 hex digits>) and prints where it found it, one place per line.

Arguments: the agent's file, the agent's socket, and the SHA-256 of the canary, as another test may use one of its own at
the same time. Standard library only: it runs like a command of the team.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

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
        for name in ("environ", "cmdline"):
            with contextlib.suppress(OSError):
                report(f"/proc {name}", (folder / name).read_bytes())
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


environment()
processes()
git()
files(Path(sys.argv[1]))
agents_socket(sys.argv[2])
become_root(Path(sys.argv[1]))
sys.stdout.write("thief is through\n")
