"""Expand Azure Pipelines templates: as much of `${{ }}` and templates as our own files use.

Supports literals, `parameters.…` paths, the functions coalesce, eq, ne, in, and, or, not, split and format; the keys `if`, `elseif`,
`else` and `each` in mappings and lists; templates of steps, jobs and `extends`; typed parameters. Anything else is an
error, so a file cannot use features that no test covers. Source: learn.microsoft.com/azure/devops/pipelines/process/
template-expressions and template-parameters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

_TOKEN: Final = re.compile(
    r"\s*(?:'(?P<text>(?:[^']|'')*)'|(?P<number>-?\d+)|(?P<word>[A-Za-z_][\w.]*)|(?P<mark>[(),]))"
)
_EXPRESSION: Final = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_WHOLE: Final = re.compile(r"\$\{\{\s*((?:(?!\}\}).)*?)\s*\}\}")
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")


class ExpansionError(Exception):
    """Azure would refuse the pipeline, or the file uses something this module does not support."""


@dataclass(frozen=True)
class Root:
    """Where to find templates: `name@alias` in the folder of the alias, other names next to the file."""

    folder: Path
    repositories: Mapping[str, Path]


class _Loader(yaml.BaseLoader):
    """Refuses a key that a mapping has twice, as Azure does: a second `${{ else }}` would replace the first."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002
        keys = [key.value for key, _ in node.value]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise ExpansionError(f"the key {', '.join(sorted(twice))} is already defined")
        return super().construct_mapping(node, deep)


def load(path: Path) -> Any:
    """Read a pipeline file as Azure does: every scalar is text."""
    return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)


def expand_pipeline(path: Path, values: Mapping[str, Any], repositories: Mapping[str, Path]) -> dict[str, Any]:
    """Return the final pipeline with every template expanded.

    `values` are the parameters of the run, and the webhook bodies under their aliases.
    """
    source = load(path)
    aliases = [hook["webhook"] for hook in source.get("resources", {}).get("webhooks", [])]
    scope = _typed(source.get("parameters", []), {k: v for k, v in values.items() if k not in aliases})
    scope |= {alias: values.get(alias, "") for alias in aliases}
    root = Root(path.parent, repositories)
    pipeline = {
        key: _expand(value, scope, root) for key, value in source.items() if key not in {"parameters", "extends"}
    }
    if "extends" in source:
        extends = _expand(source["extends"], scope, root)
        pipeline |= _template(extends["template"], extends.get("parameters", {}), root)
    return pipeline


def evaluate(expression: str, scope: Mapping[str, Any]) -> Any:
    """Return the value of one template expression."""
    tokens = list(_tokens(expression))
    value, rest = _value(tokens, scope)
    if rest:
        raise ExpansionError(f"cannot read {expression!r} to its end")
    return value


def _tokens(expression: str) -> Iterator[tuple[str, str]]:
    position = 0
    while position < len(expression):
        found = _TOKEN.match(expression, position)
        if found is None or found.lastgroup is None:
            raise ExpansionError(f"cannot read {expression!r}")
        yield found.lastgroup, found[found.lastgroup]
        position = found.end()


def _value(tokens: list[tuple[str, str]], scope: Mapping[str, Any]) -> tuple[Any, list[tuple[str, str]]]:
    if not tokens:
        raise ExpansionError("an expression ends too early")
    (kind, text), rest = tokens[0], tokens[1:]
    if kind == "text":
        return text.replace("''", "'"), rest
    if kind == "number":
        return text, rest
    if kind == "word" and rest[:1] == [("mark", "(")]:
        return _call(text, rest[1:], scope)
    if kind == "word":
        return _path(text, scope), rest
    raise ExpansionError(f"unexpected {text!r}")


def _call(name: str, tokens: list[tuple[str, str]], scope: Mapping[str, Any]) -> tuple[Any, list[tuple[str, str]]]:
    arguments = []
    while True:
        argument, tokens = _value(tokens, scope)
        arguments.append(argument)
        mark, tokens = tokens[:1], tokens[1:]
        if mark == [("mark", ")")]:
            return _apply(name, arguments), tokens
        if mark != [("mark", ",")]:
            raise ExpansionError(f"the arguments of {name} do not end")


def _apply(name: str, arguments: list[Any]) -> Any:
    match name, arguments:
        case "coalesce", _:
            return next((argument for argument in arguments if argument not in {"", None}), "")
        case "eq", [first, second]:
            return _same(first, second)
        case "ne", [first, second]:
            return not _same(first, second)
        case "in", [needle, *others]:
            return any(_same(needle, other) for other in others)
        case "split", [text, sign]:
            return _text(text).split(sign)
        case "and", _:
            return all(_truth(argument) for argument in arguments)
        case "or", _:
            return any(_truth(argument) for argument in arguments)
        case "not", [argument]:
            return not _truth(argument)
        case "format", [pattern, *values]:
            return re.sub(r"\{(\d+)\}", lambda found: _text(values[int(found[1])]), pattern)
    raise ExpansionError(f"the function {name} with {len(arguments)} arguments is not known")


def _same(first: Any, second: Any) -> bool:
    # Strings are compared case-insensitively: template-expressions#eq.
    return _text(first).lower() == _text(second).lower()


def _truth(value: Any) -> bool:
    return _text(value).lower() not in {"", "false", "0"}


def _text(value: Any) -> str:
    return {True: "True", False: "False", None: ""}[value] if isinstance(value, bool | None) else str(value)


def _path(path: str, scope: Mapping[str, Any]) -> Any:
    words = path.split(".")
    if path.lower() in {"true", "false"}:
        return path.lower() == "true"
    if words[0] == "parameters":
        words = words[1:]
        if words[0] not in scope:
            raise ExpansionError(f"there is no parameter {words[0]!r} here")
    elif words[0] not in scope:
        raise ExpansionError(f"{path!r} is not known when templates are expanded")
    value: Any = scope
    for word in words:  # a missing member is empty, not an error
        value = value.get(word, "") if isinstance(value, Mapping) else ""
    return value


def _expand(node: Any, scope: Mapping[str, Any], root: Root) -> Any:
    if isinstance(node, dict):
        return dict(_pairs(node, scope, root))
    if isinstance(node, list):
        return [item for part in _runs(node) for item in _items(part, scope, root)]
    return _scalar(node, scope)


def _scalar(text: str, scope: Mapping[str, Any]) -> Any:
    whole = _WHOLE.fullmatch(text)
    if whole:
        return evaluate(whole[1], scope)
    return _EXPRESSION.sub(lambda found: _text(evaluate(found[1], scope)), text)


def _pairs(node: Mapping[str, Any], scope: Mapping[str, Any], root: Root) -> Iterator[tuple[str, Any]]:
    taken = False
    for key, value in node.items():
        chosen, taken, scopes = _directive(key, scope, taken=taken)
        if chosen is None:
            yield key, _expand(value, scope, root)
            continue
        for inner in scopes if chosen else ():
            yield from _pairs(value, inner, root)


def _runs(items: list[Any]) -> Iterator[list[Any]]:
    """Group list items so that each `elseif` and `else` is with its `if`."""
    run: list[Any] = []
    for item in items:
        key = next(iter(item)) if isinstance(item, dict) and item else ""
        if run and not re.match(r"\$\{\{\s*else", key):
            yield run
            run = []
        run.append(item)
    if run:
        yield run


def _items(run: list[Any], scope: Mapping[str, Any], root: Root) -> Iterator[Any]:
    taken = False
    for item in run:
        key = next(iter(item)) if isinstance(item, dict) and len(item) == 1 else ""
        chosen, taken, scopes = _directive(key, scope, taken=taken)
        if chosen is not None:
            for inner in scopes if chosen else ():
                yield from _expand(item[key], inner, root)
        elif isinstance(item, dict) and "template" in item:
            call = _expand(item, scope, root)
            body = _template(call["template"], call.get("parameters", {}), root)
            yield from body.get("steps", body.get("jobs", []))
        else:
            yield _expand(item, scope, root)


def _directive(key: str, scope: Mapping[str, Any], *, taken: bool) -> tuple[bool | None, bool, list[Mapping[str, Any]]]:
    """Read a key such as `${{ if … }}`: whether its branch is taken (None: an ordinary key), and in which scopes."""
    whole = _WHOLE.fullmatch(key)
    if whole is None:
        return None, False, []
    word, _, condition = whole[1].partition(" ")
    if word == "each":
        name, _, source = condition.partition(" in ")
        return True, False, [{**scope, name.strip(): value} for value in evaluate(source, scope)]
    if word not in {"if", "elseif", "else"}:
        raise ExpansionError(f"the key {key!r} is not known")
    true = word == "else" or _truth(evaluate(condition, scope))
    chosen = true and not (taken and word != "if")
    return chosen, chosen or (taken and word != "if"), [scope]


def _template(name: str, given: Mapping[str, Any], root: Root) -> dict[str, Any]:
    file, _, alias = name.partition("@")
    path = root.repositories[alias] / file if alias else root.folder / file
    source = load(path)
    scope = _typed(source.get("parameters", []), given)
    inside = Root(path.parent, root.repositories)
    return {key: _expand(value, scope, inside) for key, value in source.items() if key != "parameters"}


def _typed(declared: list[Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    names = {parameter["name"] for parameter in declared}
    if strangers := given.keys() - names:
        raise ExpansionError(f"unexpected parameter {', '.join(sorted(strangers))}")
    scope: dict[str, Any] = {}
    for parameter in declared:
        name = parameter["name"]
        if name not in given and "default" not in parameter:
            raise ExpansionError(f"a value for the parameter {name!r} is required")
        value = given.get(name, parameter.get("default"))
        if parameter["type"] == "number" and not _NUMBER.fullmatch(_text(value)):
            raise ExpansionError(f"the value of {name!r} is not a valid number")
        if parameter["type"] == "string" and not isinstance(value, str):
            raise ExpansionError(f"the value of {name!r} is no text")
        if value not in parameter.get("values", [value]):
            raise ExpansionError(f"{value!r} is not among the values of {name!r}")
        scope[name] = value
    return scope
