"""Choose what the model sees of the repository, from the text of a work item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Final

from redimento.context import exclusion
from redimento.context.build_files import manifests
from redimento.context.clues import Clues, read_clues
from redimento.context.companions import companions, nearest_tests
from redimento.context.imports import import_graph
from redimento.context.languages import main_language
from redimento.context.likely_tests import likely_tests, test_importers
from redimento.context.outline import outline
from redimento.context.packing import FLOOR, HEADING, pack
from redimento.context.past import past_commits
from redimento.context.project_facts import project_facts
from redimento.context.ranking import Ranked, rank
from redimento.context.selection import Context, Excerpt
from redimento.context.survey import listed, survey
from redimento.context.tokens import estimate
from redimento.context.tree import Entry, Tree, texts
from redimento.settings import ContextSettings
from redimento.text.wording import Sentence

_MAP_SHARE: Final = 0.1  # of the budget: more names hardly any further file that a change touches
_RESERVE: Final = 0.15  # for tests and build files, of the budget beyond the first `_CORE`
_CORE: Final = 25_000  # tokens: in a smaller prompt each line that may change is worth more
_FACTS_SHARE: Final = 0.05
_MOST_ASKED: Final = 5  # files whose build files say something about the project
_MOST_TESTED: Final = 20  # files whose tests come first on the map
_CONVENTIONS_SHARE: Final = 0.125
_BYTES_PER_TOKEN: Final = 6  # no code has more: a larger repository cannot fit
_UNRANKED: Final = -100.0  # below every ranked file


@dataclass(frozen=True)
class Consideration:
    """What is known before the budget: the files that may be shown, and the ranking of the likely ones."""

    entries: tuple[Entry, ...]
    clues: Clues
    ranked: tuple[Ranked, ...]
    tests: Mapping[str, tuple[str, ...]]  # of the most likely source files, most likely first
    nearest: tuple[Ranked, ...]  # the first of these tests for each, without a rank
    facts: tuple[str, ...]  # about the project


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
    entries = [one for one in listed(tree.entries(), settings.exclude) if not exclusion.is_snapshot(one.path)]
    clues = read_clues(text)
    files = survey(tree, entries, clues, cache)
    graph = import_graph(files)
    ranked = rank(tree, files, graph, clues, commits=past_commits(tree, cache), cache=cache)
    sources = [one.reading.file.path for one in ranked if one.reading.file.role == "source"][:_MOST_TESTED]
    tests = likely_tests([file.path for file in files], sources, test_importers(files, graph))
    nearest = nearest_tests(tree, files, tests, clues, cache)
    told = [*sources[:_MOST_ASKED], *(one.reading.file.path for one in nearest)]
    facts = project_facts(tree, [entry.path for entry in entries], told)
    return Consideration(tuple(entries), clues, tuple(ranked), tests, nearest, facts)


def fill(tree: Tree, considered: Consideration, *, budget: int, conventions: Sequence[str] = ()) -> Context:
    """Fill `budget` tokens: conventions, a map, then the whole repository if it fits, otherwise the best excerpts."""
    paths = [entry.path for entry in considered.entries]
    rules = _conventions(tree, conventions, set(paths), int(budget * _CONVENTIONS_SHARE))
    left = budget - sum(rule.tokens for rule in rules)
    facts = considered.facts if estimate("\n".join(considered.facts)) <= left * _FACTS_SHARE else ()
    left -= estimate("\n".join(facts)) if facts else 0
    best = tuple(one.reading.file.path for one in considered.ranked)
    tests = list(chain.from_iterable(considered.tests.values()))
    map_text = outline(paths, int(left * _MAP_SHARE), best, tests)
    left -= estimate(map_text) if map_text else 0
    excerpts = _whole(tree, considered, left, {rule.path for rule in rules})
    if excerpts is None:
        excerpts = _best(tree, considered, left, {rule.path for rule in rules})
    return Context(
        excerpts=tuple(excerpts),
        outline=map_text,
        conventions=rules,
        tokens=budget - left + sum(excerpt.tokens for excerpt in excerpts),
        budget=budget,
        language=main_language(paths),
        best=best,
        facts=facts,
    )


def _best(tree: Tree, considered: Consideration, budget: int, shown: AbstractSet[str]) -> list[Excerpt]:
    """Return the best places, then the tests and build files that go with them."""
    paths = [entry.path for entry in considered.entries]
    sources = list(considered.tests)[:_MOST_ASKED]
    build_files = [path for path in manifests(paths, sources) if path not in shown]
    tests = [one for one in considered.nearest if one.reading.file.path not in shown]
    reserve = max(0, int((budget - _CORE) * _RESERVE))
    beside = companions(tree, build_files, tests, considered.clues, reserve)
    taken = shown | {one.path for one in beside}
    ranked = [one for one in considered.ranked if one.reading.file.path not in taken]
    return [*pack(ranked, considered.clues, budget - sum(one.tokens for one in beside), FLOOR), *beside]


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
                one.reasons if one else (Sentence("all_fits"),),
            )
        )
    return excerpts


def _conventions(tree: Tree, names: Sequence[str], existing: AbstractSet[str], budget: int) -> tuple[Excerpt, ...]:
    found: list[Excerpt] = []
    seen: set[str] = set()  # one file of rules is often a copy of another
    paths = chain.from_iterable(_in_folder(name, existing) if name.endswith("/") else [name] for name in names)
    for path, content in texts(tree, [path for path in dict.fromkeys(paths) if path in existing]):
        text = content.removesuffix("\n")
        tokens = HEADING + estimate(text)
        if tokens <= budget and text not in seen:
            seen.add(text)
            budget -= tokens
            found.append(Excerpt(path, text, tokens, 0.0, None, ("conventions of the repository",)))
    return tuple(found)


def _in_folder(folder: str, existing: AbstractSet[str]) -> list[str]:
    """Return the Markdown files of a folder: decisions are numbered, so the last one is the newest."""
    return sorted((path for path in existing if path.startswith(folder) and path.endswith(".md")), reverse=True)
