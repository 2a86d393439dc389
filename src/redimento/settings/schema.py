"""The JSON Schema of the settings, and its errors in plain words."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from redimento.text.marked_yaml import Path

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "empty",
}
_LIMITS = {
    "minimum": "must be at least {limit}, not {value}",
    "exclusiveMinimum": "must be more than {limit}, not {value}",
    "maximum": "must be at most {limit}, not {value}",
    "minLength": "must have at least {limit} characters",
    "maxLength": "must have at most {limit} characters",
    "maxItems": "must have at most {limit} entries",
    "maxProperties": "must have at most {limit} entries",
    "minItems": "must have at least {limit} entries",
    "pattern": "{value} is not the name of an environment variable",
    "anyOf": "must be a non-empty shell line or a non-empty list of words",
}
_MOST_SEEN = 3  # places to read about
_LONGEST_SHOWN = 60  # characters of a wrong value in a message


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the settings file."""
    text = resources.files("redimento.settings").joinpath("settings.schema.json").read_text("utf-8")
    return dict(json.loads(text))


def problems(data: object) -> Iterator[tuple[Path, str]]:
    """Yield path and reason for everything in `data` that does not fit the schema."""
    for error in _validator().iter_errors(data):
        path: Path = tuple(error.absolute_path)
        if (
            error.validator == "additionalProperties"
            and isinstance(error.schema, Mapping)
            and "properties" in error.schema
        ):
            known = error.schema["properties"]
            for key in error.instance:
                if key not in known:
                    yield (*path, key), f"is not a known setting.{_nearest(key, path, known)}"
        else:
            yield path, _reason(error)


def unknown(path: Path) -> str:
    """Return what is wrong with a key without a value; "" when it is a known setting."""
    whole = schema()
    described: Mapping[str, Any] = whole
    for place, part in enumerate(path):
        if isinstance(part, int):
            described = _referred(whole, described.get("items", {}))
            continue
        known = described.get("properties")
        if known is None:
            return ""
        if part not in known:
            return f"is not a known setting.{_nearest(part, path[:place], known)}"
        described = _referred(whole, known[part])
    return ""


def _referred(whole: Mapping[str, Any], described: Mapping[str, Any]) -> Mapping[str, Any]:
    return whole["$defs"][described["$ref"].rpartition("/")[2]] if "$ref" in described else described


@cache
def reference() -> dict[str, dict[str, Any]]:
    """Return what the schema says of each section and setting, by its anchor in `docs/settings.md`, in that order."""
    return dict(_anchored(schema(), schema()["$defs"], ()))


def _anchored(
    described: Mapping[str, Any], defined: Mapping[str, Any], place: tuple[str, ...]
) -> Iterator[tuple[str, dict[str, Any]]]:
    if place:
        yield "-".join(place), dict(described)
    entry = {**described, **described.get("items", {})} if "properties" not in described else described
    inside = {**defined.get(entry.get("$ref", "").rpartition("/")[2], {}), **entry}.get("properties", {})
    keys = {name: {**defined.get(key.get("$ref", "").rpartition("/")[2], {}), **key} for name, key in inside.items()}
    if all("description" in key for key in keys.values()):
        for name, key in keys.items():
            yield from _anchored(key, defined, (*place, name))


def see(keys: Iterable[str]) -> str:
    """Return where to read about these keys, which are in dotted notation."""
    found = []
    for key in keys:
        parts = re.sub(r"\[\d+\]", "", key).split(".")
        longest = ["-".join(parts[:end]) for end in (3, 2, 1)]
        found += [each for each in longest if each in reference()][:1]
    places = [f"docs/settings.md#{each}" for each in dict.fromkeys(found[:_MOST_SEEN])]
    return f"See {', '.join(places or ['docs/settings.md'])}."


def dotted(path: Path) -> str:
    """Return `path` in dotted notation; "" for the whole file."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{_shown(part)}" if text else _shown(part)
    return text


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # noqa: PLC0415  takes 0.05 s to load, and not every run needs it

    return Draft202012Validator(schema())


def _nearest(key: str, path: Path, known: Mapping[str, Any]) -> str:
    lowered = key.lower().replace("-", "_")
    elsewhere = _sections_by_key() if len(path) <= 1 else {}
    if lowered in elsewhere and lowered not in known:
        return _guess(f"{elsewhere[lowered]}.{lowered}")
    if close := difflib.get_close_matches(lowered, known, n=1, cutoff=0.6):
        return _guess(close[0])
    if close := difflib.get_close_matches(lowered, elsewhere, n=1, cutoff=0.75):
        return _guess(f"{elsewhere[close[0]]}.{close[0]}")
    return f" Known settings here: {', '.join(known)}"


@cache
def _sections_by_key() -> dict[str, str]:
    sections = schema()["properties"]
    return {name: section for section, described in sections.items() for name in described.get("properties", ())}


def _guess(name: str) -> str:
    return f' Did you mean "{name}"?'


def _reason(error: ValidationError) -> str:
    value: Any = error.instance
    limit: Any = error.validator_value
    if error.validator == "type":
        kinds = [limit] if isinstance(limit, str) else [kind for kind in limit if kind != "null"]
        return f"must be {' or '.join(KINDS[kind] for kind in kinds)}, not {_kind(value)}{_hint(kinds, value)}"
    if error.validator == "enum":
        close = difflib.get_close_matches(str(value).lower(), limit, n=1, cutoff=0.5)
        allowed = ", ".join(f'"{each}"' for each in limit)
        return f"must be one of {allowed}, not {_quoted(value)}.{_guess(close[0]) if close else ''}"
    if error.validator == "required":
        return f"lacks {' and '.join(name for name in limit if name not in value)}"
    if value in ("", []) and error.validator in {"minLength", "minItems"}:
        return "must not be empty"
    return _LIMITS[str(error.validator)].format(limit=limit, value=_quoted(value))


def _kind(value: object) -> str:
    for kind, types in (("boolean", bool), ("object", dict), ("array", list), ("string", str), ("null", type(None))):
        if isinstance(value, types):
            return "empty text" if value == "" else KINDS[kind]
    return f"the number {_shown(value)}"


def _hint(kinds: list[str], value: object) -> str:
    if kinds == ["array"] and isinstance(value, str):
        return f": write [{_shown(value)}]"
    if kinds == ["string"] and not isinstance(value, dict | list):
        return ": put it in quotes"
    return ""


def _quoted(value: object) -> str:
    return f'"{_shown(value)}"' if isinstance(value, str) else _shown(value)


def _shown(value: object) -> str:
    """Return a value of the file on one line, shortened if needed."""
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= _LONGEST_SHOWN else f"{line[:_LONGEST_SHOWN]}…"
