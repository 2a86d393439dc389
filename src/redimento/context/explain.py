"""Show a context to people and programs: which files, how many tokens, why, and what was left out."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from redimento.context import exclusion
from redimento.context.selection import Context, Excerpt
from redimento.context.tree import Entry

NO_ROOM: Final = "the budget has no room for them, or what they add is worth too little"
_MOST_NAMED: Final = 5
_TOKENS_WIDTH: Final = 8

LeftOut = Mapping[str, Sequence[str]]  # reason → paths


def left_out(entries: Sequence[Entry], exclude: Sequence[str], context: Context) -> LeftOut:
    """Return the files that the model does not see, the likely ones first."""
    shown = {excerpt.path for excerpt in (*context.excerpts, *context.conventions)}
    likely = [path for path in context.best if path not in shown]
    found = defaultdict(list, {NO_ROOM: likely})
    known = shown.union(likely)
    for entry in entries:
        if entry.path not in known:
            found[exclusion.reason(entry.path, entry.size, exclude) or NO_ROOM].append(entry.path)
    return {reason: paths for reason, paths in found.items() if paths}


def as_json(context: Context, hidden: LeftOut) -> dict[str, Any]:
    """Return the context as plain data: `files`, best first, with their `spans` (null for a whole file), facts about the project, and totals."""
    return {
        "files": [_file(excerpt) for excerpt in _best_first(context)],
        "conventions": [_file(excerpt) for excerpt in context.conventions],
        "tokens": context.tokens,
        "budget": context.budget,
        "language": context.language,
        "facts": list(context.facts),
        "leftOut": [{"reason": reason, "paths": list(paths)} for reason, paths in hidden.items()],
    }


def as_text(context: Context, hidden: LeftOut, width: int) -> str:
    """Return one line per excerpt with its tokens and whole path, and below it lines and reasons, at most `width` columns."""
    lines = ["  tokens  file"]
    for excerpt in (*context.conventions, *_best_first(context)):
        lines.append(f"{excerpt.tokens:>{_TOKENS_WIDTH},}  {excerpt.path}")
        lines += _indented("; ".join([*_shown(excerpt), *excerpt.reasons]), width)
    if context.outline:
        rest = context.tokens - sum(one.tokens for one in (*context.conventions, *context.excerpts))
        lines.append(f"{rest:>{_TOKENS_WIDTH},}  a map of the repository")
    lines.append(f"{context.tokens:>{_TOKENS_WIDTH},}  of {context.budget:,} tokens at most")
    return "\n".join([*lines, "", *_hidden_lines(hidden, width)]).rstrip()


def _hidden_lines(hidden: LeftOut, width: int) -> Iterator[str]:
    for reason, paths in hidden.items():
        more = f" and {len(paths) - _MOST_NAMED:,} more" if len(paths) > _MOST_NAMED else ""
        said = f"Left out, because {reason}: {', '.join(paths[:_MOST_NAMED])}{more}"
        yield from textwrap.wrap(said, width, break_long_words=False, break_on_hyphens=False)


def _indented(text: str, width: int) -> Sequence[str]:
    margin = " " * (_TOKENS_WIDTH + 4)
    return textwrap.wrap(
        text, width, initial_indent=margin, subsequent_indent=margin, break_long_words=False, break_on_hyphens=False
    )


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


def _shown(excerpt: Excerpt) -> list[str]:
    if excerpt.spans is None:
        return []
    return ["lines " + ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in excerpt.spans)]
