"""From a work item's text to what the model sees of the repository."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from redimento.context.clues import read_clues
from redimento.context.languages import main_language
from redimento.context.outline import outline
from redimento.context.packing import Candidate, pack
from redimento.context.ranking import Ranked, rank
from redimento.context.segments import cut
from redimento.context.selection import Context, Excerpt
from redimento.context.survey import listed, survey
from redimento.context.tokens import estimate
from redimento.context.tree import Tree
from redimento.settings import ContextSettings

_CANDIDATES: Final = 80
_OUTLINE_SHARE: Final = 0.05


def select(
    tree: Tree,
    text: str,
    *,
    settings: ContextSettings,
    budget: int,
    conventions: Sequence[str] = (),
    cache: Path | None = None,
) -> Context:
    """Choose what of `tree` stands in the prompt for a work item.

    `text` is the item as Markdown, its first line the title. `budget` is in tokens, an upper estimate. `conventions` names
    files that come first, as far as they exist. `cache` is a folder in which digests are kept between runs, by blob id.
    The same tree and text give the same context.
    """
    entries = listed(tree.entries(), settings.exclude)
    clues = read_clues(text)
    rules = _conventions(tree, conventions, {entry.path for entry in entries}, budget // 8)
    left = budget - sum(rule.tokens for rule in rules)
    ranked = rank(survey(tree, entries, clues), clues)
    map_text = outline([entry.path for entry in entries], int(left * _OUTLINE_SHARE))
    left -= estimate(map_text)
    excerpts = pack(_candidates(tree, ranked[:_CANDIDATES]), clues, left)
    return Context(
        excerpts=tuple(excerpts),
        outline=map_text,
        conventions=rules,
        tokens=sum(one.tokens for one in (*rules, *excerpts)) + estimate(map_text),
        budget=budget,
        language=main_language([entry.path for entry in entries]),
    )


def _conventions(tree: Tree, names: Sequence[str], there: set[str], budget: int) -> tuple[Excerpt, ...]:
    found: list[Excerpt] = []
    left = budget
    for path, content in tree.read([name for name in names if name in there]):
        text = content.decode("utf-8", "replace")
        tokens = estimate(text)
        if tokens <= left:
            left -= tokens
            found.append(Excerpt(path, text, tokens, 1.0, None, ("conventions",)))
    return tuple(found)


def _candidates(tree: Tree, ranked: Sequence[Ranked]) -> list[Candidate]:
    by_path = {one.file.path: one for one in ranked}
    contents = dict(tree.read(by_path))
    return [
        Candidate(
            one,
            tuple(contents[path].decode("utf-8", "replace").removesuffix("\n").split("\n")),
            cut(contents[path], one.file.language),
        )
        for path, one in by_path.items()
        if path in contents
    ]
