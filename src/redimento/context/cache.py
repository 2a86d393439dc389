"""What was found out about files, kept between runs by blob id: a second run reads only what changed."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Literal

Kind = Literal["digests", "segments"]

_FORM: Final = 2  # a new form of what is kept gets new files: an old one is never misread
_LARGEST: Final = 200_000_000  # bytes: a larger file is begun anew


def recall(folder: Path | None, kind: Kind, wanted: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Yield key and value, plain data, of what is kept for `wanted`; a cache that is absent or broken holds nothing."""
    if folder is None or not _file(folder, kind).is_file():
        return
    missing = set(wanted)
    with _file(folder, kind).open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            key = line[: line.find("\t")]
            if key not in missing:
                continue
            with contextlib.suppress(ValueError):  # a line cut short by a run that was killed
                value = json.loads(line[len(key) + 1 :])
                missing.discard(key)
                yield key, value


def keep(folder: Path, kind: Kind, fresh: Mapping[str, object]) -> None:
    """Add `fresh` to what is kept, in one write, so that two runs at once do not mix their lines.

    A folder that cannot be written costs the next run time, never this one its result.
    """
    if not fresh:
        return
    text = "".join(
        f"{key}\t{json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n" for key, value in fresh.items()
    )
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        path = _file(folder, kind)
        full = path.is_file() and path.stat().st_size + len(text) > _LARGEST
        mode = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if full else os.O_APPEND)
        with os.fdopen(os.open(path, mode, 0o600), "wb") as file:
            file.write(text.encode("utf-8", "replace"))


def _file(folder: Path, kind: Kind) -> Path:
    return folder / f"{kind}-{_FORM}.jsonl"
