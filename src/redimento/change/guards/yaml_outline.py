"""Syntax and outer keys of a YAML text, read from its events: no object is built, so no tag can do harm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

import yaml

# libyaml takes quadratic time for nested brackets (33 s for 100,000), and building nodes from deep nesting overflows the
# C stack.
_DEEPEST = 200

Kind = Literal["list", "mapping", "expression", "alias", "scalar"]  # "expression": `${{ … }}`
_ITEM_DEPTH = 3  # of the mappings in a list below an outer key


@dataclass
class Part:
    """The value of an outer key. `keys`: of the mapping, or of the mappings in the list; `aliased`: the list has `*alias` items."""

    kind: Kind
    keys: set[str] = field(default_factory=set)
    aliased: bool = False


Outline = dict[str, Part]  # of one document, by its outer keys


@dataclass
class _Open:
    """A collection that is not closed yet. `key`: the last one, where it is a mapping whose value comes next."""

    is_mapping: bool
    seen: set[tuple[str, bool]] = field(default_factory=set)
    key: str | None = None


def yaml_error(text: str, *, unique: bool = True) -> str:
    """Return the first syntax error and its line, "" if there is none. `unique`: a repeated key is one, too."""
    if _too_deep(text):
        return "it is nested too deeply"
    stack: list[_Open] = []
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if unique and isinstance(event, yaml.ScalarEvent) and (key := _key(stack, event)) is not None:
                # A merge key may come more than once: the parsers of Ruby and JavaScript take it.
                known = (key, not event.style)
                if known in stack[-1].seen and key != "<<":
                    line = event.start_mark.line + 1 if event.start_mark else 1
                    return f'line {line}: the key "{key[:80]}" is there twice'
                stack[-1].seen.add(known)
            _step(stack, event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return f"line {mark.line + 1}: {error.problem}" if mark else str(error.problem)
    except (yaml.YAMLError, ValueError) as error:
        return " ".join(str(error).split())[:200]
    return ""


def outlines(text: str) -> list[Outline]:
    """Return the outer keys of each document with what they hold.

    A broken file is read line by line, so that it cannot hide its keys.
    """
    if not _too_deep(text):
        try:
            return list(_outlines(text))
        except (yaml.YAMLError, ValueError):
            pass
    return [_by_line(text)]


def _too_deep(text: str) -> bool:
    depth = 0
    for character in text:
        if character in "[{":
            depth += 1
            if depth > _DEEPEST:
                return True
        elif character in "]}":
            depth -= 1
    return False


def _outlines(text: str) -> Iterator[Outline]:
    stack: list[_Open] = []
    outline: Outline = {}
    outer = ""
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.NodeEvent):
            key = _key(stack, event)
            if len(stack) == 1 and stack[0].is_mapping:
                if key is not None:
                    outer = key
                else:
                    _add(outline, outer, _kind(event))
            elif outer in outline:
                _look_inside(outline[outer], stack, key, event)
        _step(stack, event)
        if isinstance(event, yaml.DocumentEndEvent):
            yield outline
            outline, outer = {}, ""


def _look_inside(part: Part, stack: list[_Open], key: str | None, event: yaml.NodeEvent) -> None:
    depth = len(stack)
    if key is not None and (
        (depth == _ITEM_DEPTH - 1 and stack[1].is_mapping) or (depth == _ITEM_DEPTH and not stack[1].is_mapping)
    ):
        part.keys.add(key)
    elif depth == _ITEM_DEPTH - 1 and not stack[1].is_mapping and isinstance(event, yaml.AliasEvent):
        part.aliased = True


def _add(outline: Outline, key: str, kind: Kind) -> None:
    """Note an outer key; of a repeated one, what holds most counts."""
    if key not in outline or outline[key].kind == "scalar":
        outline[key] = Part(kind)


def _key(stack: list[_Open], event: yaml.NodeEvent) -> str | None:
    """Return the text of a node that is a key of the innermost mapping, None for any other."""
    if not stack or not stack[-1].is_mapping or stack[-1].key is not None:
        return None
    return getattr(event, "value", "")


def _step(stack: list[_Open], event: yaml.Event) -> None:
    """Follow an event: open or close a collection, and turn from a key to its value and back."""
    if isinstance(event, yaml.CollectionEndEvent):
        stack.pop()
    elif not isinstance(event, yaml.NodeEvent):
        return
    elif isinstance(event, yaml.CollectionStartEvent):
        stack.append(_Open(isinstance(event, yaml.MappingStartEvent)))
        return
    if stack and stack[-1].is_mapping:
        stack[-1].key = (getattr(event, "value", "") or "") if stack[-1].key is None else None


def _kind(event: yaml.NodeEvent) -> Kind:
    if isinstance(event, yaml.SequenceStartEvent):
        return "list"
    if isinstance(event, yaml.MappingStartEvent):
        return "mapping"
    if isinstance(event, yaml.AliasEvent):
        return "alias"
    return "expression" if is_expression(getattr(event, "value", "")) else "scalar"


def is_expression(text: str) -> bool:
    """Return whether Azure Pipelines expands this key or value as a template expression."""
    return text.lstrip().startswith("${{")


def _by_line(text: str) -> Outline:
    """Read a broken text: what stands below an outer key, at any depth, counts as its keys."""
    outline: Outline = {}
    lines = text.split("\n")
    outer = ""
    for number, line in enumerate(lines):
        key, colon, value = line.strip().removeprefix("- ").partition(":")
        if line[:1].isspace() or line.startswith(("-", "#")):
            if outer and not line.startswith("#"):
                outline[outer].keys.add(key.strip("\"' "))
        elif colon and key:
            following = next((below for below in lines[number + 1 : number + 20] if below.strip()), "")
            is_list = value.strip().startswith("[") or (not value.strip() and following.lstrip().startswith("-"))
            outer = key.strip("\"' ")
            _add(outline, outer, "list" if is_list else "mapping")
    return outline
