"""Measure the overhead of one verification: everything except the team's commands.

The commands do nothing, so the time is ours: starting and ending the supervisor, guarding the tree, reading reports,
comparing, rerunning, proving. Run `python benchmarks/verification/overhead.py [files] [isolation]`; `user` needs root and
an account redimento-checks. Prints the medians of seven runs in milliseconds; target: below 1,000.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Literal, cast

from redimento.change.edit import Change, FileChange
from redimento.sandbox.bench import close_workbench, execute, open_workbench
from redimento.settings import CheckCommand, CheckSettings
from redimento.text.redaction import Secrets
from redimento.verification.checks import run_baseline
from redimento.verification.verdict import verify

ROUNDS = 7
REPORT = "".join(
    f'<testcase classname="tests.test_{number % 50}" name="test_{number}" time="0.01"/>' for number in range(2_000)
)


def build(tree: Path, files: int) -> list[str]:
    """Create a git repository with `files` source files of 4 kB, a hundred per folder."""
    paths = [f"src/part_{number // 100}/module_{number}.py" for number in range(files)]
    for path in (*paths, "tests/test_1.py"):
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(f"# {path}\n" + "x = 1\n" * 680)
    (tree / "report.xml").write_text(f"<testsuite>{REPORT}</testsuite>")
    for command in (
        ["git", "init", "-q"],
        ["git", "add", "."],
        ["git", "-c", "user.name=a", "-c", "user.email=a@b.invalid", "commit", "-q", "-m", "begin"],
    ):
        subprocess.run(command, cwd=tree, check=True)
    return [*paths, "tests/test_1.py"]


def median(action: Callable[[], object]) -> tuple[float, float]:
    """Return wall-clock and processor time, children included; only the latter is reliable on a busy machine."""
    took, worked = [], []
    for _ in range(ROUNDS):
        began, before = time.perf_counter(), sum(os.times()[:4])
        action()
        took.append(time.perf_counter() - began)
        worked.append(sum(os.times()[:4]) - before)
    return statistics.median(took) * 1000, statistics.median(worked) * 1000


@contextlib.contextmanager
def substitute(_contents: Mapping[str, bytes | None]) -> Iterator[None]:
    yield


def main() -> None:
    files = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000
    isolation = cast("Literal['process', 'user']", sys.argv[2] if len(sys.argv) > 2 else "process")
    root = Path(tempfile.mkdtemp(prefix="redimento-bench-"))
    root.chmod(0o755)
    tree = root / "tree"
    paths = build(tree, files)
    tested = CheckCommand("tests", "cp report.xml junit.xml", junit="junit.xml")
    plain = CheckCommand("lint", ("true",))
    settings = CheckSettings(commands=(tested, plain), isolation=isolation)
    began = time.perf_counter()
    bench = open_workbench(tree, settings, root / "scratch", secrets=Secrets(("a-planted-secret",)), files=paths)
    opened = (time.perf_counter() - began) * 1000
    before = run_baseline(bench)
    change = Change((
        FileChange("src/part_0/module_1.py", (tree / paths[1]).read_bytes(), b"x = 2\n"),
        FileChange("tests/test_1.py", b"", b"def test_1():\n    assert 1\n\n\ndef test_51():\n    assert 2\n"),
    ))  # fmt: skip
    for file in change.files:
        (tree / file.path).write_bytes(file.after or b"")
    verdict = verify(bench, change, before, substitute=substitute)
    assert len(verdict.proofs) == 2
    rows = [
        ("open the bench, once", (opened, 0.0)),
        ("one command that does nothing", median(lambda: execute(bench, ("true",), timeout_seconds=60))),
        ("baseline of two checks, 2,000 tests", median(lambda: run_baseline(bench))),
        (
            "verify: two checks and one run for proof",
            median(lambda: verify(bench, change, before, substitute=substitute)),
        ),
    ]
    print(f"{files:,} files, {bench.isolation.kind}")
    for name, (clock, processor) in rows:
        print(f"{name:45}{clock:8,.0f} ms" + (f"{processor:8,.0f} ms of processor" if processor else ""))
    close_workbench(bench)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
