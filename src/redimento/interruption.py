"""The wish to stop, from a person (SIGINT) or from the agent (SIGINT, then SIGTERM): one KeyboardInterrupt."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import NoReturn

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise KeyboardInterrupt in the main thread at the first of both signals, so that tree and claim are put back.

    Once: the agent asks again after seconds, and a second exception would end what puts things back.
    """

    def stop(_signal: int, _frame: FrameType | None) -> NoReturn:
        for each in _SIGNALS:
            signal.signal(each, _pass_over)
        raise KeyboardInterrupt

    # A signal wakes whichever thread the kernel likes, but only the main one runs Python's handlers: waiting for a lock,
    # it slept on (1 of 12 interrupted runs waited for their baseline to end). So a thread that hears of it wakes it.
    hearing, telling = os.pipe()
    os.set_blocking(telling, False)
    before = [signal.signal(each, stop) for each in _SIGNALS]
    earlier = signal.set_wakeup_fd(telling, warn_on_full_buffer=False)
    waker = threading.Thread(target=_wake_main_thread, args=(hearing,), name="interruption", daemon=True)
    waker.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(earlier)
        os.close(telling)  # which ends the thread as well
        waker.join()
        os.close(hearing)
        for each, handler in zip(_SIGNALS, before, strict=True):
            signal.signal(each, handler)


def _pass_over(_signal: int, _frame: FrameType | None) -> None:
    """Stand for SIG_IGN, about which Python complains when a signal is on its way already, and which children inherit."""


def _wake_main_thread(hearing: int) -> None:
    heard = os.read(hearing, 1)
    main = threading.main_thread().ident
    if heard and main is not None:
        signal.pthread_kill(main, heard[0])
