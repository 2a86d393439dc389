"""How files are cut, kept between runs by blob id; and how anything is added to the cache."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

_FORM: Final = 2  # a new form of what is kept gets new files: an old one is never misread
LARGEST: Final = 200_000_000  # bytes: a larger file is begun anew


def recall(folder: Path | None, wanted: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Yield key and value, plain data, of what is kept for `wanted`; a cache that is absent or broken holds nothing."""
    if folder is None or not _file(folder).is_file():
        return
    missing = set(wanted)
    with _file(folder).open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            key = line[: line.find("\t")]
            if key not in missing:
                continue
            with contextlib.suppress(ValueError, RecursionError):  # cut short by a run that was killed, or foreign
                value = json.loads(line[len(key) + 1 :])
                missing.discard(key)
                yield key, value


def keep(folder: Path, fresh: Mapping[str, object]) -> None:
    """Add `fresh` to what is kept."""
    if not fresh:
        return
    text = "".join(
        f"{key}\t{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n" for key, value in fresh.items()
    )
    append(_file(folder), text.encode("utf-8", "replace"))


def append(path: Path, content: bytes, largest: int = LARGEST) -> None:
    """Add to a file of the cache in one write, so that two runs at once do not mix what they write.

    A file that would grow beyond `largest` bytes is begun anew. A folder that cannot be written costs the next run time,
    never this one its result.
    """
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        full = path.is_file() and path.stat().st_size + len(content) > largest
        mode = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if full else os.O_APPEND)
        with os.fdopen(os.open(path, mode, 0o600), "wb") as file:
            file.write(content)


def replace_file(path: Path, content: bytes) -> None:
    """Put `content` in the place of a file of the cache at once; a folder that cannot be written is left as it is."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            file.write(content)
        fresh.replace(path)


def _file(folder: Path) -> Path:
    return folder / f"segments-{_FORM}.jsonl"
