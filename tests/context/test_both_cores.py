from __future__ import annotations

import multiprocessing
import subprocess
import sys

import pytest

from redimento.context.both_cores import halved, in_two

# In a separate process: the test runner has threads, and with threads nothing is forked.
SCRIPT = """
import os
from redimento.context.both_cores import in_two

def work(part):
    if part == "killed" and os.getpid() != PARENT:
        os.kill(os.getpid(), 9)
    if part == "odd":
        raise ValueError(part)
    return part * 2, os.getpid() == PARENT

PARENT = os.getpid()
{call}
try:
    os.wait()
except ChildProcessError:
    print("no child is left")
"""


def alone(call: str) -> list[str]:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT.format(call=call)], capture_output=True, check=True, timeout=60
    )
    assert run.stderr == b""
    return run.stdout.decode().split("\n")[:-1]


def test_both_halves_come_back_in_order() -> None:
    assert alone("print([done for done, _ in in_two(work, 'a', 'b' * 500_000)] == ['aa', 'b' * 1_000_000])") == [
        "True",
        "no child is left",
    ]


def test_the_half_of_a_killed_process_is_repeated_here() -> None:
    assert alone("print(in_two(work, 'a', 'killed')[1])") == ["('killedkilled', True)", "no child is left"]


@pytest.mark.parametrize("halves", ["'a', 'odd'", "'odd', 'a'"])
def test_an_error_of_either_half_is_raised_here(halves: str) -> None:
    call = f"try:\n    in_two(work, {halves})\nexcept ValueError as error:\n    print(error)"
    assert alone(call) == ["odd", "no child is left"]


def test_with_other_threads_both_halves_are_done_here() -> None:
    assert in_two(len, "a", "bc") == (1, 2)
    call = (
        "import threading\nend = threading.Event()\nthreading.Thread(target=end.wait).start()\n"
        "print(in_two(work, 'a', 'b'))\nend.set()"
    )
    assert alone(call) == ["(('aa', True), ('bb', True))", "no child is left"]


def _halves_in_a_worker(numbers: list[int]) -> tuple[int, int]:
    return in_two(sum, numbers, numbers)


def test_a_pool_worker_which_may_not_have_children_does_both_halves_itself() -> None:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        assert pool.apply(_halves_in_a_worker, ([1, 2],)) == (3, 3)


def test_an_item_as_heavy_as_all_others_is_a_half() -> None:
    assert halved([1, 2, 9, 3, 2], lambda number: number) == ([9], [3, 2, 2, 1])
    assert halved([], len) == ([], [])
