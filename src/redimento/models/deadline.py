"""A wall-clock deadline around a call.

Neither SDK has one: both bound each read, so that a body dripping in byte by byte outlives the timeout (measured: 16 s
under a timeout of 2 s, with both SDKs).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


def within(seconds: float, call: Callable[[], _Result]) -> _Result:
    """Return what `call` returns, or raise what it raises, but not later than in `seconds`: then raise TimeoutError.

    A call that is late goes on in its thread, and its result is thrown away. The thread is a daemon: it does not keep
    the process from ending.
    """
    ended = threading.Event()
    results: list[_Result] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as failure:  # noqa: BLE001 - raised again in the thread that waits
            failures.append(failure)
        finally:
            ended.set()

    threading.Thread(target=work, name="redimento-model-call", daemon=True).start()
    if not ended.wait(seconds):
        raise TimeoutError
    if failures:
        raise failures[0]
    return results[0]
