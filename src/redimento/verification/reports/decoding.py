"""Turn the bytes of a report into text that XML allows.

Test runners write what tests print: colours, control characters, half characters, in the encoding of the machine. A
strict parser would stop at the first of them, and the tests after it would be lost.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

from redimento.text.wording import Sentence

_PIECE = 256 * 1024
# A byte order mark, or how `<` looks where there is none.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"), (b"\0\0\0<", "utf-32-be"), (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"),
)  # fmt: skip
_DECLARED = re.compile(rb"\s{0,100}<\?xml[^>]{0,500}?\sencoding\s{0,100}=\s{0,100}[\"']([^\"'<>]{0,100})[\"']")
_DECLARATION = re.compile(r"\s*<\?xml\b[^<>]{0,1000}\?>")
# Windows and .NET write the wider encoding and declare the narrower one.
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "ascii": "utf-8"}
_NO_CHARSETS = frozenset({"idna", "unicode-escape", "raw-unicode-escape"})  # Python's own, not of text files

_ESC = r"(?:\x1b|&\#0{0,9}27;|&\#[xX]0{0,9}1[bB];)"
_FORBIDDEN = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # by XML 1.0
_TO_CLEAN = re.compile(
    # A colour. What it may consist of is less than terminals allow, and holds no markup.
    rf"{_ESC}\[[0-9;]*[A-Za-z]"
    r"|&\#(?P<number>[xX][0-9a-fA-F]{1,20}|[0-9]{1,20});"
    rf"|{_FORBIDDEN.pattern}"
)
_UNFINISHED = re.compile(r"(?:\x1b|&)[#0-9a-zA-Z;\[]{0,60}\Z")
_LONGEST_UNFINISHED = 64
_HALF_CHARACTER = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
_LONGEST_CHARACTER = 3  # bytes
_UNDECODABLE = "\udfff"  # no codec makes it
_HANDLER = "redimento.report"


class Unreadable(Exception):  # noqa: N818 - the end of a sentence, told of a report
    """Why a report cannot be read to its end: what follows its name in a sentence."""


class Piece(NamedTuple):
    """Some text of a report, without what XML forbids. `damaged`: its encoding does not know some of the bytes."""

    text: str
    damaged: bool


def decoded(content: bytes) -> Iterator[Piece]:
    """Yield the text of a report without its XML declaration. Raises Unreadable."""
    decoder = codecs.getincrementaldecoder(_codec(content[:_PIECE]))(_HANDLER)
    rest, end = "", 0
    while end < len(content) or not end:
        start, end = end, end + _PIECE
        # Half a character at the end of a piece would only look wrong.
        while end < min(len(content), start + _PIECE + _LONGEST_CHARACTER) and content[end] & 0xC0 == 0x80:  # noqa: PLR2004
            end += 1
        last = end >= len(content)
        try:
            text = rest + decoder.decode(content[start:end], last)
        except UnicodeError as error:
            raise Unreadable(Sentence("report_undecodable")) from error
        if not start:
            text = _without_declaration(text)
        unfinished = None if last else _UNFINISHED.search(text, max(0, len(text) - _LONGEST_UNFINISHED))
        stop = unfinished.start() if unfinished else len(text)
        text, rest = text[:stop], text[stop:]
        yield Piece(_TO_CLEAN.sub(_allowed, text.replace(_UNDECODABLE, "\ufffd")), _UNDECODABLE in text)


def _codec(head: bytes) -> str:
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    declared = _DECLARED.match(head)
    if declared is None:
        return "utf-8"
    name = declared[1].decode("latin-1")
    try:
        codec = codecs.lookup(name).name
        known = codec not in _NO_CHARSETS and (
            codec.startswith(("utf-16", "utf-32")) or b"<?xml".decode(name) == "<?xml"
        )
    except (LookupError, ValueError):
        known, codec = False, ""
    if not known:
        raise Unreadable(Sentence("report_encoding_unknown", name=name))
    # .NET declares its own strings, UTF-16, and saves them in UTF-8: the declaration was just read in single bytes.
    return "utf-8" if codec.startswith(("utf-16", "utf-32")) else _WIDER.get(codec, codec)


def _without_declaration(text: str) -> str:
    """Return `text` as a parser wants it: the encoding has been dealt with, and nothing may stand above a declaration."""
    start = text.lstrip("\ufeff \t\r\n\0")
    if start and start[0] not in "<\x1b":
        raise Unreadable(Sentence("report_not_xml"))
    declaration = _DECLARATION.match(text)
    return "\n" * declaration[0].count("\n") + text[declaration.end() :] if declaration else text


def _allowed(found: re.Match[str]) -> str:
    number = found["number"]
    if number is None:
        return ""
    value = int(number[1:], 16) if number[0] in "xX" else int(number)
    allowed = value <= sys.maxunicode and not _FORBIDDEN.match(chr(value))
    return found[0].replace("X", "x") if allowed else ""


def _marked(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    if error.encoding == "utf-8" and _HALF_CHARACTER.match(error.object, error.start):
        return "", error.start + 3
    return _UNDECODABLE, max(error.end, error.start + 1)


codecs.register_error(_HANDLER, _marked)
