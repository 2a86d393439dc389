"""Digests kept between runs, by blob id: a second run reads only what changed."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from redimento.context.digest import Digest

# A new version of what is kept gets a new file: an old one is never misread.
_NAME: Final = "digests-1.jsonl"
_LARGEST: Final = 200_000_000  # bytes: a larger cache is begun anew


@dataclass(frozen=True)
class Kept:
    """A file as the cache knows it. `digest` is None when it must not be shown: binary or generated."""

    key: str  # blob id and language
    digest: Digest | None


def kept_digests(folder: Path | None, wanted: Iterable[str]) -> Iterator[Kept]:
    """Yield what the cache in `folder` knows of the keys `wanted`; a cache that is absent or broken knows nothing."""
    if folder is None or not (folder / _NAME).is_file():
        return
    missing = set(wanted)
    with (folder / _NAME).open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            key = line[: line.find("\t")]
            if key not in missing:
                continue
            kept = _parsed(key, line[len(key) + 1 :])
            if kept is not None:
                missing.discard(key)
                yield kept


def keep(folder: Path, fresh: Iterable[Kept]) -> None:
    """Add `fresh` to the cache in `folder`, in one write, so that two runs at once do not mix their lines.

    Raises OSError when the folder cannot be written.
    """
    text = "".join(f"{kept.key}\t{_written(kept.digest)}\n" for kept in fresh)
    if not text:
        return
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _NAME
    full = path.is_file() and path.stat().st_size + len(text) > _LARGEST
    mode = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if full else os.O_APPEND)
    handle = os.open(path, mode, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(text.encode("utf-8", "replace"))


def _written(digest: Digest | None) -> str:
    if digest is None:
        return "null"
    return json.dumps([digest.words, digest.definitions, digest.imports], ensure_ascii=False, separators=(",", ":"))


def _parsed(key: str, text: str) -> Kept | None:
    try:
        value: Any = json.loads(text)
        if value is None:
            return Kept(key, None)
        words, definitions, imports = value
        return Kept(key, Digest(dict(words), tuple(definitions), tuple(imports)))
    except (ValueError, TypeError):
        return None  # a line cut short by a run that was killed
