"""Do two halves of a task at once: the second in a child process, where that is safe."""

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
_LARGEST: Final = 140_000  # kilobytes: two larger processes would exceed 300 MB together


def in_two(work: Callable[[Part], Done], first: Part, second: Part) -> tuple[Done, Done]:
    """Return `work(first)` and `work(second)`, in parallel if there are two cores, no other threads and enough memory.

    Threads would not help: counting and parsing hold the interpreter's lock. Side effects of `work` may be lost.
    """
    if not _may_fork():
        return work(first), work(second)
    from multiprocessing import current_process, get_context  # noqa: PLC0415  small tasks do without it

    if current_process().daemon:  # a pool worker must not have children
        return work(first), work(second)
    fork = get_context("fork")
    receiving, sending = fork.Pipe(duplex=False)
    child = fork.Process(target=_send, args=(work, second, sending), daemon=True)
    child.start()
    sending.close()  # the child has its own copy: reading ends when that one is closed
    try:
        own = work(first)
        try:
            return own, receiving.recv()
        except EOFError:  # the child was killed or failed: repeat its half here, where an error can be reported
            return own, work(second)
    finally:
        receiving.close()
        child.kill()
        child.join()


def halved(items: Iterable[Item], weight: Callable[[Item], int]) -> tuple[list[Item], list[Item]]:
    """Split `items` into halves of about the same weight: a single item may weigh as much as all others together."""
    halves: tuple[list[Item], list[Item]] = ([], [])
    weights = [0, 0]
    for item in sorted(items, key=weight, reverse=True):
        lighter = int(weights[1] < weights[0])
        halves[lighter].append(item)
        weights[lighter] += weight(item)
    return halves


def _may_fork() -> bool:
    """Return whether a fork is safe and worthwhile: a lock held by another thread would stay locked in the child."""
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
    except BaseException:  # noqa: BLE001  the parent repeats this half, whatever went wrong
        os._exit(1)
