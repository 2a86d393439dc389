"""Check that processing foreign text takes linear time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import pytest

FEWEST_RUNS, MOST_RUNS = 2, 10
MOST = 2.6  # linear work doubles; quadratic work quadruples


def assert_linear(action: Callable[[int], Callable[[], object]], size: int) -> None:
    """Compare the processor time of `action(size)()` and `action(2 * size)()`, without that of `action` itself."""
    once, twice = action(size), action(2 * size)
    short = long = math.inf
    for run in range(1, MOST_RUNS + 1):
        # The minimum of alternating runs: a busy machine can only add time.
        short, long = min(short, _seconds(once)), min(long, _seconds(twice))
        if run >= FEWEST_RUNS and long <= MOST * short:
            return
    pytest.fail(f"size {size}: {short:.4f} s, twice the size: {long:.4f} s")


def _seconds(action: Callable[[], object]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began
