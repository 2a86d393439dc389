"""Time one `select` of 50,000 tokens: cold, each in a new process and without imports, or warm on a git checkout.

    PYTHONPATH=src:benchmarks/context:../shared/bench python benchmarks/context/times.py 40
    PYTHONPATH=src:benchmarks/context:../shared/bench python benchmarks/context/times.py FOLDER ISSUE
    PYTHONPATH=src:benchmarks/context:../shared/bench python benchmarks/context/times.py --warm CHECKOUT ISSUE

A number selects that many cases of the development set without C#, by the hash of their names: cold as plain folders, then
warm as git checkouts with their history. A folder is timed as it is.
`--warm` fills a cache, then times five more runs, in one process and as the whole command `redimento context`.
Processor seconds are those of all processes. Memory is the sum of the peaks of the process and of its largest child: an
upper bound, since the two share what existed at the fork and need not peak at the same time.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import checkout
from callables import Folder

from redimento.commands.opening import open_tree
from redimento.context.select import select
from redimento.context.tree import Tree
from redimento.settings import ContextSettings

BUDGET = 50_000
WARM_RUNS = 5


@dataclass(frozen=True)
class Row:
    """Seconds and peak megabytes of one choice; `own`: the processor seconds of the process itself."""

    wall: float
    processor: float
    own: float
    peak: float


def timed(open_it: Callable[[], Tree], text: str, cache: Path | None = None) -> Row:
    """Measure opening a tree and choosing from it."""
    wall, processor, own = time.perf_counter(), _processor_seconds(), time.process_time()
    select(open_it(), text, settings=ContextSettings(), budget=BUDGET, cache=cache)
    return Row(time.perf_counter() - wall, _processor_seconds() - processor, time.process_time() - own, _peak())


def _usages() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def _processor_seconds() -> float:
    return sum(usage.ru_utime + usage.ru_stime for usage in _usages())


def _peak() -> float:
    return sum(usage.ru_maxrss for usage in _usages()) / 1024


def apart(open_it: Callable[[], Tree], text: str, cache: Path | None = None) -> Row:
    """Measure the same in a forked process, which has the imports and no other state."""
    # Not a pool: its workers must not have children, and `select` would do without its second process.
    context = multiprocessing.get_context("fork")
    rows = context.SimpleQueue()
    process = context.Process(target=lambda: rows.put(timed(open_it, text, cache)))
    process.start()
    row: Row = rows.get()
    process.join()
    return row


def cases(count: int) -> tuple[list[Row], list[Row]]:
    """Measure `count` cases, cold and warm."""
    known = [case for case in checkout.load(("dev",)) if case["set"] != "csharp"]
    chosen = sorted(known, key=lambda case: hashlib.sha256(case["id"].encode()).hexdigest())[:count]
    cold: list[Row] = []
    again: list[Row] = []
    for case in chosen:
        text = f"{case['problem_statement']}\n\n{case.get('acceptance_criteria') or ''}"
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as kept:
            tree, cache = f"{folder}/tree", Path(kept)
            checkout.materialise(case["mirror"], case["base_commit"], tree)
            cold.append(apart(partial(Folder, tree), text))
            checkout.materialise(case["mirror"], case["base_commit"], tree, git=True)
            apart(partial(open_tree, Path(tree)), text, cache)
            again.append(apart(partial(open_tree, Path(tree)), text, cache))
    return cold, again


def warm(repository: Path, issue: Path) -> None:
    """Print the cost of a first and of later runs on a checkout, in one process and as a whole command."""
    text = issue.read_text("utf-8")
    with tempfile.TemporaryDirectory() as cache:
        timed(lambda: open_tree(repository), text, Path(cache))
        show(
            "warm, in one process", [timed(lambda: open_tree(repository), text, Path(cache)) for _ in range(WARM_RUNS)]
        )
    with tempfile.TemporaryDirectory() as cache:
        show("cold, whole command", [_command(repository, issue, cache)])
        show("warm, whole command", [_command(repository, issue, cache) for _ in range(WARM_RUNS)])


def _command(repository: Path, issue: Path, cache: str) -> Row:
    command = [sys.executable, "-m", "redimento", "context", "--json", "--budget", str(BUDGET)]
    wall = time.perf_counter()
    process = subprocess.Popen(
        [*command, "--repo", str(repository), "--work-item-file", str(issue)],
        env=os.environ | {"XDG_CACHE_HOME": cache},
        stdout=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    processor = usage.ru_utime + usage.ru_stime
    # The kernel reports only the peak of the largest process; the second one of a cold run is about as large.
    return Row(time.perf_counter() - wall, processor, processor, usage.ru_maxrss / 1024)


def show(name: str, rows: Sequence[Row]) -> None:
    """Print the median of each figure, and the 95th percentile of twenty rows or more."""
    parts = []
    for label, values in (
        ("wall s", [row.wall for row in rows]),
        ("processor s", [row.processor for row in rows]),
        ("of the process itself", [row.own for row in rows]),
        ("peak MB", [row.peak for row in rows]),
    ):
        tail = f", p95 {statistics.quantiles(values, n=20)[-1]:.2f}" if len(values) >= 20 else ""
        parts.append(f"{label} {statistics.median(values):.2f}{tail}")
    print(f"{name}: {'; '.join(parts)}")


def main(arguments: list[str]) -> None:
    """Time cases, a folder, or runs on a checkout."""
    if arguments[0] == "--warm":
        warm(Path(arguments[1]), Path(arguments[2]))
    elif len(arguments) == 2:
        show("cold, one folder", [timed(lambda: Folder(arguments[0]), Path(arguments[1]).read_text("utf-8"))])
    else:
        for name, rows in zip(("cold", "warm"), cases(int(arguments[0])), strict=True):
            show(f"{name}, {arguments[0]} cases", rows)


if __name__ == "__main__":
    main(sys.argv[1:])
