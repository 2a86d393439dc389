"""Read what `.editorconfig` asks of a file (https://spec.editorconfig.org).

The file comes from the repository, so its globs must not stall the run: the reference implementation translates them,
RE2 matches them in linear time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import re2
from editorconfig.fnmatch import translate

_NAME = ".editorconfig"
_LONGEST_SECTION = 1024  # characters, the least that the specification lets a reader support
_MOST_BRACES = 64  # per section: translating one without its closing brace costs the length of the section


def properties(path: str, read: Callable[[str], bytes | None]) -> dict[str, str]:
    """Return the properties for `path`; the nearest `.editorconfig` wins."""
    folders = path.split("/")[:-1]
    found: dict[str, str] = {}
    for depth in range(len(folders), -1, -1):
        content = read("/".join([*folders[:depth], _NAME]))
        if content is None:
            continue
        preamble, sections = _parse(content.decode("utf-8-sig", "replace"))
        below = "/".join(path.split("/")[depth:])
        here: dict[str, str] = {}
        for pattern, values in sections:
            if _matches(pattern, below):
                here |= values
        found = here | found
        if preamble.get("root") == "true":
            break
    return found


def charset_of(wanted: dict[str, str]) -> str:
    """Return the name of the encoding that the properties ask for; UTF-16 is written with its byte-order mark."""
    name = wanted.get("charset", "")
    return f"{name}-bom" if name in {"utf-16le", "utf-16be"} else name


def _parse(text: str) -> tuple[dict[str, str], list[tuple[str, dict[str, str]]]]:
    preamble: dict[str, str] = {}
    sections: list[tuple[str, dict[str, str]]] = []
    for line in map(str.strip, text.split("\n")):
        if line.startswith("[") and line.endswith("]"):
            sections.append((line[1:-1], {}))
        elif "=" in line and line[0] not in "#;":
            key, _, value = line.partition("=")
            (sections[-1][1] if sections else preamble)[key.strip().lower()] = value.strip().lower()
    return preamble, sections


def _matches(pattern: str, path: str) -> bool:
    """Return whether a section applies to `path`, which is relative to the folder of the `.editorconfig`."""
    compiled, ranges = _compiled(pattern)
    match = compiled.fullmatch(f"/{path}") if compiled else None
    if match is None:
        return False
    return all(
        number is None or (low <= int(number) <= high and str(int(number)) == number.removeprefix("+"))
        for number, (low, high) in zip(match.groups(), ranges, strict=True)
    )


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> tuple[re2._Regexp | None, list[tuple[int, int]]]:
    """Return a section's expression, None if it is invalid or too large, and the range of each number it captures."""
    if len(pattern) > _LONGEST_SECTION or pattern.count("{") > _MOST_BRACES:
        return None, []
    prefix = "" if pattern.startswith("/") else "/" if "/" in pattern else "/**/"
    expression, ranges = translate(prefix + pattern, nested=True)  # without the flags and `\Z`, which RE2 lacks
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    try:
        return re2.compile(expression, options), ranges
    except re2.error:
        return None, []
