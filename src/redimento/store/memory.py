"""A store in this process: the spare one, and all that there is where nothing can be shared."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from redimento.store.bucket import Level, emptied, full, taken
from redimento.store.port import Bucket


@dataclass(frozen=True)
class MemoryStore:
    """Nothing in it outlives the process, so numbers do not end; a lock is always free, as a run makes one call at a time."""

    clock: Callable[[], float] = time.time
    _values: dict[str, tuple[bytes, float]] = field(default_factory=dict, repr=False)
    _numbers: dict[str, float] = field(default_factory=dict, repr=False)
    _levels: dict[str, Level] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def get(self, key: str) -> bytes | None:
        """Return the value; see Store."""
        value, ends = self._values.get(key, (None, 0.0))
        return value if ends > self.clock() else None

    def put(self, key: str, value: bytes, seconds: float) -> None:
        """Store a value; see Store."""
        self._values[key] = value, self.clock() + seconds

    def add(self, key: str, amount: float, seconds: float) -> float:
        """Add to a number; see Store."""
        del seconds
        with self._lock:
            self._numbers[key] = self._numbers.get(key, 0.0) + amount
            return self._numbers[key]

    def take(self, bucket: Bucket, amount: float, most: float) -> float:
        """Take from a bucket; see Store."""
        with self._lock:
            level, wait = taken(bucket, self._level(bucket), amount, most, self.clock())
            self._levels[bucket.name] = level
            return wait

    def empty(self, bucket: Bucket, seconds: float) -> None:
        """Let everybody wait; see Store."""
        with self._lock:
            self._levels[bucket.name] = emptied(bucket, self._level(bucket), seconds, self.clock())

    @contextmanager
    def held(self, key: str, seconds: float) -> Iterator[bool]:
        """Hold a lock; see Store."""
        del key, seconds
        yield True

    def _level(self, bucket: Bucket) -> Level:
        return self._levels.get(bucket.name) or full(bucket, self.clock())
