"""Parse the JSON in an answer: the small head of the text format, or whole files inside the JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any, Literal

from redimento.authoring.answer import CriterionClaim
from redimento.change.edit import Delete, Edit, WriteWhole
from redimento.verification.evidence import ChangedTest

_HEAD_KEYS = {
    "summary", "criteria", "questions", "read", "list", "search", "uses", "history", "try", "submit", "dependencies",
    "build_instructions", "buildInstructions", "documentation", "files", "tests", "changed_tests", "nothing_to_do", "remarks",
}  # fmt: skip
_DONE = {"done", "complete", "completed", "met", "yes", "true", "implemented", "passed", "fulfilled"}
_PARTLY = {"partly", "partial", "partially", "in progress"}
_NUMERALS = {str(number) for number in range(1, 1_000)}
_MOST_TRIES = 8  # places where JSON may begin; each costs a pass over the text
_IN_FENCE = re.compile(r"^(?=[^\n]*(?:```|~~~))[^\n]*\n\s*(?=\{)", re.MULTILINE)
_IN_PROSE = re.compile(rf'\{{(?=\s*"(?:{"|".join(sorted(_HEAD_KEYS))})")')
_END_OF_FENCE = re.compile(r"\n(?:```|~~~)")
_STRING_OR_COMMA = re.compile(r'("(?:[^"\\]|\\.)*+"?)|,(?=\s*+[\]}])', re.DOTALL)
_ESCAPE = re.compile(r'(\\[\\"/bfnrtu])|\\')
_DECODER = json.JSONDecoder(strict=False)  # models leave raw line breaks in strings


def find_json(text: str) -> tuple[Mapping[str, Any] | None, str]:
    """Return the first object in `text` that is a head or has files, or None and the error if one begins but is broken."""
    broken = ""
    for start in _starts(text):
        values, error = _decoded(text, start)
        if isinstance(values, dict) and values.keys() & _HEAD_KEYS:
            return values, ""
        if error and any(f'"{key}"' in text[start : start + 2_000] for key in _HEAD_KEYS):
            broken = broken or error
    return None, broken


def _starts(text: str) -> Iterator[int]:
    """Yield where JSON may begin: at the start of the text and of each fence, then at a head in the midst of prose."""
    position = len(text) - len(text.lstrip())
    if text.startswith("{", position):
        yield position
    yield from (found.end() for found in islice(_IN_FENCE.finditer(text), _MOST_TRIES))
    yield from (found.start() for found in islice(_IN_PROSE.finditer(text), _MOST_TRIES))


def _decoded(text: str, start: int) -> tuple[Any, str]:
    """Return the value and "", or None and the error."""
    try:
        return _DECODER.raw_decode(text, start)[0], ""
    except (ValueError, RecursionError) as error:
        first = error
    closing = _END_OF_FENCE.search(text, start)
    with suppress(ValueError, RecursionError):
        return _DECODER.raw_decode(_mended(text[start : closing.start() if closing else None]))[0], ""
    where = f", line {first.lineno}" if isinstance(first, json.JSONDecodeError) else ""
    what = first.msg if isinstance(first, json.JSONDecodeError) else "nested too deeply, or a number too long"
    return None, f"The JSON cannot be parsed: {what}{where}. Write it again, without any code in it."


def _mended(text: str) -> str:
    """Remove commas before closing brackets, and double backslashes that begin no escape."""
    return _STRING_OR_COMMA.sub(lambda found: _ESCAPE.sub(lambda escape: escape[1] or r"\\", found[1] or ""), text)


def files_of(values: Mapping[str, Any]) -> tuple[list[Edit], list[str]]:
    """Return the edits of the files in the JSON, and what is wrong with any of them."""
    items = (item for key in ("files", "tests") if isinstance(values.get(key), list) for item in values[key])
    found = [_file(item) for item in items]
    return [one for one in found if not isinstance(one, str)], [one for one in found if isinstance(one, str)]


def _file(item: Any) -> Edit | str:
    path = item.get("path") if isinstance(item, dict) else None
    if not isinstance(path, str) or not path.strip():
        return 'An entry of "files" or "tests" has no path: give each one "path" and "content".'
    path = path.strip().removeprefix("./")
    if str(item.get("type", "")).lower() in {"delete", "deleted"}:
        return Delete(path)
    content = item.get("content")
    if not isinstance(content, str):
        return f'The entry for {path} has no content: give it as a string in "content".'
    said = "".join(f"{key}={value} " for key, value in item.items() if value and key not in {"path", "content"})
    if "base64" in said.lower():
        return f"The entry for {path} is in base64: an answer can only contain text, as it is."
    return WriteWhole(path, content)


def complete_files(text: str) -> list[Edit]:
    """Return the complete files in JSON that was cut off."""
    edits: list[Edit] = []
    for key in ('"files"', '"tests"'):
        position = text.find("[", text.find(key)) + 1 if key in text else 0
        while position:
            while position < len(text) and text[position] in " \t\r\n,":
                position += 1
            try:
                item, position = _DECODER.raw_decode(text, position)
            except (ValueError, RecursionError):
                break
            edit = _file(item)
            if not isinstance(edit, str):
                edits.append(edit)
    return edits


def texts(value: Any) -> tuple[str, ...]:
    """Return strings from any form that models use: a string, a list of strings, or a list of objects with one."""
    if isinstance(value, str):
        return (clean(value),) if value.strip() else ()
    if not isinstance(value, list):
        return ()
    return tuple(text for item in value if (text := _one_text(item)))


def _one_text(item: Any) -> str:
    if isinstance(item, dict):
        return clean(
            " ".join(str(item[key]) for key in ("name", "question", "path", "text") if isinstance(item.get(key), str))
        )
    return clean(str(item)) if isinstance(item, str | int | float) else ""


def long_text(value: Any) -> str:
    """Return one text from a string or a list of lines."""
    return clean(value) if isinstance(value, str) else "\n".join(texts(value))


def clean(text: str) -> str:
    """Return the text without surrogates, which neither files nor requests can contain."""
    return text.encode("utf-8", "replace").decode()


def claims(value: Any) -> tuple[CriterionClaim, ...]:
    """Return the claims about acceptance criteria or remarks; entries without a number are ignored."""
    return tuple(
        CriterionClaim(number, _status(item.get("status")), texts(item.get("tests")), long_text(item.get("note")))
        for item in _objects(value)
        if (number := _number(item.get("id")))
    )


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _number(value: Any) -> int:
    """Return the number of a criterion, 0 for anything else."""
    if isinstance(value, str) and value.strip() in _NUMERALS:
        return int(value)
    return max(value, 0) if isinstance(value, int) and not isinstance(value, bool) else 0


def _status(value: Any) -> Literal["done", "partly", "not"]:
    said = str(value).strip().lower()
    if said in _DONE:
        return "done"
    return "partly" if said in _PARTLY else "not"


def changed_tests(value: Any) -> tuple[ChangedTest, ...]:
    """Return the existing tests that the head says the item makes wrong; entries without a test or a reason are dropped."""
    return tuple(
        ChangedTest(test, why, _number(item.get("criterion")))
        for item in _objects(value)
        if (test := long_text(item.get("test")).strip()) and (why := long_text(item.get("why")).strip())
    )
