"""The folder that is kept between runs, and how its files are written; how files are cut, by blob id."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

LARGEST: Final = 200_000_000  # bytes: a larger file starts over
_FORM: Final = 3  # changes with the format, so that an old file is never misread
_UNUSED: Final = 90 * 24 * 3600  # seconds after which a cache that nobody opened is removed


def open_cache(root: Path, environment: Mapping[str, str]) -> Path | None:
    """Return the folder that keeps what is known about the tree `root` between runs, None for an account without a home.

    One for each tree, in the user's cache (XDG Base Directory). Those that were not opened for 90 days are removed: most
    of them belong to trees that are gone.
    """
    try:
        home = Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "redimento"
    except RuntimeError:
        return None
    folder = home / hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:12]
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        for other in home.iterdir():
            if other.stat().st_mtime < time.time() - _UNUSED:
                shutil.rmtree(other, ignore_errors=True)
    return folder


def recall(folder: Path | None, wanted: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Yield key and value (plain data) of what is kept for `wanted`; nothing from a cache that is absent or broken."""
    if folder is None or not _file(folder).is_file():
        return
    missing = set(wanted)
    with _file(folder).open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            key = line[: line.find("\t")]
            if key not in missing:
                continue
            with suppress(ValueError, RecursionError):  # cut short by a killed run, or not ours
                value = json.loads(line[len(key) + 1 :])
                missing.discard(key)
                yield key, value


def keep(folder: Path, fresh: Mapping[str, object]) -> None:
    """Add `fresh` to the cache."""
    if not fresh:
        return
    text = "".join(
        f"{key}\t{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n" for key, value in fresh.items()
    )
    append(_file(folder), text.encode("utf-8", "replace"))


def append(path: Path, content: bytes, largest: int = LARGEST) -> None:
    """Add to a file of the cache in a single write, so that concurrent runs do not interleave.

    A file that would grow beyond `largest` bytes starts over. A folder that cannot be written slows the next run
    down and does not fail this one.
    """
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        full = path.is_file() and path.stat().st_size + len(content) > largest
        mode = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if full else os.O_APPEND)
        with os.fdopen(os.open(path, mode, 0o600), "wb") as file:
            file.write(content)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file of the cache atomically; a folder that cannot be written is left as it is."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        fresh.replace(path)


def _file(folder: Path) -> Path:
    return folder / f"segments-{_FORM}.jsonl"
