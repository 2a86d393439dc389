"""Find the path of a block: before its fence, on the fence, or in the first line inside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LONGEST = 400  # characters
_LOOK_BACK = 3  # non-blank lines
_WITHOUT_DOT = {
    "makefile",
    "dockerfile",
    "license",
    "notice",
    "readme",
    "procfile",
    "vagrantfile",
    "gemfile",
    "rakefile",
}
_LABELS = (
    "file name",
    "filename",
    "file path",
    "filepath",
    "file",
    "path",
    "create",
    "update",
    "modify",
    "edit",
    "in",
    "for",
)
_NEVER_IN_A_NAME = frozenset('<>"|*;={}')
_NUMBERED = re.compile(r"^\d{1,3}[.)] +")
_FENCES = ("```", "~~~")


def path_before(lines: Sequence[str]) -> str:
    """Return the path nearest to the end of `lines`, the lines before a mark; "" if there is none."""
    seen = 0
    inside = True
    for line in reversed(lines):
        if not line.strip():
            continue
        if line.lstrip().startswith(_FENCES):
            inside = False
            path = path_on_fence(line)
        else:
            path = path_of_line(line) if inside and not seen else path_in_prose(line)
        if path:
            return path
        seen += 1
        if seen > _LOOK_BACK:
            break
    return ""


def mentions_files(lines: Sequence[str]) -> bool:
    """Return whether the last of these lines mention any file, even if it is not clear which one."""
    spoken = [line for line in lines if line.strip() and not line.lstrip().startswith(_FENCES)][-_LOOK_BACK:]
    return any(
        any(looks_like_path(piece.strip()) for piece in line.split("`")[1::2]) or "." in path_of_line(line)
        for line in spoken
    )


def path_of_fence(lines: Sequence[str], inside: int, first: str) -> str:
    """Return the path of the fence that `lines[inside - 1]` opens: its `first` line, on its opening line, or above it."""
    above = next((lines[number] for number in range(inside - 2, -1, -1) if lines[number].strip()), "")
    found = (path_of_line(first), path_on_fence(lines[inside - 1]) if inside else "", _stripped(above))
    return next((path for path in found if looks_like_path(path) and not path.endswith("/")), "")


def path_on_fence(line: str) -> str:
    """Return the path on a fence, as in "```python src/a.py" or "```ts:src/a.ts"; "" if none."""
    info = line.strip().lstrip("`~").strip()
    for word in info.replace("{", " ").replace("}", " ").split():
        _, separator, value = word.partition("=")
        candidate = value if separator else word
        language, colon, rest = candidate.partition(":")
        candidate = rest if colon and language.isalnum() and rest else candidate
        if looks_like_path(path := _stripped(candidate)) and ("/" in path or "." in path.strip(".")):
            return path
    return ""


def path_of_line(line: str) -> str:
    """Return the path that is alone on a line, without comment marks, labels, quotes and diff marks; "" if none."""
    path = _stripped(line)
    if not path or len(path) > _LONGEST or _NEVER_IN_A_NAME & set(path):
        return ""
    if not any(map(str.isalnum, path)):
        return ""
    # With spaces it is a path only if it ends in an extension; sentences do not.
    _, dot, extension = path.rpartition(".")
    return path if not any(map(str.isspace, path)) or (dot and extension.isalnum()) else ""


def path_in_prose(line: str) -> str:
    """Return the only path in a line of prose: quoted in backticks, or alone on the line; "" otherwise."""
    if len(line) > _LONGEST * 2:
        return ""
    quoted = [piece.strip() for piece in line.split("`")[1::2] if looks_like_path(piece.strip())]
    if len(quoted) == 1:
        return _stripped(quoted[0])
    path = _stripped(line)
    return path if looks_like_path(path) else ""


def looks_like_path(path: str) -> bool:
    """Return whether a word looks like the path of a file."""
    if not path or len(path) > _LONGEST or any(map(str.isspace, path)) or _NEVER_IN_A_NAME & set(path):
        return False
    name = path.rsplit("/", 1)[-1]
    return bool(name.strip(".")) and ("." in name.rstrip(".") or "/" in path or name.lower() in _WITHOUT_DOT)


def _stripped(line: str) -> str:
    """Remove what models put around a path."""
    text = line.strip()
    for old, new in (("--- a/", ""), ("+++ b/", ""), ("--- ", ""), ("+++ ", "")):
        if text.startswith(old):
            return new + text.removeprefix(old).split("\t")[0].strip()
    for _ in range(6):
        before = text
        text = text.lstrip("#>").removesuffix("-->").removesuffix("*/").removeprefix("<!--").strip()
        text = text.removeprefix("//").removeprefix("/*").removeprefix("-- ").removeprefix("- ").strip()
        text = _NUMBERED.sub("", text.strip("`'\"*").strip())
        text = text.removesuffix(":").removesuffix("(new file)").removesuffix("(new)").strip()
        label, colon, rest = text.partition(":")
        if colon and rest.strip() and label.strip(" *`").lower() in _LABELS:
            text = rest.strip()
        if text == before:
            break
    return text.removeprefix("./")
