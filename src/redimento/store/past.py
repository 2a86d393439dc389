"""What the runs of a repository have cost and how long they took, to say so before the next one."""

from __future__ import annotations

import hashlib
import json
from statistics import median

from redimento.store.port import Store

_KEPT = 12  # runs
_LASTS = 90 * 24 * 3600.0  # seconds


def remember(store: Store, repository: str, *, usd: float, seconds: float) -> None:
    """Add a run. Two that end at the same moment wait for each other."""
    key = _key(repository)
    with store.held(key, 5):
        store.put(key, json.dumps([*_runs(store, key), [usd, seconds]][-_KEPT:]).encode(), _LASTS)


def expected(store: Store, repository: str) -> str:
    """Return a sentence about the next run, "" if nothing is known."""
    runs = _runs(store, _key(repository))
    if not runs:
        return ""
    usd, seconds = (median(values) for values in zip(*runs, strict=True))
    minutes = max(1, round(seconds / 60))
    took = f"{minutes} {'minute' if minutes == 1 else 'minutes'}"
    past = "the last run" if len(runs) == 1 else f"the last {len(runs)} runs"
    return f"About ${usd:.2f} and {took}, from {past} of this repository."


def _runs(store: Store, key: str) -> list[tuple[float, float]]:
    try:
        return [(float(usd), float(seconds)) for usd, seconds in json.loads(store.get(key) or b"[]")]
    except (ValueError, TypeError, RecursionError):  # not ours
        return []


def _key(repository: str) -> str:
    return f"runs {hashlib.sha256(repository.encode('utf-8', 'backslashreplace')).hexdigest()[:16]}"
