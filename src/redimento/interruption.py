"""End what takes too long: at a deadline, or at a signal of a person (SIGINT) or the agent (SIGINT, then SIGTERM)."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn, TypeVar

_Result = TypeVar("_Result")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt in the main thread on the first SIGINT or SIGTERM, so that cleanup runs.

    Only once: the agent signals again after some seconds, and a second exception would abort the cleanup.
    """

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        for each in _SIGNALS:
            signal.signal(each, _ignore)
        raise KeyboardInterrupt

    # The kernel may deliver a signal to any thread, but only the main thread runs Python's handlers, and while it waits
    # for a lock it does not wake up (1 of 12 interrupted runs waited for the baseline to end). So a thread wakes it.
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = [signal.signal(each, stop) for each in _SIGNALS]
    earlier = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    waker = threading.Thread(target=_wake_main_thread, args=(reader,), name="interruption", daemon=True)
    waker.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(earlier)
        os.close(writer)  # ends the thread
        waker.join()
        os.close(reader)
        for each, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(each, handler)


def _ignore(_signal: int, _frame: FrameType | None) -> None:
    """Do nothing. Not SIG_IGN: children inherit that, and Python complains if a signal is already pending."""


def _wake_main_thread(reader: int) -> None:
    number = os.read(reader, 1)
    main = threading.main_thread().ident
    if number and main is not None:
        signal.pthread_kill(main, number[0])


def within(seconds: float, call: Callable[[], _Result]) -> _Result:
    """Return what `call` returns or raise what it raises; raise TimeoutError after `seconds`, wherever it is stuck.

    `requests` and both SDKs time out single reads, so a server that sends one byte now and then outlives their timeout
    (measured: 16 s with a timeout of 2 s). A late call continues in its thread, a daemon that lets the process exit, and
    its result is discarded.
    """
    outcome: Future[_Result] = Future()

    def run() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001  raised again in the waiting thread
            outcome.set_exception(error)

    threading.Thread(target=run, name="bounded-call", daemon=True).start()
    return outcome.result(timeout=max(seconds, 0.0))
