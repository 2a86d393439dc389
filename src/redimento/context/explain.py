"""Show a context to people and programs: which files, how many tokens, why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redimento.context.selection import Context, Excerpt


def as_json(context: Context) -> dict[str, Any]:
    """Return the context as plain data: `files`, best first, with their `spans` (null for a whole file), facts about the project, and totals."""
    return {
        "files": [_file(excerpt) for excerpt in _best_first(context)],
        "conventions": [_file(excerpt) for excerpt in context.conventions],
        "tokens": context.tokens,
        "budget": context.budget,
        "language": context.language,
        "facts": list(context.facts),
    }


def rows(context: Context) -> list[tuple[str, str, str, str]]:
    """Return one row per excerpt: path, lines shown, tokens, reasons."""
    return [
        (excerpt.path, _shown(excerpt), f"{excerpt.tokens:,}", ", ".join(excerpt.reasons))
        for excerpt in (*context.conventions, *_best_first(context))
    ]


def _best_first(context: Context) -> Sequence[Excerpt]:
    return sorted(context.excerpts, key=lambda excerpt: -excerpt.score)


def _file(excerpt: Excerpt) -> dict[str, Any]:
    return {
        "path": excerpt.path,
        "tokens": excerpt.tokens,
        "score": round(excerpt.score, 4),
        "spans": None if excerpt.spans is None else [list(span) for span in excerpt.spans],
        "reasons": list(excerpt.reasons),
    }


def _shown(excerpt: Excerpt) -> str:
    if excerpt.spans is None:
        return "whole"
    return " ".join(f"{first}-{last}" for first, last in excerpt.spans)
