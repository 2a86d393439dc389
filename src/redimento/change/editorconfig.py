"""What `.editorconfig` says about a new file, and the content of the file written so.

The format: https://spec.editorconfig.org. Sections are matched without regular expressions of our own making, because
the file comes from the repository and a crafted pattern must not stall the run.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from fnmatch import fnmatchcase

from redimento.change.document import Document, plain

_NAME = ".editorconfig"
_MOST_VARIANTS = 64  # of one section's braces
_LONGEST_SECTION = 500  # characters
_ENDINGS = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
_CHARSETS = {
    "latin1": ("latin-1", b""),
    "utf-8-bom": ("utf-8", codecs.BOM_UTF8),
    "utf-16le": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16be": ("utf-16-be", codecs.BOM_UTF16_BE),
}
# Their indentation is part of what they say.
_KEEP_INDENTATION = (".md", ".markdown", ".rst", ".yml", ".yaml", ".txt", ".diff", ".patch", "makefile", ".mk")


def properties(path: str, read: Callable[[str], bytes | None]) -> dict[str, str]:
    """Return the properties that hold for `path`, from the outermost `.editorconfig` to the nearest."""
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
            if any(_matches(variant, below) for variant in _variants(pattern)):
                here |= values
        found = here | found
        if preamble.get("root") == "true":
            break
    return found


def written(path: str, content: str, wanted: dict[str, str]) -> Document:
    """Return a new file's content in the hand that the properties ask for; UTF-8 and LF without any."""
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
            sections.append((line[1:-1][:_LONGEST_SECTION], {}))
        elif "=" in line and line[0] not in "#;":
            key, _, value = line.partition("=")
            (sections[-1][1] if sections else preamble)[key.strip().lower()] = value.strip().lower()
    return preamble, sections


def _variants(pattern: str) -> list[str]:
    """Return the pattern once for each choice of its `{a,b}` groups; number ranges stay as they are."""
    waiting, done = [pattern], list[str]()
    while waiting and len(done) + len(waiting) <= _MOST_VARIANTS:
        current = waiting.pop()
        end = current.find("}")
        start = current.rfind("{", 0, end) if end >= 0 else -1
        if start < 0:
            done.append(current)
            continue
        waiting.extend(current[:start] + choice + current[end + 1 :] for choice in current[start + 1 : end].split(","))
    return done


def _matches(pattern: str, path: str) -> bool:
    pattern = pattern.replace("**", "*").replace("[!", "[!")
    if "/" not in pattern:
        return fnmatchcase(path.rsplit("/", 1)[-1], pattern)
    bare = pattern.lstrip("/")
    return fnmatchcase(path, bare) or (bare.startswith("*/") and fnmatchcase(path, bare[2:]))


def _indented(text: str, wanted: dict[str, str]) -> str:
    style = wanted.get("indent_style")
    size = wanted.get("indent_size", "4")
    width = int(size) if size in {"1", "2", "3", "4", "8"} else 4
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
