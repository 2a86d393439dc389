"""How the oracle looks for what it misses: it asks only by names that stand in the request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from benchmarks.authoring.gold import Block, lines_of, place_of
from benchmarks.authoring.request import Request

KINDS = ("read", "list", "uses", "search")

_AROUND = 40  # lines on both sides of the lines to change
_NEAR = 200  # lines between a hit and the lines to change
_MOST_SEARCHES = 9  # of one answer
_PATIENCE = 12  # searches of an attempt, after which it gives up
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{3,}")
_DEFINITION = re.compile(
    r"\s*(?:export |default |public |private |static |async )*(?:def|class|func|function|type|interface|const|struct)\s+"
    r"(?:\([^)]*\)\s*)?([A-Za-z_]\w{3,})"
)
_COMMON_WORDS = (
    "this that with from when then have been should would could there which where after before while into only also more "
    "than does error class return function import default value true false none null self string type file name test tests "
    "code line lines using used case make must each other same such like just result expected actual issue problem "
    "const await async export public static private void expect describe component components utils"
)
_COMMON = frozenset(_COMMON_WORDS.split())
_TESTING = re.compile(r"^tests?$|^__tests__$|^specs?$|^testing$|^tests?_|_tests?$")
_TEST_NAME = re.compile(r"^test_|(?:_test|_spec|[.-]test|[.-]spec)(?=\.|$)|-test$")


@dataclass(frozen=True)
class Repository:
    """The paths of the repository, and how many files have each name."""

    paths: frozenset[str]
    names: Mapping[str, int]

    def nearest_folder(self, path: str) -> str:
        """Return the nearest folder above `path` that exists, "" for the root."""
        folder = path.rpartition("/")[0]
        while folder and not any(each.startswith(f"{folder}/") for each in self.paths):
            folder = folder.rpartition("/")[0]
        return folder


def knows(path: str, request: Request, repository: Repository) -> bool:
    """Return whether the path stands in the request, or a file name that no other file of the repository has."""
    name = path.rpartition("/")[2]
    return request.names(path) or (repository.names[name] == 1 and request.says(name))


def wishes(
    missing: Sequence[Block],
    at_hand: Sequence[Block],
    request: Request,
    repository: Repository,
    before: Mapping[str, str | None],
    *,
    smart: bool,
) -> dict[str, Any]:
    """Return what to ask for, by kind; empty if no name is left to ask by. Nothing is asked for twice.

    `at_hand`: the blocks that could be sent, whose code a smart author follows.
    """
    found: dict[str, list[str]] = {kind: [] for kind in KINDS}
    for path in dict.fromkeys(block.path for block in missing):
        blocks = [block for block in missing if block.path == path]
        if knows(path, request, repository) or (smart and _guessable(path, request)):
            new = (wish for wish in _reads(path, blocks, request, before) if _is_new("read", wish, request))
            found["read"] += [*islice(new, 1)]
        else:
            for kind, wish in _hunts(path, blocks, at_hand, request, smart=smart):
                if _is_new(kind, wish, request):
                    found[kind].append(wish)
    found["search"] = found["search"][:_MOST_SEARCHES]
    return {kind: list(dict.fromkeys(asked)) for kind, asked in found.items() if asked}


def _is_new(kind: str, wish: str, request: Request) -> bool:
    """Return whether the request does not say that this was asked: as a heading of the notebook, or in the own words."""
    quoted = json.dumps(wish, ensure_ascii=False)
    return f'{{"{kind}": {quoted}}}' not in request.text and quoted not in request.said


def _reads(path: str, blocks: Sequence[Block], request: Request, before: Mapping[str, str | None]) -> Iterator[str]:
    """Yield the file or, if a gap, a hit or the number of its lines tells where all the blocks are, these places.

    Then yield the ranges around them that an answer named because they were too long for it.
    """
    text = before.get(path)
    if text is None:
        return
    lines = lines_of(text)
    places = [
        (place_of(lines, block.old_lines) + 1, len(block.old_lines)) for block in blocks if block.kind == "replace"
    ]
    spans = [(first, first + length) for first, length in places if first]
    if len(spans) < len(blocks) or not all(_is_located(path, *span, request) for span in spans):
        yield path
        return
    around = [(max(1, first - _AROUND), min(len(lines), last + _AROUND)) for first, last in spans]
    yield _ranges(path, around)
    named = [one for one in request.too_long.get(path, ()) if one[0] > 1]
    narrow = [
        min(one, key=lambda each: each[1] - each[0]) for span in spans if (one := [n for n in named if _meet(n, span)])
    ]
    if narrow:
        yield _ranges(path, narrow)


def _ranges(path: str, spans: Sequence[tuple[int, int]]) -> str:
    return f"{path}:{','.join(dict.fromkeys(f'{first}-{last}' for first, last in spans))}"


def _meet(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]


def _is_located(path: str, first: int, last: int, request: Request) -> bool:
    return (
        path in request.too_long
        or any(_meet((first, last), gap) for gap in request.gaps(path))
        or any(abs(hit - first) < _NEAR for hit in request.hits.get(path, ()))
    )


def _hunts(
    path: str, blocks: Sequence[Block], at_hand: Sequence[Block], request: Request, *, smart: bool
) -> Iterator[tuple[str, str]]:
    """Yield wishes that may bring a path to light: a folder, the users of a name, a search."""
    if smart and (folder := _folder_to_open(path, at_hand, request)):
        yield "list", f"{folder}/"
    if sum(request.text.count(f'{{"{kind}": ') for kind in ("search", "uses")) >= _PATIENCE:
        return
    there = set(_WORD.findall(path))
    for block in blocks:
        there.update(_WORD.findall(block.old or block.new))
    names = set(_WORD.findall(request.item))
    defined: set[str] = set()
    if smart:
        for block in at_hand:
            names.update(_WORD.findall(block.old + block.new))
            defined.update(_defined(block))
    telling = {name for name in names & there if name.lower() not in _COMMON}
    found = sorted(telling, key=lambda name: (smart and not _is_name(name), -len(name), name))
    hunted = [("uses" if name in defined else "search", name) for name in found]
    yield from [(kind, name) for kind, name in hunted if _is_new(kind, name, request)][: 3 if smart else 1]


def _folder_to_open(path: str, at_hand: Sequence[Block], request: Request) -> str:
    """Return the nearest folder above a path that stands in the request, if a person would open it or what is below it."""
    folder = path.rpartition("/")[0]
    looked = False
    while folder:
        looked = looked or _would_look(folder, at_hand, request)
        if request.names_folder(folder):
            return folder if looked else ""
        folder = folder.rpartition("/")[0]
    return ""


def _is_name(word: str) -> bool:
    """Return whether a word is more than a word of the language or of prose: `test_latex`, `TabbedView`, `useSelection`."""
    return "_" in word.strip("_") or any(letter.isupper() for letter in word[1:])


def _defined(block: Block) -> set[str]:
    """Return the names that a block defines or stands in the definition of."""
    return {found[1] for line in (*block.old_lines, *block.new_lines) if (found := _DEFINITION.match(line))}


def _guessable(path: str, request: Request) -> bool:
    """Return whether a test's path follows by custom: its folder stands here, and its stem is that of a shown file."""
    folder, _, name = path.rpartition("/")
    return _stem(name) in {_stem(shown) for shown in request.shown} and request.names_folder(folder)


def _would_look(folder: str, at_hand: Sequence[Block], request: Request) -> bool:
    """Return whether a person would open this folder.

    It holds a file that is about to change, has the name of a shown file or of its folder (`tests/forms_tests/` beside
    `forms/fields.py`), is where the tests of a shown file are by custom, or the work item names it.
    """
    if any(block.path.rpartition("/")[0] == folder for block in at_hand):
        return True
    parts = folder.split("/")
    own = {_TESTING.sub("", part) for part in parts[-2:]} - {""}
    for path in request.shown:
        above = path.rpartition("/")[0].split("/")
        if own & {_stem(path), above[-1]} and above[-1]:
            return True
        if _TESTING.search(parts[-1]) and parts[:-1] == above[: len(parts) - 1]:
            return True
    return len(parts[-1]) > 3 and re.search(rf"(?<!\w){re.escape(parts[-1])}(?!\w)", request.item) is not None


def _stem(path: str) -> str:
    """Return a file's name without its endings and without what marks tests."""
    name = path.rpartition("/")[2]
    return _TEST_NAME.sub("", name.removesuffix(".snap").rsplit(".", 1)[0]).removeprefix("_")
