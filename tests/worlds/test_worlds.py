"""The simulation: a few of its worlds, its determinism, and a claim that its README states."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.worlds.claim import CLAIM
from benchmarks.worlds.world import draw

ROOT = Path(__file__).parents[2]


def played(program: str) -> subprocess.CompletedProcess[str]:
    """Play worlds in a process of their own: their runs are forked from a server that has to start before any thread."""
    command = [sys.executable, "-c", f"import sys; from benchmarks.worlds.__main__ import main; {program}"]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)


@pytest.mark.timeout(600)
def test_the_claim_holds_in_some_worlds() -> None:
    done = played('sys.exit(main(["--seeds", "42:44"]))')
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(600)
def test_a_seed_plays_the_same_each_time_also_when_its_clocks_jump() -> None:
    said = played('[main(["--seed", "92"]) for _ in range(2)]').stdout
    lines = [line for line in said.splitlines() if "127.0.0.1" not in line]  # the port differs
    first, second = lines[: len(lines) // 2], lines[len(lines) // 2 :]
    assert first == second
    assert draw(92) == draw(92)
    jumps = [line.partition(": ")[2] for line in first if "clocks of all machines" in line]
    assert jumps == [f"the clocks of all machines are wrong by {sign}9,600 hours" for sign in "+-"]


def test_the_readme_states_the_claim() -> None:
    text = " ".join((ROOT / "benchmarks" / "worlds" / "README.md").read_text().split())
    for claim in CLAIM:
        assert f"- `{claim.__name__}`: {' '.join((claim.__doc__ or '').split())}" in text
