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


def played(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Play worlds in a process of their own: their runs are forked from a server that has to start before any thread."""
    command = [sys.executable, "-m", "benchmarks.worlds", *arguments]
    return subprocess.run(command, cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=False)


@pytest.mark.timeout(600)
def test_the_claim_holds_in_some_worlds() -> None:
    done = played("--seeds", "0:8")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.timeout(600)
def test_a_seed_plays_the_same_each_time() -> None:
    first, second = (played("--seed", "3").stdout for _ in range(2))
    ports = [line for line in first.splitlines() if "127.0.0.1" not in line]
    assert ports == [line for line in second.splitlines() if "127.0.0.1" not in line]
    assert draw(3) == draw(3)


def test_the_readme_states_the_claim() -> None:
    text = " ".join((ROOT / "benchmarks" / "worlds" / "README.md").read_text().split())
    for claim in CLAIM:
        assert f"- `{claim.__name__}`: {' '.join((claim.__doc__ or '').split())}" in text
