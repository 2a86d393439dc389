"""Show that the time for foreign text grows with its length and no faster."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import pytest

FEWEST_RUNS, MOST_RUNS = 2, 10
MOST = 2.6  # linear work doubles; quadratic work quadruples


def assert_linear(action: Callable[[int], Callable[[], object]], size: int) -> None:
    """Compare the processor time of `action(size)()` with that of twice the size; preparing it does not count."""
    once, twice = action(size), action(2 * size)
    short = long = math.inf
    for run in range(1, MOST_RUNS + 1):
        # In turns, and the least of several: a busy machine only ever adds.
        short, long = min(short, _seconds(once)), min(long, _seconds(twice))
        if run >= FEWEST_RUNS and long <= MOST * short:
            return
    pytest.fail(f"{size} took {short:.4f} s, twice as much {long:.4f} s")


def _seconds(action: Callable[[], object]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began
