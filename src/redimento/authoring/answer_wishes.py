"""What the JSON head of an answer asks to see and to try, in any form that models use. Never raises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, get_args

from redimento.authoring.answer import Trial
from redimento.authoring.answer_json import clean, texts
from redimento.exploration.wish import Kind, Wish

_MOST = 40  # of one answer
_LONGEST = 500  # characters
_MOST_AROUND = 20  # lines
_TARGETS = ("pattern", "query", "regex", "path", "file", "folder", "glob", "symbol", "name", "target", "text")
_WITHIN = ("in", "within", "glob", "path", "paths", "files")
_RANGES = ("lines", "range", "ranges")


def wishes(values: Mapping[str, Any]) -> tuple[Wish, ...]:
    """Return at most 40 wishes, each once: read, list, search, uses, history."""
    found = (wish for kind in get_args(Kind) for item in _items(values.get(kind)) if (wish := _wish(kind, item)))
    return tuple(dict.fromkeys(islice(found, _MOST)))


def _items(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict) and not value.keys() & set(_TARGETS):  # {"src/cart.py": "10-80"}
        yield from ({"path": path, "lines": lines} for path, lines in value.items())
    elif value:
        yield value


def _wish(kind: Kind, item: Any) -> Wish | None:
    said = item if isinstance(item, dict) else {"target": item}
    names = ("symbol", "name", *_TARGETS) if kind == "uses" else _TARGETS
    key = next((name for name in names if _text(said.get(name))), "")
    target = _text(said.get(key))
    if not target:
        return None
    if kind == "search":
        within = next((text for name in _WITHIN if name != key and (text := _text(said.get(name)))), "")
        return Wish(kind, target, within, _number(said.get("around", said.get("context"))))
    ranges = next((text for name in _RANGES if (text := _ranges(said.get(name)))), "")
    return Wish(kind, ":".join(filter(None, (target.strip(), ranges))))


def _ranges(value: Any) -> str:
    """Return `10-80,200-240` from a string, a number, a pair of numbers, or a list of any of these."""
    if not isinstance(value, list):
        return _text(value).replace(" ", "")
    if len(value) == 2 and all(isinstance(end, int) for end in value):  # noqa: PLR2004  both ends
        return f"{value[0]}-{value[1]}"
    parts = (_ranges(part) if isinstance(part, list) and all(isinstance(end, int) for end in part) else _text(part)
             for part in value[:_MOST])  # fmt: skip
    return ",".join(filter(None, parts))


def _text(value: Any) -> str:
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    known = isinstance(value, str | int) and not isinstance(value, bool)
    text = clean(str(value)[:_LONGEST]) if known else ""
    return text if text.strip() else ""


def _number(value: Any) -> int:
    return min(max(value, 0), _MOST_AROUND) if isinstance(value, int) else 0


def trial(value: Any) -> Trial | None:
    """Return what to try: `{"check": "tests", "tests": ["…"]}`, the name of a check, or a list of tests."""
    if isinstance(value, dict):
        return Trial(_text(value.get("check")), texts(value.get("tests"))[:_MOST])
    if isinstance(value, list):
        return Trial("", texts(value)[:_MOST]) if value else None
    return Trial(_text(value)) if isinstance(value, str) and value.strip() else None
