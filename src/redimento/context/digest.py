"""What ranking needs of a file: how often each word occurs, what it defines, what it imports."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final


@dataclass(frozen=True, slots=True)
class Digest:
    """`words`: identifier as written → occurrences. `imports`: targets as written."""

    words: dict[str, int]
    definitions: tuple[str, ...]
    imports: tuple[str, ...]


_BEYOND_ASCII: Final = range(0x80, 0x100)
# Bytes that cannot be part of a word become blanks; bytes over 127 stay, so that words of any script survive.
_WORD_BYTES: Final = bytes(
    code if code in _BEYOND_ASCII or chr(code).isalnum() or chr(code) == "_" else 0x20 for code in range(256)
)
_MODIFIERS: Final = (
    rb"(?:(?:public|private|protected|internal|static|final|abstract|override|virtual|sealed|partial|readonly|async|unsafe"
    rb"|synchronized|default|extern|new) )"
)
# Each pattern begins with a line break, which the regex engine finds at memory speed. Blanks are matched possessively
# (`*+`): backtracking over them would take twice the time.
_DEFINED: Final = {
    "python": (
        re.compile(rb"\n[ \t]*+(?:async def|def|class) (\w+)"),
        re.compile(rb"\n([A-Za-z_]\w++)(?::[^\n=]+)? = "),
    ),
    "go": (re.compile(rb"\n(?:func|type|var|const) (?:\([^)\n]*\) )?(\w+)"),),
    "java": (
        re.compile(rb"\n[ \t]*+" + _MODIFIERS + rb"*(?:class|interface|enum|record|@interface) (\w+)"),
        re.compile(rb"\n[ \t]++" + _MODIFIERS + rb"+(?:[\w<>\[\],.? ]{1,80} )?(\w+) ?\("),
    ),
    "csharp": (
        re.compile(rb"\n[ \t]*+" + _MODIFIERS + rb"*(?:class|interface|enum|struct|record|delegate \w+) (\w+)"),
        re.compile(rb"\n[ \t]++" + _MODIFIERS + rb"+(?:[\w<>\[\],.? ]{1,80} )?(\w+)\s*(?:[({]|=>)"),
    ),
    "rust": (
        re.compile(
            rb"\n[ \t]*+(?:pub(?:\([^)\n]*\))? )?(?:(?:async|unsafe|const|default) )*"
            rb"(?:fn|struct|enum|trait|type|mod|static|const|union|macro_rules!) (\w+)"
        ),
    ),
    "javascript": (
        re.compile(
            rb"\n[ \t]*+(?:(?:export|default|async|abstract|declare) )*"
            rb"(?:function\*?|class|interface|enum|type|const|let|var|namespace) ([\w$]+)"
        ),
        re.compile(
            rb"\n[ \t]++(?:(?:static|async|public|private|protected|readonly|override|abstract|get|set) )*"
            rb"(?!if\b|for\b|while\b|switch\b|catch\b|return\b|function\b)([\w$]+)\s?(?:\([^()\n]*\)[^;\n]*\{|= (?:async )?\()"
        ),
        re.compile(rb"\n[ \t]*+(?:module\.)?(?:exports|\w++(?:\.prototype)?)\.(\w+) = (?:async )?function"),
    ),
    "": (
        re.compile(
            rb"\n[ \t]*+(?:(?:public|private|protected|static|export|pub|async|abstract|final|open) )*"
            rb"(?:def|class|func|fun|function|fn|interface|struct|enum|trait|type|module|namespace|object|message|service|table) (\w+)"
        ),
    ),
}
_DEFINED["typescript"] = _DEFINED["tsx"] = _DEFINED["javascript"]

_IMPORTED: Final = {
    "python": (
        re.compile(rb"\n[ \t]*+from[ \t]+([\w.]+)[ \t]+import[ \t]+(\([^)]{0,4000}\)|[^\n]*)"),
        re.compile(rb"\n[ \t]*+import ([\w., \t]+)"),
    ),
    "go": (re.compile(rb"\n(?:import )?[ \t]*(?:[\w.]+ )?\"([\w./\-]+)\"[ \t\r]*(?=\n)"),),
    "java": (re.compile(rb"\nimport (?:static )?([\w.]+)"),),
    "csharp": (re.compile(rb"\nusing (?:static )?([\w.]+);"),),
    "rust": (
        re.compile(rb"\n[ \t]*+(?:pub(?:\([^)\n]*\))? )?use ([\w:]+)"),
        re.compile(rb"\n[ \t]*+(?:pub(?:\([^)\n]*\))? )?mod (\w+);"),
    ),
    "javascript": (re.compile(rb"(?:from|require\(|import\(?) ?['\"]([^'\"\n]+)['\"]"),),
}
_IMPORTED["typescript"] = _IMPORTED["tsx"] = _IMPORTED["javascript"]
_MOST_IMPORTS: Final = 200


def words(content: bytes) -> list[str]:
    """Return every word of a file in order; invalid UTF-8 becomes replacement characters."""
    return content.translate(_WORD_BYTES).decode("utf-8", "replace").split()


def digest(content: bytes, language: str) -> Digest:
    """Return the digest of a file in `language` ("" if unknown)."""
    return Digest(Counter(words(content)), tuple(definitions(content, language)), tuple(imports(content, language)))


def definitions(content: bytes, language: str) -> list[str]:
    """Return the names that a file defines, each once."""
    text = b"\n" + content
    defined = dict.fromkeys(name for pattern in _DEFINED.get(language, _DEFINED[""]) for name in pattern.findall(text))
    return [name.decode("utf-8", "replace") for name in defined]


def defined_at(content: bytes, language: str, name: str) -> list[int]:
    """Return the lines (1-based) where a file in `language` ("" if unknown) defines `name`."""
    text, wanted = b"\n" + content, name.encode("utf-8", "replace")
    if not name.isascii():  # the patterns know ASCII only
        text, wanted = text.replace(wanted, b"u" + wanted.hex().encode()), b"u" + wanted.hex().encode()
    starts = sorted(
        found.start(1)
        for pattern in _DEFINED.get(language, _DEFINED[""])
        for found in pattern.finditer(text)
        if found[1] == wanted
    )
    lines = accumulate(text.count(b"\n", first, last) for first, last in pairwise([0, *starts]))
    return list(dict.fromkeys(lines))


def imports(content: bytes, language: str) -> list[str]:
    """Return what a file imports, each target as written and once."""
    text, patterns = b"\n" + content, _IMPORTED.get(language, ())
    if language != "python":
        targets = (target for pattern in patterns for target in pattern.findall(text))
        return list(dict.fromkeys(target.decode("utf-8", "replace") for target in targets))[:_MOST_IMPORTS]
    found: dict[str, None] = {}
    for module, names in patterns[0].findall(text):
        base = module.decode("utf-8", "replace")
        found[base] = None
        for name in names.strip(b"()").split(b","):
            word = name.split(b"#")[0].split()
            if word:
                found[base + ("" if base.endswith(".") else ".") + word[0].decode("utf-8", "replace")] = None
    for modules in patterns[1].findall(text):
        for module in modules.split(b","):
            if module.strip():
                found[module.split()[0].decode("utf-8", "replace")] = None
    return list(found)[:_MOST_IMPORTS]
