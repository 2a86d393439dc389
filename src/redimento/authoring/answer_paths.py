"""Find the path of a block: before its fence, on the fence, or in the first line inside it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_LONGEST = 400  # characters
_LOOK_BACK = 3  # non-blank lines
_WITHOUT_DOT = "makefile dockerfile license notice readme procfile vagrantfile gemfile rakefile"
_LABELS = (
    "file name", "filename", "file path", "filepath", "file", "path", "create", "update", "modify", "edit", "in", "for",
)  # fmt: skip
_NEVER_IN_A_NAME = frozenset('<>"|*')
_OFTEN_CODE = frozenset(";={}")  # but also in the names of templates: {{cookiecutter.slug}}/app.py
_NUMBERED = re.compile(r"^\d{1,3}[.)] +")
_LINES = re.compile(r"(?::\d+(?:-\d+)?| \(lines? \d+(?: ?[-\u2013] ?\d+)?\))$")  # where in the file
_EXTENSION = re.compile(r"\.\d*[A-Za-z]\w*$")
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


def path_behind_mark(text: str) -> str:
    """Return the path behind an opening mark, as in "<<<<<<< SEARCH src/a.py"; "" if there is none."""
    path = _stripped(text[1:-1] if text[:1] == "(" and text[-1:] == ")" else text)
    return path if looks_like_path(path) and ("/" in path or _EXTENSION.search(path)) else ""


def mentions_files(lines: Sequence[str]) -> bool:
    """Return whether the last of these lines mention any file, even if it is not clear which one."""
    spoken = [line for line in lines if line.strip() and not line.lstrip().startswith(_FENCES)][-_LOOK_BACK:]
    return any(_quoted(line) or "." in path_of_line(line) for line in spoken)


def names_several(path: str) -> bool:
    """Return whether a path with blanks is rather a list of paths, as in "a.py, b.py"."""
    return sum(1 for word in path.replace(",", " ").split() if _EXTENSION.search(word)) > 1


def path_of_fence(lines: Sequence[str], inside: int, first: str) -> str:
    """Return the path of the fence that `lines[inside - 1]` opens: its `first` line, on its opening line, or above it."""
    above = next((lines[number] for number in range(inside - 2, -1, -1) if lines[number].strip()), "")
    found = (path_of_line(first), path_on_fence(lines[inside - 1]) if inside else "", _stripped(above))
    return next((path for path in found if looks_like_path(path) and not path.endswith("/")), "")


def path_on_fence(line: str) -> str:
    """Return the path on a fence, as in "```python src/a.py" or "```ts:src/a.ts"; "" if none."""
    info = line.strip().lstrip("`~").strip()
    for word in info.split():
        label, separator, value = word.partition("=")
        if "/" in label and word.count("{") == word.count("}") and looks_like_path(whole := word.rpartition(":")[2]):
            return _stripped(whole)
        candidate = (value if separator else word).strip("{}")
        language, colon, rest = candidate.partition(":")
        candidate = rest if colon and language.isalnum() and rest.strip("0123456789-") else candidate
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
    blanks = any(map(str.isspace, path))
    if _OFTEN_CODE & set(path) and (not _EXTENSION.search(path) if blanks or "/" not in path else path[-1] in ";={"):
        return ""
    # With spaces it is a path only if it ends in an extension; sentences do not.
    _, dot, extension = path.rpartition(".")
    return path if not blanks or (dot and extension.isalnum()) else ""


def path_in_prose(line: str) -> str:
    """Return the only path in a line of prose: quoted in backticks or bold, or alone on the line; "" otherwise."""
    if len(line) > _LONGEST * 2:
        return ""
    quoted = _quoted(line)
    if len(quoted) == 1:
        return _stripped(quoted[0])
    path = _stripped(line)
    return path if looks_like_path(path) else ""


def looks_like_path(path: str) -> bool:
    """Return whether a word looks like the path of a file."""
    if not path or len(path) > _LONGEST or any(map(str.isspace, path)) or _NEVER_IN_A_NAME & set(path):
        return False
    if _OFTEN_CODE & set(path) and not ("/" in path and (_EXTENSION.search(path) or path[-1].isalnum())):
        return False
    name = path.rsplit("/", 1)[-1]
    return bool(name.strip(".")) and ("." in name.rstrip(".") or "/" in path or name.lower() in _WITHOUT_DOT.split())


def _quoted(line: str) -> list[str]:
    """Return the paths that a line has in backticks, or else in bold."""
    pieces = [piece.strip() for piece in line.split("`")[1::2] or line.split("**")[1::2]]
    return [piece for piece in pieces if looks_like_path(piece) or _has_blanks(piece, alone=_stripped(line) == piece)]


def _has_blanks(piece: str, *, alone: bool) -> bool:
    """Return whether a quoted piece is a path with blanks: alone on its line, or with a folder, unlike a command."""
    first, *rest = piece.split() or [""]
    if not rest or (_NEVER_IN_A_NAME | _OFTEN_CODE) & set(piece) or names_several(piece):
        return False
    return bool(_EXTENSION.search(piece)) and (alone or "/" in first)


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
        text = _LINES.sub("", text.removesuffix(":").removesuffix("(new file)").removesuffix("(new)").strip())
        label, colon, rest = text.partition(":")
        if colon and rest.strip() and label.strip(" *`").lower() in _LABELS:
            text = rest.strip()
        if text == before:
            break
    return text.removeprefix("./")
