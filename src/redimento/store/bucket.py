"""The arithmetic of a token bucket, for stores that change a value under a lock."""

from __future__ import annotations

from dataclasses import dataclass

from redimento.store.port import Bucket


@dataclass(frozen=True)
class Level:
    """What a bucket held at a time, in seconds since 1970; below 0 is what takers wait for."""

    amount: float
    at: float


def full(bucket: Bucket, now: float) -> Level:
    return Level(bucket.per_minute, now)


def taken(bucket: Bucket, level: Level, amount: float, most: float, now: float) -> tuple[Level, float]:
    """Return the level after taking, and the wait; the level is not changed if the wait is longer than `most`."""
    level = _filled(bucket, level, now)
    wait = max(0.0, (min(amount, bucket.per_minute) - level.amount) * 60 / bucket.per_minute) if amount > 0 else 0.0
    return (level if wait > most else Level(level.amount - amount, now)), wait


def emptied(bucket: Bucket, level: Level, seconds: float, now: float) -> Level:
    """Return the level that is 0 again after so many seconds."""
    return Level(min(_filled(bucket, level, now).amount, -seconds * bucket.per_minute / 60), now)


def _filled(bucket: Bucket, level: Level, now: float) -> Level:
    # A clock that was set back must not empty the bucket.
    since = max(0.0, now - level.at)
    return Level(min(bucket.per_minute, level.amount + since * bucket.per_minute / 60), now)
