"""Code that arrives with its characters escaped, as in the source of a web page."""

from __future__ import annotations

import html
import re

_ENTITY = re.compile(r"&(?:lt|gt|amp|quot|apos|#0{0,4}3[49]|#x0{0,4}2[27]);")
# In these languages an entity means something only inside a string or a comment.
_CODE = (
    ".py", ".pyi", ".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".java", ".kt", ".kts", ".scala", ".groovy", ".cs", ".fs", ".vb",
    ".go", ".rs", ".c", ".h", ".cc", ".cpp", ".cxx", ".hpp", ".swift", ".dart", ".rb", ".lua", ".pl", ".r", ".jl", ".sh", ".bash",
    ".ps1", ".sql", ".css", ".scss", ".less", ".tf", ".gradle", ".bat", ".cmd", ".bicep", ".mk", "makefile", "dockerfile",
)  # fmt: skip
_MAY_HOLD_MARKUP = (".js", ".mjs", ".cjs")
_LONGEST = 1_000  # characters of a line that is searched for strings and comments
_QUOTED = re.compile(
    r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?://|/\*|#(?!\s*(?:include|define|if|elif)\b)).*|^\s*\*.*"
)
_SEVERAL_LINES = ('"""', "'''", "`")  # strings that may begin or end outside of the block


def unescaped(text: str) -> str:
    """Return the text with the characters that its entities stand for."""
    return _ENTITY.sub(lambda entity: html.unescape(entity[0]), text)


def is_escaped(path: str, search: str, new: str, known: str, *, prose: bool) -> bool:
    """Return whether a new text is escaped as a whole: it has entities where its language has none, and nothing raw.

    `known`: the text of the file; what it has itself is no slip. `prose`: the file is text for people.
    """
    if not _ENTITY.search(new) or _ENTITY.search(known) or set("<>&") & set(_ENTITY.sub("", new)):
        return False
    if not prose and ("<" not in known or search.lstrip().startswith("<")) and new.lstrip().startswith("&lt;"):
        return True
    suffix = path.lower()
    if not suffix.endswith(_CODE) or any(mark in search + new for mark in _SEVERAL_LINES):
        return False
    if suffix.endswith(_MAY_HOLD_MARKUP) and ("</" in known or "/>" in known):
        return False
    return any(len(line) <= _LONGEST and _ENTITY.search(_QUOTED.sub("", line)) for line in new.split("\n"))
