"""Choose what the model sees of the repository, from the text of a work item."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from redimento.context import exclusion
from redimento.context.clues import Clues, read_clues
from redimento.context.languages import main_language
from redimento.context.outline import outline
from redimento.context.packing import HEADING, pack
from redimento.context.past import past_commits
from redimento.context.ranking import Ranked, rank
from redimento.context.selection import Context, Excerpt
from redimento.context.survey import listed, survey
from redimento.context.tokens import estimate
from redimento.context.tree import Entry, Tree, texts
from redimento.settings import ContextSettings

_OUTLINE_SHARE: Final = 0.03  # of the budget
_CONVENTIONS_SHARE: Final = 0.125
_BYTES_PER_TOKEN: Final = 6  # no code has more: a larger repository cannot fit
_UNRANKED: Final = -100.0  # below every ranked file


@dataclass(frozen=True)
class Consideration:
    """What is known before the budget: the files that may be shown, and the ranking of the likely ones."""

    entries: tuple[Entry, ...]
    clues: Clues
    ranked: tuple[Ranked, ...]


def select(
    tree: Tree,
    text: str,
    *,
    settings: ContextSettings,
    budget: int,
    conventions: Sequence[str] = (),
    cache: Path | None = None,
) -> Context:
    """Choose what the prompt shows of `tree`.

    `text` is the work item as Markdown, its first line the title. `budget` is in tokens, an upper estimate. `conventions`
    names files that come first, if they exist. `cache` is a folder that keeps digests between runs, by blob id. The same
    tree and text give the same context.
    """
    return fill(tree, consider(tree, text, settings=settings, cache=cache), budget=budget, conventions=conventions)


def consider(tree: Tree, text: str, *, settings: ContextSettings, cache: Path | None = None) -> Consideration:
    """Rank the files of `tree`: what `select` does before it looks at the budget."""
    entries = listed(tree.entries(), settings.exclude)
    clues = read_clues(text)
    files = survey(tree, entries, clues, cache)
    return Consideration(tuple(entries), clues, tuple(rank(tree, files, clues, past_commits(tree, cache), cache)))


def fill(tree: Tree, considered: Consideration, *, budget: int, conventions: Sequence[str] = ()) -> Context:
    """Fill `budget` tokens: conventions, a map, then the whole repository if it fits, otherwise the best excerpts."""
    paths = [entry.path for entry in considered.entries]
    rules = _conventions(tree, conventions, set(paths), int(budget * _CONVENTIONS_SHARE))
    left = budget - sum(rule.tokens for rule in rules)
    map_text = outline(paths, int(left * _OUTLINE_SHARE))
    left -= estimate(map_text) if map_text else 0
    excerpts = _whole(tree, considered, left, {rule.path for rule in rules})
    if excerpts is None:
        excerpts = pack(
            [one for one in considered.ranked if one.reading.file.path not in conventions], considered.clues, left
        )
    return Context(
        excerpts=tuple(excerpts),
        outline=map_text,
        conventions=rules,
        tokens=budget - left + sum(excerpt.tokens for excerpt in excerpts),
        budget=budget,
        language=main_language(paths),
    )


def _whole(tree: Tree, considered: Consideration, budget: int, shown: AbstractSet[str]) -> list[Excerpt] | None:
    """Return every file that may be shown, or None if they do not fit. The path order keeps the prompt's beginning stable."""
    entries = [entry for entry in considered.entries if entry.path not in shown]
    if sum(entry.size for entry in entries) > budget * _BYTES_PER_TOKEN:
        return None
    known = {one.reading.file.path: one for one in considered.ranked}
    excerpts = []
    for path, content in texts(tree, [entry.path for entry in entries]):
        if exclusion.looks_generated(content.encode()):
            continue
        text = content.removesuffix("\n")
        tokens = HEADING + estimate(text)
        budget -= tokens
        if budget < 0:
            return None
        one = known.get(path)
        excerpts.append(
            Excerpt(
                path,
                text,
                tokens,
                one.score if one else _UNRANKED,
                None,
                one.reasons if one else ("the whole repository fits",),
            )
        )
    return excerpts


def _conventions(tree: Tree, names: Sequence[str], existing: AbstractSet[str], budget: int) -> tuple[Excerpt, ...]:
    found: list[Excerpt] = []
    for path, content in texts(tree, [name for name in names if name in existing]):
        text = content.removesuffix("\n")
        tokens = HEADING + estimate(text)
        if tokens <= budget:
            budget -= tokens
            found.append(Excerpt(path, text, tokens, 0.0, None, ("conventions of the repository",)))
    return tuple(found)
