"""A project in a folder of a tree, as the detectors see it: its files, what they say, and what pipelines run there."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any, NamedTuple

from redimento.settings import CheckCommand

_INSTALLS = re.compile(r"\b(?:install|add|echo|printf|cache|restore|docker|curl)\b")
_COMPUTED = re.compile(r"[$`?<>|(){}%]")
_REST = re.compile(r"\s(?:\||\d?>|<|&).*")  # where a command line goes on as something else
_LONGEST_LINE = 1_000  # characters


class Line(NamedTuple):
    """One command that a pipeline runs, and the job that it is a part of."""

    text: str
    job: str


class Proposal(NamedTuple):
    """Lines of `checks.setup` and checks, both as they run in the project's folder."""

    setup: tuple[str, ...] = ()
    commands: tuple[CheckCommand, ...] = ()


@dataclass(frozen=True)
class Project:
    """`folder` is "" for the root of the tree; `files` are sorted paths below it; `read` returns the text of one of them."""

    folder: str
    files: Sequence[str]
    read: Callable[[str], str]
    lines: tuple[Line, ...] = field(default=())

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.files)

    @cached_property
    def _folders(self) -> frozenset[str]:
        return frozenset(str(folder) for path in self.files for folder in PurePosixPath(path).parents)

    def has(self, *names: str) -> bool:
        return not self._names.isdisjoint(names)

    def has_folder(self, name: str) -> bool:
        return name.strip("/").removeprefix("./") in self._folders

    def first(self, *names: str) -> str:
        """Return the first of these files that is there, or ""."""
        return next((name for name in names if name in self._names), "")

    def matching(self, pattern: str) -> list[str]:
        """Return the files whose whole path matches."""
        compiled = re.compile(pattern)
        return [path for path in self.files if compiled.fullmatch(path)]

    def texts(self, paths: Sequence[str], most: int = 40) -> str:
        """Return the texts of the first files, one after the other."""
        return "\n".join(map(self.read, paths[:most]))

    def json(self, name: str) -> dict[str, Any]:
        """Return the table in a JSON file, {} if there is none."""
        return _table(json.loads, self.read(name))

    def toml(self, name: str) -> dict[str, Any]:
        return _table(tomllib.loads, self.read(name))

    def runs(self, pattern: str, *, installs: bool = False) -> list[list[str]]:
        """Return the words of the commands of pipelines from where `pattern` matches, without computed ones.

        `installs`: also look at commands that install something.
        """
        compiled = re.compile(rf"(?:^|(?<=[\s/@]))(?:{pattern})(?=\s|$)")
        found = ((line.text, compiled.search(line.text[:_LONGEST_LINE])) for line in self.lines)
        return [
            words(text[at.start() :])
            for text, at in found
            if at and (installs or not _INSTALLS.search(text[: at.end()]))
        ]

    def ran(self, pattern: str, *, installs: bool = False) -> list[str] | None:
        """Return the first of `runs`, None if there is none."""
        return next(iter(self.runs(pattern, installs=installs)), None)


def words(line: str) -> list[str]:
    """Return the words of a command without those that only the shell or the pipeline can complete."""
    try:
        found = shlex.split(_REST.sub("", re.sub(r"\$?\{\{.{0,200}?\}\}", "$", line)))
    except ValueError:
        return []
    kept: list[str] = []
    for word in found:
        if not _COMPUTED.search(word):
            kept.append(word)
        elif len(kept) > 1 and re.fullmatch(r"--?[\w-]+", kept[-1]):  # an option without its value
            kept.pop()
    return kept


def table(value: Any, *keys: str) -> dict[str, Any]:
    """Return the table at the end of `keys`, {} if there is none."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def strings(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def required(commands: Sequence[CheckCommand]) -> Iterator[CheckCommand]:
    yield from (command for command in commands if command.required)


def _table(load: Callable[[str], Any], text: str) -> dict[str, Any]:
    try:
        loaded = load(text)
    except (ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
