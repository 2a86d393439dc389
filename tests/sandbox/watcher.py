"""A daemon that waits for git to talk to the server and looks for a canary in all that /proc shows of it.

Arguments: the file that takes what was found, one place per line ("watching" first, and "git" when it was seen), the
SHA-256 of the canary, and the address of the server.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import sys
import time
from pathlib import Path

CANARY = re.compile(rb"canary-[0-9a-f]{32}")
loot = Path(sys.argv[1])
server = sys.argv[3].encode()
seen: set[str] = set()


def say(line: str) -> None:
    if line not in seen:
        seen.add(line)
        with loot.open("a") as file:
            file.write(f"{line}\n")


def look(where: str, found: bytes) -> None:
    if any(hashlib.sha256(canary).hexdigest() == sys.argv[2] for canary in set(CANARY.findall(found))):
        say(where)


def memory(folder: Path) -> None:
    with (folder / "mem").open("rb", buffering=0) as source:
        for line in (folder / "maps").read_text().splitlines():
            place, rights, _, _, inode = line.split()[:5]
            start, end = (int(part, 16) for part in place.split("-"))
            if rights.startswith("rw") and inode == "0":
                with contextlib.suppress(OSError, ValueError, OverflowError):
                    source.seek(start)
                    look("memory", source.read(min(end - start, 1 << 24)))


def descriptors(folder: Path) -> None:
    for link in (folder / "fd").iterdir():
        with contextlib.suppress(OSError):
            if str(link.readlink()).startswith("pipe:"):
                continue  # git would wait for ever for what we take; the token is in none
            descriptor = os.open(link, os.O_RDONLY | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb", buffering=0) as file:
                look("descriptor", file.read(1 << 16) or b"")


say("watching")
latest = time.monotonic() + 30
while time.monotonic() < latest:
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes()
            if server in line and (b"/git\0" in line or b"git-remote" in line):
                say("git")
                look("command line", line)
                look("environment", (folder / "environ").read_bytes())
                descriptors(folder)
                memory(folder)
