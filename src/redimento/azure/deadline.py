"""A wall-clock deadline for a call that may block anywhere: name lookup, handshake, headers, body."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """Return what `call` returns, or raise TimeoutError after `seconds`, wherever it is stuck.

    The timeouts of `requests` are per read: a server that sends one byte now and then blocks a call forever (measured).
    The call runs in a daemon thread, so a stuck call does not keep the process alive.
    """
    outcome: Future[T] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001  # raised again in the waiting thread
            outcome.set_exception(error)

    threading.Thread(target=run, name="azure-call", daemon=True).start()
    return outcome.result(timeout=max(seconds, 0.0))
