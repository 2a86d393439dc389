"""How the time of a parser grows with its input."""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable
from typing import TypeVar

_Input = TypeVar("_Input")
_LINEAR = 3.3  # twice the input takes twice the time, 2.8 beside other work (measured); a quadratic parser takes 4
_ROUNDS = 24


def assert_linear(parse: Callable[[_Input], object], once: _Input, twice: _Input) -> None:
    """Fail unless `parse` takes at most 3.3 times as long for `twice` as for `once`.

    It compares the shortest process times, and measures again while the ratio is too high, so that a busy machine does
    not fail a test.
    """
    shortest = [float("inf"), float("inf")]
    gc.disable()  # a collection in the midst of the work would count; one before each of them took half of the time of a test
    tracing = sys.gettrace()
    sys.settrace(None)  # coverage costs more time than the work
    try:
        for _ in range(_ROUNDS):
            for index, text in enumerate((once, twice)):
                shortest[index] = min(shortest[index], _seconds(parse, text))
            if shortest[1] <= _LINEAR * shortest[0]:
                return
    finally:
        sys.settrace(tracing)
        gc.enable()
    raise AssertionError(f"{shortest[0]:.4f} s for the input, {shortest[1]:.4f} s for twice as much")


def assert_linear_in(function: Callable[[_Input], object], make: Callable[[int], _Input], size: int) -> None:
    """Fail unless `function` takes at most 3.3 times as long for `make(2 * size)` as for `make(size)`.

    Keep `size` small: what leaves the processor's cache looks worse than linear on a busy machine (3.2 for 60,000 lines).
    """
    assert_linear(function, make(size), make(2 * size))


def run(action: Callable[[], object]) -> object:
    """Call `action`: the function to measure where only a part of the work counts."""
    return action()


def _seconds(parse: Callable[[_Input], object], text: _Input) -> float:
    started = time.process_time()
    parse(text)
    return time.process_time() - started
