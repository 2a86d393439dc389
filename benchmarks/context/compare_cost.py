"""Compare time and memory of `redimento context` with aider's repository map, repomix and gitingest on the same trees.

    PYTHONPATH=../shared/bench python benchmarks/context/trees.py FOLDER
    python benchmarks/context/compare_cost.py FOLDER/flask FOLDER/django FOLDER/ansible FOLDER/linux FOLDER/linux-debian \
        --peers PREFIX --repomix COMMAND

PREFIX is a virtual environment with aider, gitingest and numpy; COMMAND is repomix. The README says how to install them.

"command" is the whole command as typed in a shell, with start and imports; "function" is one call in a process that has
already imported everything. The tools run one after the other, each in a new process with an empty home, after all files of
the tree were read once. A tool that exceeds a limit is killed; seconds and peak are those until then. Peak memory is the sum
of the resident sets of the process and its descendants, sampled every 20 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BENCH = HERE.parents[2] / "shared" / "bench"
BUDGET = 50_000  # tokens
GIGABYTE = 2**30
LOOK = 0.02  # seconds
PAGE = os.sysconf("SC_PAGE_SIZE")
_QUIET_AIDER = (
    *("--yes-always", "--no-pretty", "--no-gitignore", "--no-check-update", "--no-show-release-notes", "--no-stream"),
    *("--no-show-model-warnings", "--analytics-disable", "--no-analytics", "--no-auto-commits", "--no-dirty-commits"),
)


@dataclass(frozen=True)
class Limits:
    """Limits for one tool: seconds, and bytes of memory of all its processes together."""

    seconds: float
    memory: int


@dataclass(frozen=True)
class Tool:
    """A command line, where it runs, and how to count the files in its output."""

    name: str
    command: tuple[str, ...]
    folder: Path
    files: Callable[[str], int]
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Run:
    """The cost of one run (seconds, bytes) and its files; `failure` is empty if it finished."""

    wall: float
    processor: float
    peak: int
    files: int
    failure: str


def tools(tree: Path, item: Path, scratch: Path, peers: Path, repomix: str) -> list[Tool]:
    """Return every tool on one tree; ours twice, the second time with the cache of the first."""
    home = {"PATH": os.environ["PATH"], "HOME": str(scratch), "XDG_CACHE_HOME": str(scratch / "cache")}
    modules = {**home, "PYTHONPATH": f"{HERE}:{BENCH}"}
    offline = {**home, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENAI_API_KEY": "none"}
    choose = (sys.executable, "-m", "redimento", "context", "--json", "--budget", str(BUDGET))
    ours = (*choose, "--repo", str(tree), "--work-item-file", str(item))
    call = (str(HERE / "one_call.py"),)
    case = (str(tree), str(item))
    theirs = str(peers / "bin" / "python")
    aider = (
        str(peers / "bin" / "aider"),
        "--show-repo-map",
        "--map-tokens",
        "1024",
        "--model",
        "gpt-4o",
        *_QUIET_AIDER,
    )
    histories = ("--chat-history-file", str(scratch / "chat"), "--input-history-file", str(scratch / "input"))
    return [
        Tool("redimento context, command, cold", ours, scratch, _ours, home),
        Tool("redimento context, command, warm", ours, scratch, _ours, home),
        Tool("aider --show-repo-map, command", (*aider, *histories), tree, _mapped, offline),
        Tool("repomix, command", (repomix, str(tree), "-o", str(scratch / "r.xml")), scratch, _packed, home),
        Tool(
            "gitingest, command",
            (str(peers / "bin" / "gitingest"), str(tree), "-o", str(scratch / "g.txt")),
            scratch,
            _ingested,
            home,
        ),
        Tool(
            "redimento, function, cold",
            (sys.executable, *call, "callables:redimento", *case),
            scratch,
            _called,
            modules,
        ),
        Tool("aider's map, function", (theirs, *call, "baselines:aider", *case), scratch, _called, modules),
    ]


def _ours(output: str) -> int:
    return len({file["path"] for file in json.loads(output)["files"]})


def _mapped(output: str) -> int:
    """Count the headings of aider's map: lines that are a path with a colon."""
    return len(re.findall(r"^\S.*:$", output, re.MULTILINE))


def _packed(output: str) -> int:
    found = re.search(r"Total Files: ([\d,]+)", output)
    return int(found[1].replace(",", "")) if found else 0


def _ingested(output: str) -> int:
    found = re.search(r"Files analyzed: (\d+)", output)
    return int(found[1]) if found else 0


def _called(output: str) -> int:
    return int(_timed(output)["files"])


def _timed(output: str) -> dict[str, float]:
    """Return the last line, which `one_call.py` printed: a ranker may print before it."""
    return dict(json.loads(output.splitlines()[-1]))


def run(tool: Tool, limits: Limits) -> Run:
    """Run a tool until it finishes or exceeds a limit."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            tool.command,
            cwd=tool.folder,
            env=tool.environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=errors,
            start_new_session=True,
        )
        try:
            peak, failure = _watch(process.pid, limits)
        except BaseException:  # an interruption: nothing may keep running and write into the tree
            os.killpg(process.pid, signal.SIGKILL)
            raise
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        output, complaint = out.read().decode(errors="replace"), errors.read().decode(errors="replace")
    cost = (wall, usage.ru_utime + usage.ru_stime, max(peak, usage.ru_maxrss * 1024))
    if failure:
        return Run(*cost, 0, failure)
    if process.returncode:
        return Run(*cost, 0, f"exit {process.returncode}: {_reason(output + complaint)}")
    if tool.files is _called:  # its own clock excludes the imports
        inside = _timed(output)
        cost = (inside["wall"], inside["processor"], cost[2])
    files = tool.files(output)
    return Run(*cost, files, "" if files else "succeeds, with no file in its answer")


def _watch(process: int, limits: Limits) -> tuple[int, str]:
    """Wait until a process ends or exceeds a limit; return the peak in bytes, and the limit."""
    peak, end = 0, time.monotonic() + limits.seconds
    while os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        peak = max(peak, _resident(process))
        late = time.monotonic() > end
        if late or peak > limits.memory:
            os.killpg(process, signal.SIGKILL)
            return peak, f"over {limits.seconds:.0f} s" if late else f"over {limits.memory // GIGABYTE} GB"
        time.sleep(LOOK)
    return peak, ""


def _reason(text: str) -> str:
    """Return the line that says what went wrong: the last that begins with a cross, or else the last."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    crossed = [line for line in lines if line.startswith("✖")]
    return (crossed or lines or ["no output"])[-1].removeprefix("✖ ")


def _resident(process: int) -> int:
    """Return the resident bytes of a process and its descendants."""
    try:
        own = int(Path("/proc", str(process), "statm").read_text().split()[1]) * PAGE
        threads = [thread / "children" for thread in Path("/proc", str(process), "task").iterdir()]
    except (OSError, IndexError):
        return 0
    return own + sum(_resident(child) for thread in threads for child in _children(thread))


def _children(listed: Path) -> list[int]:
    try:
        return [int(child) for child in listed.read_text().split()]
    except OSError:  # the thread has ended
        return []


def compare(tree: Path, only: str, peers: Path, repomix: str, limits: Limits) -> None:
    """Print the rows of one tree, and how many times faster than aider ours is."""
    _forget_aider(tree)
    count = _read_through(tree)
    costs: dict[str, Run] = {}
    with tempfile.TemporaryDirectory() as scratch:
        item = tree.with_name(f"{tree.name}.md")
        for tool in tools(tree, item, Path(scratch), peers, repomix):
            if re.search(only, tool.name):
                _forget_aider(tree)
                costs[tool.name] = run(tool, limits)
                print(_row(f"{tree.name} ({count:,} files)", tool.name, costs[tool.name]), flush=True)
    _forget_aider(tree)
    for kind, ours, theirs in (
        ("command", "redimento context, command, cold", "aider --show-repo-map, command"),
        ("function", "redimento, function, cold", "aider's map, function"),
    ):
        if ours in costs and theirs in costs:
            wall = costs[theirs].wall / costs[ours].wall
            processor = costs[theirs].processor / costs[ours].processor
            least = "at least " if costs[theirs].failure else ""
            line = f"{tree.name}, {kind}: aider takes {least}{wall:.1f} times as long, and {processor:.1f} times the processor"
            print(line, file=sys.stderr, flush=True)


def _read_through(tree: Path) -> int:
    """Read every file once, so that no tool pays for the disk; return their number."""
    count = 0
    for place, folders, names in os.walk(tree):
        folders[:] = [name for name in folders if name != ".git"]
        for path in (Path(place, name) for name in names):
            if not path.is_symlink():
                path.read_bytes()
                count += 1
    return count


def _forget_aider(tree: Path) -> None:
    """Remove the cache that aider keeps in the tree, so that it starts cold."""
    for cache in tree.glob(".aider*"):
        if cache.is_dir():
            shutil.rmtree(cache)
        else:
            cache.unlink()


def _row(tree: str, tool: str, cost: Run) -> str:
    figures = f"{cost.wall:.1f} s | {cost.processor:.1f} s | {cost.peak / 2**20:,.0f} MB"
    return f"| {tree} | {tool} | {figures} | {cost.failure or f'{cost.files:,}'} |"


def main() -> None:
    """Print one table over all trees."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", type=Path)
    parser.add_argument("--peers", type=Path, required=True, help="virtual environment with aider and gitingest")
    parser.add_argument("--repomix", default="repomix")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--gigabytes", type=int, default=16)
    parser.add_argument("--only", default="", help="a regular expression for the names of the tools")
    options = parser.parse_args()
    limits = Limits(options.seconds, options.gigabytes * GIGABYTE)
    print(
        "| tree | tool | wall | processor | peak memory | files in its answer |\n|---|---|---|---|---|---|", flush=True
    )
    for tree in options.trees:
        compare(tree.absolute(), options.only, options.peers.absolute(), options.repomix, limits)


if __name__ == "__main__":
    main()
