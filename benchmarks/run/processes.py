"""Measure the cost of a process and its children."""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

_SAMPLE_SECONDS = 0.01
_TREE_SECONDS = 0.5
_PROC = Path("/proc")
_IMPORT = re.compile(r"^import time:\s+(\d+) \|", re.MULTILINE)


@dataclass(frozen=True)
class Cost:
    """Seconds of wall clock and processor (user and system, with ended children), and peaks in MB."""

    wall: float
    processor: float
    own_peak: float
    """Largest resident set of the process itself."""
    child_peak: float
    """Largest resident set of any one child."""
    imports: float
    """Seconds of imports, with -X importtime."""
    output: str = ""


def measure(command: Sequence[str], environment: Mapping[str, str]) -> Cost:
    """Run a command and return its cost. Raises SystemExit if it fails.

    Peaks are the kernel's high-water marks (proc(5), VmHWM), read every 10 ms: the figure of wait4 includes the memory
    of the parent, which a child shares until it calls exec.
    """
    began = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        watched = _Watched(process.pid)
        sampler = threading.Thread(target=watched.sample)
        sampler.start()
        texts: dict[str, str] = {}
        readers = [
            threading.Thread(target=lambda n=name, s=stream: texts.update({n: s.read()}))
            for name, stream in (("out", process.stdout), ("err", process.stderr))
        ]
        for reader in readers:
            reader.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        watched.ended.set()
        for thread in (*readers, sampler):
            thread.join()
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{texts['out']}\n{texts['err']}")
    imports = sum(int(microseconds) for microseconds in _IMPORT.findall(texts["err"])) / 1_000_000
    own, children = watched.own / 1024, watched.children / 1024
    return Cost(wall, usage.ru_utime + usage.ru_stime, own, children, imports, texts["out"])


@dataclass
class _Watched:
    """High-water marks of a process and its descendants, in kB."""

    pid: int
    own: int = 0
    children: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def sample(self) -> None:
        while not self.ended.wait(_SAMPLE_SECONDS):
            self.own = max(self.own, _high_water(self.pid))
            before_exec = _command(self.pid)
            for child in _descendants(self.pid):
                if _command(child) != before_exec:
                    self.children = max(self.children, _high_water(child))


@dataclass
class Tree:
    """What a process and all its descendants take together: seconds of processor, and the largest sum of memory in MB.

    Memory that processes share is counted once (proc(5), Pss). Processor time is that of the living and of the ended that
    they waited for, so it lacks what came after the last sample.
    """

    pid: int
    processor: float = 0.0
    memory: float = 0.0
    ended: threading.Event = field(default_factory=threading.Event)

    def sample(self) -> None:
        while not self.ended.wait(_TREE_SECONDS):
            processes = [self.pid, *_descendants(self.pid)]
            self.processor = max(self.processor, sum(map(_processor, processes)))
            self.memory = max(self.memory, sum(map(_share, processes)) / 1024)


def _processor(pid: int) -> float:
    fields = _read(pid, "stat").rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # utime, stime, cutime, cstime


def _share(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+) kB", _read(pid, "smaps_rollup"), re.MULTILINE)
    return int(found[1]) if found else 0


def _high_water(pid: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", _read(pid, "status"))
    return int(found[1]) if found else 0


def _command(pid: int) -> str:
    return _read(pid, "cmdline")


def _descendants(pid: int) -> Iterator[int]:
    try:
        threads = [entry.name for entry in (_PROC / str(pid) / "task").iterdir()]
    except OSError:
        return
    for thread in threads:
        for child in _read(pid, f"task/{thread}/children").split():
            yield int(child)
            yield from _descendants(int(child))


def _read(pid: int, name: str) -> str:
    """Return a file of a process, "" if it has ended."""
    try:
        return (_PROC / str(pid) / name).read_text()
    except OSError:
        return ""
