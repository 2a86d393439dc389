"""Syntax and outer keys of a YAML text, read from its events: no object is built, so no tag can do harm."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

# libyaml takes quadratic time for nested brackets (33 s for 100,000), and building nodes from deep nesting overflows the
# C stack.
_DEEPEST = 200


def yaml_error(text: str) -> str:
    """Return the first syntax error and its line; "" if there is none or the text is a template."""
    if "{{" in text or "{%" in text:
        return ""
    if _too_deep(text):
        return "it is nested too deeply"
    try:
        for _ in yaml.parse(text, Loader=yaml.CSafeLoader):
            pass
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return f"line {mark.line + 1}: {error.problem}" if mark else str(error.problem)
    except (yaml.YAMLError, ValueError) as error:
        return " ".join(str(error).split())[:200]
    return ""


def top_level(text: str) -> dict[str, str]:
    """Return the keys of the outermost mappings and the kind of each value: "list", "mapping", "expression" (`${{ … }}`) or "scalar".

    A broken file is read line by line, so that it cannot hide its keys.
    """
    if not _too_deep(text):
        try:
            return dict(_keys(text))
        except (yaml.YAMLError, ValueError):
            pass
    return dict(_keys_by_line(text))


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


def _keys(text: str) -> Iterator[tuple[str, str]]:
    depth, key, outer_is_mapping = 0, "", False
    expects_key = True
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
            expects_key = True
            continue
        if not isinstance(event, yaml.NodeEvent):
            continue
        opens = isinstance(event, yaml.CollectionStartEvent)
        if depth == 0:
            outer_is_mapping, expects_key = isinstance(event, yaml.MappingStartEvent), True
        elif depth == 1 and outer_is_mapping:
            if expects_key and not opens:
                key, expects_key = getattr(event, "value", ""), False
            else:
                yield key, _kind(event)
                expects_key = not opens
        depth += opens


def _kind(event: yaml.NodeEvent) -> str:
    if isinstance(event, yaml.SequenceStartEvent):
        return "list"
    if isinstance(event, yaml.MappingStartEvent):
        return "mapping"
    return "expression" if is_expression(getattr(event, "value", "")) else "scalar"


def is_expression(text: str) -> bool:
    """Return whether Azure Pipelines expands this key or value as a template expression."""
    return text.lstrip().startswith("${{")


def _keys_by_line(text: str) -> Iterator[tuple[str, str]]:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        key, colon, value = line.partition(":")
        if colon and key and not key[0].isspace():
            following = next((below for below in lines[number + 1 : number + 20] if below.strip()), "")
            is_list = value.strip().startswith("[") or (not value.strip() and following.lstrip().startswith("-"))
            yield key.strip("\"' "), "list" if is_list else "mapping"
