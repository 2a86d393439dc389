"""Find the reports that a check wrote."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

MOST_REPORTS = 2_000
_NEVER_ENTERED = frozenset({".git", "node_modules"})

Reports = Mapping[Path, tuple[int, int, int]]


def find_reports(pattern: str, root: Path) -> Reports:
    """Return the reports that match `pattern` (a path or glob inside `root`), with mtime, size and inode.

    If there are more than `MOST_REPORTS`, one more than that is returned.
    """
    found: dict[Path, tuple[int, int, int]] = {}
    if not pattern or Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        return found
    resolved = root.resolve()
    with contextlib.suppress(OSError, ValueError):
        for path in _glob(pattern, root):
            with contextlib.suppress(OSError):
                facts = path.lstat()
                # A link could lead anywhere, and a FIFO would block for ever.
                if stat.S_ISREG(facts.st_mode) and path.resolve().is_relative_to(resolved):
                    found[path] = (facts.st_mtime_ns, facts.st_size, facts.st_ino)
            if len(found) > MOST_REPORTS:
                break
    return found


def _glob(pattern: str, root: Path) -> Iterator[Path]:
    """Yield matching paths; `**` skips `.git` and `node_modules`, which would take seconds to walk."""
    above, stars, rest = pattern.partition("**/")
    if not stars:
        yield from root.glob(pattern)
        return
    for parent, folders, _ in os.walk(root / above):
        folders[:] = sorted(folder for folder in folders if folder not in _NEVER_ENTERED)
        yield from Path(parent).glob(rest)
