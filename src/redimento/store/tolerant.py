"""A store that never breaks a run: what fails is said once, and done in a store of this process instead."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from redimento.store.port import Bucket, Store, StoreError

T = TypeVar("T")

_PAUSE = 30.0  # seconds until a store that failed is tried again: a server that is gone may take seconds to say nothing


@dataclass
class TolerantStore:
    """`warn` is told once why the store fails. `spare` takes over, until `store` works again."""

    store: Store
    spare: Store
    warn: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _warned: bool = False
    _again: float = field(default=float("-inf"), repr=False)

    def get(self, key: str) -> bytes | None:
        return self._tried(lambda store: store.get(key))

    def put(self, key: str, value: bytes, seconds: float) -> None:
        self._tried(lambda store: store.put(key, value, seconds))

    def add(self, key: str, amount: float, seconds: float) -> float:
        return self._tried(lambda store: store.add(key, amount, seconds))

    def take(self, bucket: Bucket, amount: float, most: float) -> float:
        return self._tried(lambda store: store.take(bucket, amount, most))

    def empty(self, bucket: Bucket, seconds: float) -> None:
        self._tried(lambda store: store.empty(bucket, seconds))

    @contextmanager
    def held(self, key: str, seconds: float) -> Iterator[bool]:
        """Hold the lock; without a store everybody holds it, and pays for himself."""
        with ExitStack() as stack:
            yield self._tried(
                lambda store: True if store is self.spare else stack.enter_context(store.held(key, seconds))
            )

    def _tried(self, action: Callable[[Store], T]) -> T:
        if self.clock() >= self._again:
            try:
                return action(self.store)
            except StoreError as error:
                self._again = self.clock() + _PAUSE
                if not self._warned:
                    self._warned = True
                    self.warn(str(error))
        return action(self.spare)
