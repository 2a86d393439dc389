"""A store on a Redis server, for all agents."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from redimento.store.port import Bucket, StoreError
from redimento.store.seal import seal, unseal

_PREFIX = "redimento:"
_ANSWERS_WITHIN = 3.0  # seconds
_LOCK_LASTS = 30.0  # seconds; renewed three times in that time
_POLL = 0.1  # seconds
# One script is one step for all clients. Time is the server's: the clocks of agents differ.
# ARGV: per minute, amount, the longest wait; or per minute, "empty", seconds.
_BUCKET = """
local size, now = tonumber(ARGV[1]), redis.call('TIME')
now = tonumber(now[1]) + tonumber(now[2]) / 1000000
local kept = redis.call('HMGET', KEYS[1], 'level', 'at')
local level, at = tonumber(kept[1]) or size, tonumber(kept[2]) or now
level = math.min(size, level + math.max(0, now - at) * size / 60)
local wait = 0
if ARGV[2] == 'empty' then
  level = math.min(level, -tonumber(ARGV[3]) * size / 60)
else
  local amount = tonumber(ARGV[2])
  if amount > 0 then wait = math.max(0, (math.min(amount, size) - level) * 60 / size) end
  if wait <= tonumber(ARGV[3]) then level = level - amount end
end
redis.call('HSET', KEYS[1], 'level', string.format('%.6f', level), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], 3600)
return string.format('%.6f', wait)
"""


@dataclass(frozen=True)
class RedisStore:
    """`secret` authenticates values, b"" for none; numbers and buckets are changed by the server itself."""

    client: redis.Redis = field(repr=False)
    secret: bytes = field(default=b"", repr=False)
    clock: Callable[[], float] = time.time

    def get(self, key: str) -> bytes | None:
        """Return the value; see Store."""
        with _failing():
            stored: Any = self.client.get(_PREFIX + key)
        return unseal(self.secret, key, stored, self.clock()) if stored else None

    def put(self, key: str, value: bytes, seconds: float) -> None:
        """Store a value; see Store."""
        sealed = seal(self.secret, key, value, self.clock() + seconds)
        with _failing():
            self.client.set(_PREFIX + key, sealed, px=max(1, round(seconds * 1000)))

    def add(self, key: str, amount: float, seconds: float) -> float:
        """Add to a number; see Store."""
        with _failing(), self.client.pipeline(transaction=True) as both:
            both.incrbyfloat(_PREFIX + key, amount)
            both.expire(_PREFIX + key, round(seconds))
            total, _ = both.execute()
        return float(total)

    def take(self, bucket: Bucket, amount: float, most: float) -> float:
        """Take from a bucket; see Store."""
        return self._bucket(bucket, repr(float(amount)), repr(float(most)))

    def empty(self, bucket: Bucket, seconds: float) -> None:
        """Let everybody wait; see Store."""
        self._bucket(bucket, "empty", repr(float(seconds)))

    def _bucket(self, bucket: Bucket, *arguments: str) -> float:
        with _failing():
            said: Any = self.client.eval(_BUCKET, 1, _PREFIX + bucket.name, repr(float(bucket.per_minute)), *arguments)
        return float(said)

    @contextmanager
    def held(self, key: str, seconds: float) -> Iterator[bool]:
        """Hold a lock; see Store.

        It ends by itself soon after its process did, and only its owner renews or deletes it
        (https://redis.io/docs/latest/develop/clients/patterns/distributed-locks).
        """
        lock = self.client.lock(_PREFIX + "lock:" + key, timeout=_LOCK_LASTS, sleep=_POLL, thread_local=False)
        with _failing():
            got = lock.acquire(blocking_timeout=seconds)
        done = Event()
        renewing = Thread(target=_renew, args=(lock, done), daemon=True)
        if got:
            renewing.start()
        try:
            yield got
        finally:
            done.set()
            if got:
                renewing.join()
                with suppress(redis.RedisError):  # it ends by itself
                    lock.release()


def open_redis(url: str, secret: bytes = b"") -> RedisStore:
    """Return the store without connecting. Raises ValueError for what is no address of a Redis server."""
    client = redis.Redis.from_url(
        url,
        socket_timeout=_ANSWERS_WITHIN,
        socket_connect_timeout=_ANSWERS_WITHIN,
        retry=Retry(NoBackoff(), 1),  # the connection may be one to a server that was restarted
    )
    return RedisStore(client, secret)


def _renew(lock: Any, done: Event) -> None:
    while not done.wait(_LOCK_LASTS / 3):
        with suppress(redis.RedisError):  # a server that comes back has the lock again, or another owner
            lock.reacquire()


@contextmanager
def _failing() -> Iterator[None]:
    try:
        yield
    except (redis.RedisError, OSError, ValueError) as error:
        # Without its text, which may show the address with its password.
        raise StoreError(type(error).__name__) from None
