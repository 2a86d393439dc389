"""What the model sees of the repository."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Excerpt:
    """A file, or places in it, as the prompt shows it.

    `spans` are the 1-based inclusive line ranges that `text` contains; None means the whole file. `reasons`: why it was
    chosen, in a few words.
    """

    path: str
    text: str
    tokens: int
    score: float
    spans: tuple[tuple[int, int], ...] | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True)
class Context:
    """Excerpts, best first, and a map of the repository, within `budget` tokens (an upper estimate).

    `best`: the paths of the ranked files, shown or not, most promising first. `facts`: what the build files say about the
    project, as sentences that hold foreign text.
    """

    excerpts: tuple[Excerpt, ...]
    outline: str
    conventions: tuple[Excerpt, ...]
    tokens: int
    budget: int
    language: str  # the main language of the repository: python, typescript, javascript, csharp, java, go, rust or ""
    best: tuple[str, ...] = ()
    facts: tuple[str, ...] = ()
