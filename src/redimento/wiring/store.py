"""What a run shares with others: on a Redis server, else in a folder, else with nobody. The environment says where."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from redimento.azure.pipelines import in_pipeline, variable
from redimento.errors import UsageError
from redimento.events import Emit, Warned
from redimento.store.folder import FolderStore
from redimento.store.memory import MemoryStore
from redimento.store.port import Store
from redimento.store.tolerant import TolerantStore

FOLDER = "REDIMENTO_STORE"
REDIS = "REDIMENTO_REDIS_URL"
KEY = "REDIMENTO_STORE_KEY"
PARALLEL = "REDIMENTO_PARALLEL"


def open_store(environment: Mapping[str, str], emit: Emit) -> Store:
    """Return the store without touching it. Raises UsageError for a Redis server that cannot be meant."""
    found = _store(environment)
    if found is None:
        return MemoryStore()

    def warn(why: str) -> None:
        emit(
            Warned(
                f"The store that runs share cannot be used ({why}). This run goes on without it: it may pay for answers that "
                "others have, and it knows nothing of what they spend."
            )
        )

    return TolerantStore(found, MemoryStore(), warn)


def share(environment: Mapping[str, str]) -> float:
    """Return the part of a quota that is this run's: jobs that run at the same time do not see each other's folder."""
    parallel = variable(environment, PARALLEL)
    if variable(environment, REDIS) or not parallel.isdecimal():
        return 1.0
    return 1 / max(int(parallel), 1)


def _store(environment: Mapping[str, str]) -> Store | None:
    secret = variable(environment, KEY).encode()
    if url := variable(environment, REDIS):
        return _redis(url, secret)
    if folder := variable(environment, FOLDER):
        return FolderStore(Path(folder), secret)
    if in_pipeline(environment):  # nothing of a job outlives it, but its runs share what it has
        temporary = variable(environment, "AGENT_TEMPDIRECTORY")
        return FolderStore(Path(temporary) / "redimento-store", secret) if temporary else None
    try:
        cache = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    except RuntimeError:  # an account without a home
        return None
    return FolderStore(cache / "redimento-store", secret)


def _redis(url: str, secret: bytes) -> Store:
    try:
        from redimento.store.redis import open_redis  # noqa: PLC0415 - an extra

        return open_redis(url, secret)
    except ImportError:
        raise UsageError(
            f"{REDIS} is set, but the library for Redis is not installed.",
            "Run `pip install '.[redis]'` in Redimento's own folder, or remove the variable.",
        ) from None
    except ValueError:  # without its text, which may show the password
        raise UsageError(
            f"{REDIS} is no address of a Redis server.",
            "Write rediss://:PASSWORD@HOST:PORT/0, or redis:// without TLS.",
        ) from None
