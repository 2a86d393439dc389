"""The encoding that a text file declares in its first bytes, and what the names of encodings mean."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePosixPath

_HEAD = 1024  # bytes; browsers look for the declaration of a page within these (html.spec.whatwg.org, "prescan")
_COMMENT_LINE = re.compile(rb"[ \t\f]*#[^\n]*?coding[:=][ \t]*([-\w.]+)")  # PEP 263; Ruby reads the same
_NO_CODE = re.compile(rb"[ \t\f]*(?:#[^\n]*)?\r?")
_XML = re.compile(rb"\s{0,100}<\?xml[^>]{0,300}?\sencoding\s{0,9}=\s{0,9}[\"']([-\w.:]{1,40})[\"']")
_HTML = re.compile(rb"<meta\s[^>]{0,300}?charset\s{0,9}=\s{0,9}[\"']?([-\w.:]{1,40})", re.IGNORECASE)
_CSS = re.compile(
    rb'\A@charset "([-\w.:]{1,40})";'
)  # exactly so (w3.org, CSS Syntax, "Determine the fallback encoding")
_PATTERNS = {
    **dict.fromkeys((".html", ".htm", ".xhtml", ".shtml"), _HTML),
    **dict.fromkeys((".css", ".scss", ".less"), _CSS),
}
_SCRIPTS = (".py", ".pyi", ".pyw", ".rb", ".rake", ".gemspec")
# What is written under a narrower name (encoding.spec.whatwg.org, "Names and labels").
_WIDER = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "tis-620": "cp874", "shift_jis": "cp932",
    "euc_kr": "cp949", "gb2312": "gb18030", "gbk": "gb18030", "big5": "cp950",
}  # fmt: skip
_MARKED = {
    "utf-8-bom": ("utf-8", codecs.BOM_UTF8),
    "utf-8-sig": ("utf-8", b""),  # in Python a name for UTF-8 that may have a mark
    "utf-16": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16le-bom": ("utf-16-le", codecs.BOM_UTF16_LE),  # git's own name (git-scm.com, gitattributes)
    "utf-16-le-bom": ("utf-16-le", codecs.BOM_UTF16_LE),
    "utf-16be-bom": ("utf-16-be", codecs.BOM_UTF16_BE),
    "utf-16-be-bom": ("utf-16-be", codecs.BOM_UTF16_BE),
    "utf-32": ("utf-32-le", codecs.BOM_UTF32_LE),
}
_NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "utf-7", "hz", "charmap"})
_LETTERS = b"abcXYZ 019\t\n"


def own_declaration(content: bytes, path: str) -> str:
    """Return the name of the encoding that a file declares, "" if none."""
    suffix = PurePosixPath(path).suffix.lower()
    head = content[:_HEAD]
    if suffix in _SCRIPTS:
        first, _, rest = head.partition(b"\n")
        found = _COMMENT_LINE.match(first) or (_NO_CODE.fullmatch(first) and _COMMENT_LINE.match(rest))
    else:
        found = _XML.match(head) or (pattern.search(head) if (pattern := _PATTERNS.get(suffix)) else None)
    return found[1].decode("ascii", "ignore") if found else ""


def codecs_of(name: str) -> tuple[str, ...]:
    """Return Python's codec for the name of an encoding, then the wider one that is meant by it; none if unknown."""
    plain = _MARKED.get(name.lower(), (name, b""))[0]
    try:
        codec = codecs.lookup(plain).name
        known = codec not in _NO_CHARSETS and (is_wide(codec) or _LETTERS.decode(codec) == _LETTERS.decode("ascii"))
    except (LookupError, ValueError):
        return ()
    if not known:
        return ()
    return (codec, _WIDER[codec]) if codec in _WIDER else (codec,)


def mark_of(name: str) -> bytes:
    """Return the byte-order mark that a new file gets in the encoding of this name."""
    return _MARKED.get(name.lower(), ("", b""))[1]


def is_wide(codec: str) -> bool:
    """Return whether the codec uses two or four bytes for an ASCII character."""
    return codec.startswith(("utf-16", "utf-32"))
