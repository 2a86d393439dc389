"""Two halves of a work at once: the second in a process of its own, where that is safe."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

Item = TypeVar("Item")
Part = TypeVar("Part")
Done = TypeVar("Done")

_THREADS: Final = Path("/proc/self/task")
_LARGEST: Final = 140_000  # kilobytes: two processes of more would pass 300 MB together


def in_two(work: Callable[[Part], Done], first: Part, second: Part) -> tuple[Done, Done]:
    """Return `work(first)` and `work(second)`, done at once where there are two cores, no other threads and memory for both.

    Threads would not help: counting and parsing hold the interpreter's lock. What `work` changes in memory may be lost.
    """
    if not _may_fork():
        return work(first), work(second)
    from multiprocessing import current_process, get_context  # noqa: PLC0415  small works do without it

    if current_process().daemon:  # the worker of a pool, which may have no children
        return work(first), work(second)
    fork = get_context("fork")
    receiving, sending = fork.Pipe(duplex=False)
    child = fork.Process(target=_send, args=(work, second, sending), daemon=True)
    child.start()
    sending.close()  # the child has its own: when that one goes, so that reading ends
    try:
        own = work(first)
        try:
            return own, receiving.recv()
        except EOFError:  # the child was killed, or met an error: here it comes up again where it can be told
            return own, work(second)
    finally:
        receiving.close()
        child.kill()
        child.join()


def halved(items: Iterable[Item], weight: Callable[[Item], int]) -> tuple[list[Item], list[Item]]:
    """Share out `items` so that both halves weigh about the same: one may weigh as much as all others together."""
    halves: tuple[list[Item], list[Item]] = ([], [])
    weights = [0, 0]
    for item in sorted(items, key=weight, reverse=True):
        lighter = int(weights[1] < weights[0])
        halves[lighter].append(item)
        weights[lighter] += weight(item)
    return halves


def _may_fork() -> bool:
    """Tell whether a fork is safe and pays: a lock that another thread holds would stay locked in the child."""
    try:
        return (
            len(os.sched_getaffinity(0)) > 1
            and len(list(_THREADS.iterdir())) == 1
            and resource.getrusage(resource.RUSAGE_SELF).ru_maxrss <= _LARGEST
        )
    except (AttributeError, OSError):  # no Linux
        return False


def _send(work: Callable[[Part], Done], part: Part, sending: Connection) -> None:
    try:
        sending.send(work(part))
    except BaseException:  # noqa: BLE001  whatever it is, the parent does this half again
        os._exit(1)
