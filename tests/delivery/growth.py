"""How the time of a function grows with its input."""

from __future__ import annotations

import gc
from collections.abc import Callable
from time import process_time
from typing import TypeVar

_Input = TypeVar("_Input")
_FEWEST, _MOST = 3, 60  # runs of each size

LINEAR = 2.6  # twice the input takes 2 times as long, at the square 4 times


def growth(function: Callable[[_Input], object], make: Callable[[int], _Input], size: int) -> float:
    """Return how many times longer twice the input takes.

    Noise only ever adds time, so the fastest of several runs counts, and a bad figure is measured again. Keep `size`
    small: what leaves the processor's cache looks worse than linear on a busy machine (3.2 for 60,000 lines).
    """
    once, twice = make(size), make(2 * size)
    fastest_once = fastest_twice = float("inf")
    gc.disable()  # a collection would hit either size at random
    try:
        for run in range(_MOST):
            fastest_once = min(fastest_once, _seconds(function, once))
            fastest_twice = min(fastest_twice, _seconds(function, twice))
            if run >= _FEWEST - 1 and fastest_twice <= LINEAR * fastest_once:
                break
    finally:
        gc.enable()
    return fastest_twice / fastest_once


def _seconds(function: Callable[[_Input], object], given: _Input) -> float:
    started = process_time()
    function(given)
    return process_time() - started
