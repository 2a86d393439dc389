"""Path patterns of the model as regular expressions of RE2, which takes linear time for all of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import re2

from redimento.exploration.naming import LONGEST

_PART: Final = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^\]/]*\]|\{|\}|,|.", re.DOTALL)
_WILD: Final = frozenset("*?[{")


def is_glob(written: str) -> bool:
    return not _WILD.isdisjoint(written)


def matching(paths: Iterable[str], glob: str) -> list[str]:
    """Return those of `paths` that `glob` (cleaned) names, or that are in a folder it names.

    `*`, `?`, `[ab]` stay within a name, `**` does not; `{a,b}`, or a list with commas, means either. Without a slash it
    names files in any folder; so does one with a slash that fits nothing from the root. A pattern that is none fits nothing.
    """
    if len(glob) > LONGEST:
        return []
    paths = list(paths)
    body = glob.strip("/") if "{" in glob or "," not in glob else f"{{{','.join(map(str.strip, glob.split(',')))}}}"
    for start in ("", "(?:.*/)?") if "/" in body else ("(?:.*/)?",):
        compiled = _compiled(f"{start}{_translated(body)}(?:/.*)?")
        found = [path for path in paths if compiled and compiled.fullmatch(path)]
        if found:
            return found
    return []


def _compiled(pattern: str) -> re2._Regexp | None:
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None


def _translated(glob: str) -> str:
    parts: list[str] = []
    depth = 0
    for part in _PART.findall(glob):
        if part == "{":
            depth += 1
            parts.append("(?:")
        elif part == "}" and depth:
            depth -= 1
            parts.append(")")
        elif part == "," and depth:
            parts.append("|")
        elif part in _FIXED:
            parts.append(_FIXED[part])
        elif part[0] == "[" and len(part) > 1:
            negated = part[1] == "!"
            parts.append(f"[{'^/' if negated else ''}{re2.escape(part[2 if negated else 1 : -1])}]".replace(r"\-", "-"))
        else:
            parts.append(re2.escape(part))
    return "".join(parts)


_FIXED: Final = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
