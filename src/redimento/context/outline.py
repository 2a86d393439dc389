"""A compact map of the repository: its folders and what they hold, within a budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from redimento.context.languages import extension
from redimento.context.tokens import estimate


def outline(paths: Sequence[str], budget: int) -> str:
    """Return one line per folder with its number of files by extension, as deep as `budget` tokens allow."""
    best = ""
    for depth in range(1, 6):
        text = _to_depth(paths, depth)
        if estimate(text) > budget or text == best:
            break
        best = text
    return best


def _to_depth(paths: Sequence[str], depth: int) -> str:
    folders: dict[str, Counter[str]] = {}
    for path in paths:
        *parents, name = path.split("/")
        folder = "/".join(parents[:depth]) + "/" if parents else "./"
        folders.setdefault(folder, Counter())[extension(name) or "other"] += 1
    return "".join(
        f"{folder} {', '.join(f'{count} {kind}' for kind, count in folders[folder].most_common(4))}\n"
        for folder in sorted(folders)
    )
