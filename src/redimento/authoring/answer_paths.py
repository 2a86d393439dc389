"""The path that a model gives for a block: before the fence, on the fence, or as the first line inside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LONGEST = 400  # characters
_LOOK_BACK = 3  # lines that are not blank
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
    """Return the path that the lines before a marker give, the nearest first; "" when there is none."""
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


def names_files(lines: Sequence[str]) -> bool:
    """Tell whether the last of these lines speak of any file, though it may not be clear of which one."""
    spoken = [line for line in lines if line.strip() and not line.lstrip().startswith(_FENCES)][-_LOOK_BACK:]
    return any(
        any(is_likely(piece.strip()) for piece in line.split("`")[1::2]) or "." in path_of_line(line) for line in spoken
    )


def path_of_fence(before: Sequence[str], first: str) -> str:
    """Return the path of a fence: its first line, on the line that opens it (the last of `before`), or above alone."""
    above = next((line for line in reversed(before[:-1]) if line.strip()), "")
    found = (path_of_line(first), path_on_fence(before[-1]) if before else "", _bare(above))
    return next((path for path in found if is_likely(path) and not path.endswith("/")), "")


def path_on_fence(line: str) -> str:
    """Return the path on the line that opens a fence, as in "```python src/a.py" or "```ts:src/a.ts"; "" if none."""
    info = line.strip().lstrip("`~").strip()
    for word in info.replace("{", " ").replace("}", " ").split():
        _, separator, value = word.partition("=")
        candidate = value if separator else word
        language, colon, rest = candidate.partition(":")
        candidate = rest if colon and language.isalnum() and rest else candidate
        if is_likely(path := _bare(candidate)) and ("/" in path or "." in path.strip(".")):
            return path
    return ""


def path_of_line(line: str) -> str:
    """Return the path that a line gives which stands for itself: comment marks, labels, quotes and diff marks are taken off."""
    path = _bare(line)
    if not path or len(path) > _LONGEST or _NEVER_IN_A_NAME & set(path):
        return ""
    if not any(map(str.isalnum, path)):
        return ""
    # With spaces it is a path only if it ends in an extension; a sentence does not.
    _, dot, extension = path.rpartition(".")
    return path if not any(map(str.isspace, path)) or (dot and extension.isalnum()) else ""


def path_in_prose(line: str) -> str:
    """Return the one path that a line of prose names: quoted in backticks, or alone on the line."""
    if len(line) > _LONGEST * 2:
        return ""
    quoted = [piece.strip() for piece in line.split("`")[1::2] if is_likely(piece.strip())]
    if len(quoted) == 1:
        return _bare(quoted[0])
    path = _bare(line)
    return path if is_likely(path) else ""


def is_likely(path: str) -> bool:
    """Tell whether a word looks like the path of a file."""
    if not path or len(path) > _LONGEST or any(map(str.isspace, path)) or _NEVER_IN_A_NAME & set(path):
        return False
    name = path.rsplit("/", 1)[-1]
    return bool(name.strip(".")) and ("." in name.rstrip(".") or "/" in path or name.lower() in _WITHOUT_DOT)


def _bare(line: str) -> str:
    """Take off what models put around a path. Every round takes something off or ends."""
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
