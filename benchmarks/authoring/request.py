"""What stands in one request: files and places in them, names, and what it asks for. Nothing else is known."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from benchmarks.authoring.gold import place_of
from redimento.models.port import Message

LAST = "This was the last time that you could ask to read"
NOTHING = "There was no edit and no question in it."
ENOUGH = "You have read enough"

_DATA = re.compile(r"</?data-[0-9a-f]{12}>")
_FENCE = re.compile(r"(`{3,}|~{3,})[^`]*")
_GAP = re.compile(r"⋮ lines (\d+)-(\d+) left out")
_HIT = re.compile(r"(\S+?):(\d+): ")
_TOO_LONG = re.compile(r"Lines (\d+)-(\d+) of `([^`]+)` take about")
_FOLDER = re.compile(r"(\S*/): (.+)")
_EXCERPTS = " (excerpts; the numbers are not part of the file)"
_HUNK = re.compile(r"hunk_(\d{4})")
_KEPT = re.compile(r"^These edits are accepted and kept; do not repeat them: (.*)\.$", re.MULTILINE)
_WHOLE = re.compile(r"^Give (.*) whole this time, between WHOLE marks\.$", re.MULTILINE)
_ITEM = "# Work item"
_ASKED = "# What you asked to see"
_FAILURES = "# What fails now and did not fail before"
_CHANGE = "# Your change so far"
_NUMBERED = re.compile(r"(\d+)\. ")

Purpose = Literal["author", "correct", "repair", "criteria", "fresh"]


@dataclass(frozen=True)
class View:
    """A file as the request shows it: pieces of lines that stand together, and the ranges left out between them."""

    pieces: tuple[tuple[str, ...], ...]
    gaps: tuple[tuple[int, int], ...]
    whole: bool


@dataclass(frozen=True)
class Request:
    """A request, read.

    `now`: the files of the change so far, which replace those in `seen`; `noted`: what was looked up. `listed`: the names in
    lines like `src/shop/: cart.py, order.py`. `too_long`: ranges of lines that an answer calls too long. `failing`: the
    numbers of the hunks whose tests fail, None if the request is not about failures.
    """

    text: str
    item: str
    said: str  # what the model itself wrote in this conversation
    seen: Mapping[str, tuple[View, ...]]
    noted: Mapping[str, tuple[View, ...]]
    now: Mapping[str, tuple[View, ...]]
    hits: Mapping[str, tuple[int, ...]]
    listed: Mapping[str, frozenset[str]]
    too_long: Mapping[str, tuple[tuple[int, int], ...]]
    failing: frozenset[int] | None
    kept: frozenset[str]
    to_write_whole: frozenset[str]
    purpose: Purpose
    cut: bool
    may_ask: bool
    criteria: int
    _standing: dict[tuple[str, tuple[str, ...]], bool] = field(default_factory=dict, compare=False)

    def views(self, path: str) -> tuple[View, ...]:
        """Return how the request shows a file; what the change so far holds may be shown further by what was looked up."""
        first = self.now.get(path) or self.seen.get(path, ())
        return (*first, *self.noted.get(path, ()))

    def stands(self, path: str, lines: Sequence[str]) -> bool:
        """Return whether `lines` stand in one piece under the heading of that file."""
        key = (path, tuple(lines))
        if key not in self._standing:
            pieces = (piece for view in self.views(path) for piece in view.pieces)
            self._standing[key] = any(place_of(piece, lines) >= 0 for piece in pieces)
        return self._standing[key]

    def stands_now(self, path: str, lines: Sequence[str]) -> bool:
        """Return whether `lines` stand in the file as the section about the change so far shows it."""
        return any(place_of(piece, lines) >= 0 for view in self.now.get(path, ()) for piece in view.pieces)

    def shown_whole(self, path: str) -> bool:
        return any(view.whole for view in self.views(path))

    def gaps(self, path: str) -> Iterator[tuple[int, int]]:
        for view in self.views(path):
            yield from view.gaps

    def names(self, path: str) -> bool:
        """Return whether the path stands here: in full, or as a folder's line with the name on it."""
        folder, _, name = path.rpartition("/")
        return self.says(path) or name in self.listed.get(f"{folder}/" if folder else "./", ())

    def says(self, name: str) -> bool:
        """Return whether a path, a file name or a word stands here, and not as a part of a longer one."""
        return name in self.text and re.search(rf"(?<![\w./-]){re.escape(name)}(?![\w/-])", self.text) is not None

    def names_folder(self, folder: str) -> bool:
        """Return whether a folder, without a slash at its end, stands here: itself, or in the path of something in it."""
        return re.search(rf"(?<![\w./-]){re.escape(folder)}/", self.text) is not None

    @cached_property
    def shown(self) -> frozenset[str]:
        return frozenset((*self.seen, *self.noted, *self.now))


def read_request(messages: Sequence[Message]) -> Request:
    users = [_DATA.sub("", message.text) for message in messages if message.role == "user"]
    reader = _Reader()
    for text in users:
        reader.read(text)
    text, last = "\n".join(users), users[-1]
    kept, whole = _KEPT.search(text), _WHOLE.findall(text)
    failures = reader.sections.get(_FAILURES)
    return Request(
        text=text,
        item="\n".join(reader.sections.get(_ITEM, ())),
        said="\n".join(message.text for message in messages if message.role == "model"),
        seen={path: tuple(views) for path, views in reader.seen.items()},
        noted={path: tuple(views) for path, views in reader.noted.items()},
        now={path: tuple(views) for path, views in reader.now.items()},
        hits={path: tuple(numbers) for path, numbers in reader.hits.items()},
        listed={folder: frozenset(names) for folder, names in reader.listed.items()},
        too_long={path: tuple(ranges) for path, ranges in reader.too_long.items()},
        failing=None if failures is None else frozenset(map(int, _HUNK.findall("\n".join(_headings(failures))))),
        kept=frozenset(kept[1].split(", ")) if kept else frozenset(),
        to_write_whole=frozenset(path for line in whole for path in line.split(", ")),
        purpose=_purpose(text, reader.sections),
        cut=last.startswith("Your answer was cut off."),
        may_ask=not any(words in last for words in (LAST, NOTHING, ENOUGH)),
        criteria=_criteria(reader.sections.get(_ITEM, ())),
    )


class _Reader:
    """Reads a request line by line; what stands in a fence is no heading."""

    def __init__(self) -> None:
        self.seen: defaultdict[str, list[View]] = defaultdict(list)
        self.noted: defaultdict[str, list[View]] = defaultdict(list)
        self.now: defaultdict[str, list[View]] = defaultdict(list)
        self.hits: defaultdict[str, list[int]] = defaultdict(list)
        self.listed: defaultdict[str, set[str]] = defaultdict(set)
        self.too_long: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
        self.sections: defaultdict[str, list[str]] = defaultdict(list)

    def read(self, text: str) -> None:
        lines, number, section = text.split("\n"), 0, ""
        while number < len(lines):
            line = lines[number]
            number += 1
            if line.startswith("# "):
                section = _ITEM if line.startswith(_ITEM) else line
            self.sections[section].append(line)
            fence = _FENCE.fullmatch(line)
            if not fence:
                self._plain(line)
                continue
            above = lines[number - 2] if number > 1 else ""
            end = _closing(lines, number, fence[1])
            body, number = lines[number:end], end + 1
            self.sections[section] += [f"    {each}" for each in body]  # so that no line of it looks like a heading
            if above.startswith("## ") and section != _FAILURES:
                views = {_CHANGE: self.now, _ASKED: self.noted}.get(section, self.seen)
                _file(views, above.removeprefix("## "), body)
            else:
                for each in body:
                    self._plain(each)

    def _plain(self, line: str) -> None:
        if hit := _HIT.match(line):
            self.hits[hit[1]].append(int(hit[2]))
        elif _TOO_LONG.search(line):
            for first, last, path in _TOO_LONG.findall(line):
                self.too_long[path].append((int(first), int(last)))
        elif folder := _FOLDER.fullmatch(line):
            self.listed[folder[1]].update(folder[2].partition("; below ")[0].split(", "))


def _file(views: defaultdict[str, list[View]], heading: str, body: Sequence[str]) -> None:
    path = heading.removesuffix(_EXCERPTS)
    pieces: list[list[str]] = [[]]
    gaps = []
    for line in body:
        if gap := _GAP.fullmatch(line):
            gaps.append((int(gap[1]), int(gap[2])))
            pieces.append([])
        else:
            pieces[-1].append(line)
    view = View(tuple(map(tuple, pieces)), tuple(gaps), whole=path == heading)
    views[path].append(view)


def _closing(lines: Sequence[str], start: int, mark: str) -> int:
    """Return the number of the line that closes a fence, or of the end."""
    return next((n for n in range(start, len(lines)) if lines[n].strip() == mark), len(lines))


def _headings(lines: Sequence[str]) -> Iterator[str]:
    return (line for line in lines if line.startswith("## "))


def _purpose(text: str, sections: Mapping[str, Sequence[str]]) -> Purpose:
    if _FAILURES in sections:
        return "repair"
    if any(line.startswith("You did not answer") for line in sections.get("# What is missing", ())):
        return "criteria"
    if "# What was refused" in sections:
        return "correct"
    return "fresh" if "An earlier attempt at this work item was thrown away." in text else "author"


def _criteria(lines: Sequence[str]) -> int:
    """Return how many numbered acceptance criteria the work item has."""
    found, inside = 0, False
    for line in lines:
        if line.startswith("## "):
            inside = line == "## Acceptance criteria"
        elif inside and (number := _NUMBERED.match(line)) and int(number[1]) == found + 1:
            found += 1
    return found
