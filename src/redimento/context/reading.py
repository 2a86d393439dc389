"""What the model asks to see besides its prompt: a file, lines of a file, a search. The request is foreign text."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from typing import Final
from unicodedata import normalize

import re2

from redimento.context import exclusion
from redimento.context.selection import Excerpt
from redimento.context.tokens import estimate
from redimento.context.tree import Tree, texts

_REQUEST: Final = re.compile(r"(?P<path>[^\0\n]+?)(?::(?P<first>\d{1,7})(?:-(?P<last>\d{1,7}))?)?")
_LONGEST_PATTERN: Final = 300  # characters
_SEARCH_SECONDS: Final = 5.0
_MOST_LOOK_UPS: Final = 24  # of one answer
_LOOK_UP_SECONDS: Final = 20.0  # for all of them
_MOST_HITS: Final = 100
_MOST_IN_A_FILE: Final = 10
_LONGEST_LINE: Final = 200  # characters of a hit that are shown


def look_up(
    tree: Tree,
    paths: Sequence[str],
    patterns: Sequence[str],
    *,
    exclude: Sequence[str] = (),
    seconds: float = _LOOK_UP_SECONDS,
) -> Iterator[Excerpt | str]:
    """Yield what one answer asks for: an excerpt or a sentence for each path, a text for each pattern.

    It may ask for a thousand things, so no more than the first are looked up, and none after `seconds`.
    """
    deadline = time.monotonic() + seconds
    asked = [(path, True) for path in dict.fromkeys(paths)] + [(pattern, False) for pattern in dict.fromkeys(patterns)]
    for number, (request, is_path) in enumerate(asked):
        left = deadline - time.monotonic()
        if number == _MOST_LOOK_UPS or left <= 0:
            yield f"{len(asked) - number} further requests were not looked up: ask for less at a time."
            return
        if is_path:
            yield read_excerpt(tree, request, exclude=exclude)
        else:
            yield search(tree, request, exclude=exclude, seconds=min(left, _SEARCH_SECONDS))


def read_excerpt(tree: Tree, request: str, *, exclude: Sequence[str] = ()) -> Excerpt | str:
    """Return the file `path`, or its lines `path:first-last`, as an excerpt; or a sentence that says why not.

    `exclude` holds the patterns of `context.exclude`.
    """
    matched = _REQUEST.fullmatch(request.strip())
    if not matched:
        return "Write `path` or `path:first-last`."
    path = matched["path"].removeprefix("./")
    entry = min(
        (entry for entry in tree.entries() if normalize("NFC", entry.path) == normalize("NFC", path)),
        key=lambda entry: entry.path != path,
        default=None,
    )
    if entry is None:
        return f"The repository has no file `{path}`."
    path = entry.path
    why = exclusion.reason(path, entry.size, exclude)
    if why:
        return f"`{path}` is not shown: {why}."
    content = next((content for _, content in texts(tree, [path])), None)
    if content is None:
        return f"`{path}` is not shown: it is a binary file, or cannot be read."
    lines = content.removesuffix("\n").split("\n")
    first = int(matched["first"] or 1)
    last = min(int(matched["last"] or (first if matched["first"] else len(lines))), len(lines))
    if not 1 <= first <= last:
        return f"`{path}` has {len(lines)} lines; it does not have lines {first}-{last}."
    text = "\n".join(lines[first - 1 : last])
    whole = first == 1 and last == len(lines)
    return Excerpt(path, text, estimate(text), 0.0, None if whole else ((first, last),), ("asked for",))


def search(tree: Tree, pattern: str, *, exclude: Sequence[str] = (), seconds: float = _SEARCH_SECONDS) -> str:
    """Return the lines that match `pattern` as `path:line: text`, or a sentence that says why there are none.

    The pattern is for RE2, which takes linear time for all of them; `re` does not. Files that may not be shown are not
    searched, and the search ends after `seconds` with what it has found.
    """
    if not 0 < len(pattern) <= _LONGEST_PATTERN:
        return f"A pattern has 1 to {_LONGEST_PATTERN} characters."
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as problem:
        detail = problem.args[0] if problem.args else ""
        why = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
        return f"`{pattern}` is not a valid pattern (RE2 syntax, no look-around): {why}."
    deadline = time.monotonic() + seconds
    paths = [entry.path for entry in tree.entries() if not exclusion.reason(entry.path, entry.size, exclude)]
    found: list[str] = []
    for path, content in texts(tree, paths):
        if time.monotonic() > deadline:
            found.append("The search ran out of time here: narrow the pattern.")
            break
        found += _hits(path, content, compiled)
        if len(found) >= _MOST_HITS:
            found = [*found[:_MOST_HITS], "There are more hits: narrow the pattern."]
            break
    return "\n".join(found) or f"Nothing matches `{pattern}`."


def _hits(path: str, content: str, compiled: re2._Regexp) -> Iterator[str]:
    shown = 0
    for number, line in enumerate(content.split("\n"), 1):
        if compiled.search(line):
            yield f"{path}:{number}: {line.strip()[:_LONGEST_LINE]}"
            shown += 1
            if shown == _MOST_IN_A_FILE:
                return
