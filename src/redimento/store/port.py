"""The Store port: values with an end, and numbers that many runs change at the same time."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


class StoreError(Exception):
    """The store cannot be used: a full disk, a server that is gone, a value of another kind."""


@dataclass(frozen=True)
class Bucket:
    """A token bucket: it holds what a minute allows, and fills evenly."""

    name: str
    per_minute: float


class Store(Protocol):
    """Every function raises StoreError; times are in seconds."""

    def get(self, key: str) -> bytes | None:
        """Return the value, None when there is none, it has ended, or it was not written by us."""
        ...

    def put(self, key: str, value: bytes, seconds: float) -> None: ...

    def add(self, key: str, amount: float, seconds: float) -> float:
        """Add to a number that starts at 0, and return the sum. It ends so long after it was last changed."""
        ...

    def take(self, bucket: Bucket, amount: float, most: float) -> float:
        """Take from the bucket, and return how long to wait until what was taken is there.

        Takers queue up. A wait of more than `most` is returned and nothing is taken. A negative amount is given back, and
        an amount above the whole bucket waits for a full one.
        """
        ...

    def empty(self, bucket: Bucket, seconds: float) -> None:
        """Let everybody wait for so long: the service said so."""
        ...

    def held(self, key: str, seconds: float) -> AbstractContextManager[bool]:
        """Hold a lock, waiting so long for it, and say whether it is held. It goes when its process ends."""
        ...
