"""Syntax and outer keys of a YAML text, read from its nodes: no object is built, so no tag can do harm."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import accumulate
from typing import Literal

import yaml
from yaml.composer import Composer

Kind = Literal["list", "mapping", "expression", "scalar"]  # "expression": `${{ … }}`


@dataclass
class Part:
    """The value of an outer key. `keys`: of the mapping, or of the mappings in the list."""

    kind: Kind
    keys: set[str] = field(default_factory=set)


Outline = dict[str, Part]  # of one document, by its outer keys
_EXPRESSION = "${{"
_DEEPEST = 200  # nested brackets: libyaml takes quadratic time for them (33 s for 100,000)
_NOTHING = Part("scalar")


class _Nodes(Composer, yaml.CSafeLoader):
    """libyaml's events as nodes, built in Python: libyaml overflows the stack, and refuses an anchor that is set again."""

    def __init__(self, text: str, *, unique: bool = False) -> None:
        if max(accumulate((mark in "[{") - (mark in "]}") for mark in text), default=0) > _DEEPEST:
            raise RecursionError
        yaml.CSafeLoader.__init__(self, text)
        Composer.__init__(self)
        self._unique = unique

    def compose_mapping_node(self, anchor: dict[object, yaml.Node]) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        seen: set[tuple[str, bool]] = set()
        for key, _ in node.value if self._unique else ():
            # A merge key may come more than once: the parsers of Ruby and JavaScript take it.
            if isinstance(key, yaml.ScalarNode) and key.value != "<<":
                known = (key.value, not key.style)
                if known in seen:
                    raise yaml.MarkedYAMLError(
                        problem=f'the key "{key.value[:80]}" is there twice', problem_mark=key.start_mark
                    )
                seen.add(known)
        return node

    def documents(self) -> Iterator[yaml.Node]:
        while self.check_node():
            if node := self.get_node():
                yield node


def yaml_error(text: str, *, unique: bool = True) -> str:
    """Return the first syntax error and its line, "" if there is none. `unique`: a repeated key is one, too."""
    try:
        for _ in _Nodes(text, unique=unique).documents():
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return f"line {mark.line + 1}: {error.problem}" if mark else str(error.problem)
    except (yaml.YAMLError, ValueError) as error:
        return " ".join(str(error).split())[:200]
    except RecursionError:
        return "it is nested too deeply"
    return ""


def outlines(text: str, words: Collection[str] = ()) -> list[Outline]:
    """Return the outer keys of each document with what they hold; of inner keys, expressions and these `words`.

    A broken file is read line by line, so that it cannot hide its keys.
    """

    @cache  # an alias may stand a thousand times for a mapping of a thousand keys
    def keys(node: yaml.Node) -> frozenset[str]:
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        names = (key.value for key, _ in pairs if isinstance(key, yaml.ScalarNode))
        return frozenset(_EXPRESSION if is_expression(name) else name for name in names).intersection(
            (_EXPRESSION, *words)
        )

    def part(node: yaml.Node) -> Part:
        if isinstance(node, yaml.MappingNode):
            return Part("mapping", {*keys(node)})
        if isinstance(node, yaml.SequenceNode):
            return Part("list", {key for item in node.value for key in keys(item)})
        return Part("expression" if is_expression(node.value) else "scalar")

    try:
        return [_outline(node, part) for node in _Nodes(text).documents()]
    except (yaml.YAMLError, ValueError, RecursionError):
        return [_by_line(text)]


def _outline(node: yaml.Node, part: Callable[[yaml.Node], Part]) -> Outline:
    outline: Outline = {}
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        # Of a repeated key, what holds most counts.
        if isinstance(key, yaml.ScalarNode) and outline.get(key.value, _NOTHING).kind == "scalar":
            outline[key.value] = part(value)
    return outline


def is_expression(text: str) -> bool:
    """Return whether Azure Pipelines expands this key or value as a template expression."""
    return text.lstrip().startswith(_EXPRESSION)


def _by_line(text: str) -> Outline:
    """Read a broken text: what stands below an outer key, at any depth, counts as its keys."""
    outline: Outline = {}
    part: Part | None = None
    for line in text.split("\n"):
        key, colon, value = line.strip().removeprefix("- ").partition(":")
        key = key.strip("\"' ")
        if line[:1].isspace() or line.startswith("-"):
            if part and not part.keys and line.lstrip().startswith("-"):
                part.kind = "list"
            if part:
                part.keys.add(key)
        elif colon and key and not line.startswith("#"):
            part = outline.setdefault(key, Part("list" if value.strip().startswith("[") else "mapping"))
    return outline
