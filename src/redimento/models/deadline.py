"""A wall-clock deadline around a call.

Neither SDK has one: both time out single reads, so a body that arrives byte by byte outlives the timeout (measured:
16 s with a timeout of 2 s, in both SDKs).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

_Result = TypeVar("_Result")


def within(seconds: float, call: Callable[[], _Result]) -> _Result:
    """Return what `call` returns or raise what it raises; raise TimeoutError after `seconds`.

    A late call continues in its thread and its result is discarded. The thread is a daemon, so the process can exit.
    """
    ended = threading.Event()
    results: list[_Result] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            results.append(call())
        except BaseException as failure:  # noqa: BLE001 - raised again in the waiting thread
            failures.append(failure)
        finally:
            ended.set()

    threading.Thread(target=work, name="redimento-model-call", daemon=True).start()
    if not ended.wait(seconds):
        raise TimeoutError
    if failures:
        raise failures[0]
    return results[0]
