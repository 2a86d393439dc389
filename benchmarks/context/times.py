"""Time one `select` of 50,000 tokens, cold, each in a process of its own and without imports.

    PYTHONPATH=src:benchmarks/context:../shared/bench python benchmarks/context/times.py 40
    PYTHONPATH=src:benchmarks/context:../shared/bench python benchmarks/context/times.py FOLDER ISSUE

A number takes so many cases of the development set but C#, chosen by the hash of their names; a folder is timed as it is.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path

import checkout
from callables import Folder

from redimento.context.select import select
from redimento.settings import ContextSettings

Row = tuple[float, float, int]


def timed(folder: str, text: str) -> Row:
    """Return wall and processor seconds and peak megabytes of one choice."""
    wall, processor = time.perf_counter(), time.process_time()
    select(Folder(folder), text, settings=ContextSettings(), budget=50_000)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return time.perf_counter() - wall, time.process_time() - processor, peak


def cases(count: int) -> list[Row]:
    """Return the rows of `count` cases; a forked process for each has the imports, and nothing else of the one before."""
    known = [case for case in checkout.load(("dev",)) if case["set"] != "csharp"]
    chosen = sorted(known, key=lambda case: hashlib.sha256(case["id"].encode()).hexdigest())[:count]
    rows: list[Row] = []
    for case in chosen:
        with (
            tempfile.TemporaryDirectory() as tree,
            multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool,
        ):
            checkout.materialise(case["mirror"], case["base_commit"], tree)
            text = f"{case['problem_statement']}\n\n{case.get('acceptance_criteria') or ''}"
            rows.append(pool.apply(timed, (tree, text)))
    return rows


def main(arguments: list[str]) -> None:
    """Print median and 95th percentile of cases, or the figures of one folder."""
    if len(arguments) == 2:
        wall, processor, peak = timed(arguments[0], Path(arguments[1]).read_text("utf-8"))
        print(f"wall {wall:.2f} s, processor {processor:.2f} s, peak {peak} MB")
        return
    columns = list(zip(*cases(int(arguments[0])), strict=True))
    for name, values in zip(("wall s", "processor s", "peak MB"), columns, strict=True):
        print(f"{name}: median {statistics.median(values):.2f}, p95 {statistics.quantiles(values, n=20)[-1]:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
