"""Values as JSON and back: what is read was written by whoever could write to the folder, so every type is checked."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from jinja2 import TemplateError

from redimento.text.wording import Sentence

T = TypeVar("T")

_LARGEST = 10**15  # sums of larger numbers fit no float and no text, and NaN ends the count of what an item has cost


def plain(value: Any) -> Any:
    """Return a dataclass, or what may stand in one, as JSON. A sentence stays one in every language."""
    if isinstance(value, Sentence):
        return {"sentence": value.name, "values": {key: plain(one) for key, one in value.values.items()}}
    if is_dataclass(value):
        return {each.name: plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, (list, tuple)) else value


def made(kind: type[T], value: Any) -> T:
    """Return the dataclass that `plain` made into `value`. Raises ValueError for anything else."""
    try:
        return cast("T", _made(kind, value))
    except (TypeError, KeyError, AttributeError, ArithmeticError, RecursionError, TemplateError) as error:
        raise ValueError(f"not a {kind.__name__}: {error}") from None


def _made(kind: Any, value: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return cast("Any", kind)(**{name: _made(hints[name], one) for name, one in value.items()})
    if origin in (Union, types.UnionType):
        return None if value is None else _made(next(one for one in inner if one is not types.NoneType), value)
    if origin is tuple and isinstance(value, list):
        return tuple(_made(inner[0], one) for one in value)
    if origin is dict and isinstance(value, dict):
        return {_made(inner[0], key): _made(inner[1], one) for key, one in value.items()}
    if origin is Literal and value in inner:
        return value
    if kind is str and isinstance(value, dict):
        return _sentence(value)
    if type(value) in (int, float) and not abs(value) <= _LARGEST:  # nor NaN
        raise ValueError("a number out of range")
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is kind and kind in (str, int, float, bool):
        return value
    raise ValueError(f"{type(value).__name__} in place of {kind}")


def _sentence(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_sentence(one) for one in value)
    if isinstance(value, dict):
        return Sentence(value["sentence"], **{key: _sentence(one) for key, one in value["values"].items()})
    return value
