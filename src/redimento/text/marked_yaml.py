"""Parse YAML into plain data with the place of every value."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

Path = tuple[str | int, ...]

LARGEST = 100_000  # characters; a settings file has a few thousand
_DEEPEST = 20  # levels; PyYAML's composer is recursive
_STANDARD = "tag:yaml.org,2002:"
_SCALARS = frozenset(_STANDARD + name for name in ("str", "int", "float", "bool", "null"))
_COLLECTIONS = frozenset(_STANDARD + name for name in ("map", "seq"))
# PyYAML converts these plain scalars; here they stay text.
_TEXTS = frozenset(_STANDARD + name for name in ("timestamp", "merge", "value"))


class Place(NamedTuple):
    """A place in a text; both count from 1."""

    line: int
    column: int = 1


_START = Place(1)


@dataclass
class Document:
    """A parsed YAML text. `places` has that of each path, `problems` everything that could not be read.

    `empty` lists the keys without a value, which are not in `data`.
    """

    data: Any = None
    places: dict[Path, Place] = field(default_factory=dict)
    empty: list[Path] = field(default_factory=list)
    problems: list[tuple[Place, Path, str]] = field(default_factory=list)

    def place(self, path: Path) -> Place:
        """Return the place of `path`, or of the nearest enclosing value."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, _START)


def read(text: str) -> Document:
    """Return the data of one YAML document; problems are reported in the result, never raised.

    Keys with a null value are left out. Aliases, tags, duplicate keys and further documents are problems: with aliases
    a few lines can expand to gigabytes.
    """
    document = Document()
    if len(text) > LARGEST:
        document.problems.append((_START, (), f"the file is longer than {LARGEST:,} characters"))
        return document
    try:
        _check_events(text, document)
        if not document.problems:
            loader = yaml.SafeLoader(text)
            root = loader.get_single_node()
            if root is not None:
                document.data = _Reader(loader, document).value(root, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        reason = " ".join(part for part in (error.context, error.problem) if part)
        document.problems.append((_place(mark), (), f"this is not YAML: {reason}"))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        document.problems.append((Place(line), (), "this is not YAML: it contains a control character"))
    return document


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1) if mark else _START


def _check_events(text: str, document: Document) -> None:
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        place = _place(event.start_mark)
        if isinstance(event, yaml.AliasEvent):
            document.problems.append((place, (), f"aliases such as *{event.anchor} are not allowed: repeat the value"))
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                document.problems.append((place, (), "a second document starts here: only one is allowed"))
                return
        elif isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                document.problems.append((place, (), f"values are nested more than {_DEEPEST} levels deep"))
                return
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Reader:
    def __init__(self, loader: yaml.SafeLoader, document: Document) -> None:
        self._loader = loader
        self._document = document

    def value(self, node: yaml.Node, path: Path) -> Any:
        self._document.places.setdefault(path, _place(node.start_mark))
        if node.tag not in _SCALARS | _COLLECTIONS | _TEXTS:
            return self._problem(node, path, "tags are not allowed")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*path, index)) for index, item in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        data: dict[str, Any] = {}
        seen: dict[str, int] = {}  # key → line
        for key_node, value_node in node.value:
            place = _place(key_node.start_mark)
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(key_node, path, "a key must be plain text")
                continue
            key = key_node.value
            if key in seen:
                self._problem(key_node, (*path, key), f"duplicate key, first used in line {seen[key]}")
                continue
            seen[key] = place.line
            self._document.places[*path, key] = place
            before = len(self._document.problems)
            value = self.value(value_node, (*path, key))
            if value is not None:
                data[key] = value
            elif len(self._document.problems) == before:
                self._document.empty.append((*path, key))
        return data

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        if node.tag in _TEXTS:
            return node.value
        try:
            value = self._loader.construct_object(node)
        except (yaml.YAMLError, ValueError, ArithmeticError, LookupError):
            return self._problem(node, path, "this value cannot be read: put it in quotes")
        if isinstance(value, float) and not math.isfinite(value):
            return self._problem(node, path, "must be a finite number")
        return value

    def _problem(self, node: yaml.Node, path: Path, reason: str) -> None:
        self._document.problems.append((_place(node.start_mark), path, reason))
