"""What the model asks to see, and what was found, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from redimento.context.selection import Excerpt

Kind = Literal["read", "list", "search", "uses", "history"]


@dataclass(frozen=True)
class Wish:
    """One thing that an answer asks to see.

    `target` is foreign text: for "read" a path, `path:10-80,120-140`, the unique end of a path, or the name of a definition;
    for "list" a folder or a glob; for "search" an RE2 pattern; for "uses" a name; for "history" a path or `path:10-80`.
    """

    kind: Kind
    target: str
    within: str = ""  # a glob: search only these paths
    around: int = 0  # lines of code shown on both sides of a hit


@dataclass(frozen=True)
class Finding:
    """What a wish brought: code as excerpts, and a text: hits, names, or a sentence that says why there is nothing."""

    wish: Wish
    excerpts: tuple[Excerpt, ...] = ()
    text: str = ""


# What the files hold that the change touched so far: path → new content, None for a file that is gone.
Changed = Mapping[str, bytes | None]

# The wishes of one answer → one finding for each, in this order. Files are read as they are with the change.
Explore = Callable[[Sequence[Wish], Changed], Sequence[Finding]]
