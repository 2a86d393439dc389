"""Format a new file as `.editorconfig` asks (https://spec.editorconfig.org).

The file comes from the repository, so its globs must not stall the run: the reference implementation translates them,
RE2 matches them in linear time.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from functools import lru_cache

import re2
from editorconfig.fnmatch import translate

from redimento.change.document import Document, plain

_NAME = ".editorconfig"
_LONGEST_SECTION = 1024  # characters, the least that the specification lets a reader support
_MOST_BRACES = 64  # per section: translating one without its closing brace costs the length of the section
_WIDTHS = {str(width): width for width in range(1, 9)}
_ENDINGS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
_CHARSETS = {
    "latin1": ("latin-1", b""),
    "utf-8-bom": ("utf-8", codecs.BOM_UTF8),
    "utf-16le": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16be": ("utf-16-be", codecs.BOM_UTF16_BE),
}
# In these files indentation is content.
_KEEP_INDENTATION = (".md", ".markdown", ".rst", ".yml", ".yaml", ".txt", ".diff", ".patch", "makefile", ".mk")


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


def formatted(path: str, content: str, wanted: dict[str, str]) -> Document:
    """Return a new file formatted as the properties ask; by default UTF-8 with LF and a final newline."""
    text = plain(content)
    if wanted.get("trim_trailing_whitespace") == "true":
        text = "\n".join(line.rstrip(" \t") for line in text.split("\n"))
    if not path.lower().endswith(_KEEP_INDENTATION):
        text = _indented(text, wanted)
    if wanted.get("insert_final_newline") == "false":
        text = text.rstrip("\n")
    elif text and not text.endswith("\n"):
        text += "\n"
    ending = _ENDINGS.get(wanted.get("end_of_line", ""), "\n")
    encoding, mark = _CHARSETS.get(wanted.get("charset", ""), ("utf-8", b""))
    return Document(text, (ending,) * text.count("\n"), encoding, mark)


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


def _indented(text: str, wanted: dict[str, str]) -> str:
    style = wanted.get("indent_style")
    sizes = [wanted.get("indent_size"), wanted.get("tab_width")]
    width = next((_WIDTHS[size] for size in sizes if size in _WIDTHS), 4)
    if style == "tab":
        return "\n".join(_with_tabs(line, width) for line in text.split("\n"))
    if style == "space":
        return "\n".join(_with_spaces(line, width) for line in text.split("\n"))
    return text


def _with_tabs(line: str, width: int) -> str:
    body = line.lstrip(" ")
    tabs, rest = divmod(len(line) - len(body), width)
    return "\t" * tabs + " " * rest + body if tabs and not rest else line


def _with_spaces(line: str, width: int) -> str:
    body = line.lstrip("\t")
    return " " * width * (len(line) - len(body)) + body
