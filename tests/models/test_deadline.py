"""A wall-clock deadline for any call."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from redimento.interruption import within


def test_result_and_failure_pass_through() -> None:
    assert within(600, lambda: 5) == 5
    with pytest.raises(ZeroDivisionError):
        within(600, lambda: 1 // 0)


def test_late_call_raises_a_timeout() -> None:
    released = threading.Event()
    with pytest.raises(TimeoutError):
        within(0.01, lambda: released.wait(60))
    released.set()


def test_no_time_left_raises_a_timeout() -> None:
    released = threading.Event()
    for seconds in (0.0, -1.0):
        with pytest.raises(TimeoutError):
            within(seconds, lambda: released.wait(60))
    released.set()


def test_late_call_does_not_keep_the_process_alive() -> None:
    program = (
        "import time\n"
        "from redimento.interruption import within\n"
        "try:\n"
        "    within(0.01, lambda: time.sleep(600))\n"
        "except TimeoutError:\n"
        "    print('late')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=100)
    assert ended.stdout == "late\n"
