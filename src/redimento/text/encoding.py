"""Decide how the bytes of a text file are read, and which other readings cannot be ruled out.

Reading may guess. Writing may not: what is added must be right in every encoding that the file could have.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from redimento.text.declared_encoding import codecs_of, is_wide, own_declaration

# UTF-32's mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_UNMARKED = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")
# What files without a declaration are written in, the more likely first.
_LATIN = (
    "cp1252", "cp1250", "iso8859_2", "latin_1", "iso8859_15", "cp1254", "iso8859_9", "cp1257", "iso8859_13", "cp1258",
)  # fmt: skip
_LEGACY = (
    *_LATIN, "cp932", "shift_jis", "euc_jp", "gbk", "gb18030", "cp949", "euc_kr", "cp950", "big5", "cp1251", "koi8_r",
    "koi8_u", "cp866", "iso8859_5", "cp1253", "iso8859_7", "cp1255", "cp1256", "tis_620",
    "cp850", "cp852", "cp437",
)  # fmt: skip
_SAMPLE = 4096  # bytes that the detector sees, so that it takes some milliseconds for a file of any size
_MOST_MESS = 0.4  # of the detector's scale; its own limit of 0.2 rules out French and Polish with many accents
_NEVER_SECOND = 0x30
_STEPS = 5  # of mess that count: a finer difference says nothing about European languages
_DOUBT = 0.1  # readings this much messier than the best are ruled out
_SURE = 0.4  # of the detector's coherence, from which the text is in a language that it knows
_USUAL = 0.1  # how much more coherent than Windows-1252 another reading must be: the detector takes Spanish for Polish
_LESS_LIKELY = 0.2  # readings this much less coherent than one that is sure are ruled out
_LITTLE = 24  # bytes beyond ASCII; fewer prove nothing about the encoding
_WORD = 4  # letters
_SHORTEST = 8  # characters of UTF-16 without a mark; fewer bytes are read like that by chance
_DAMAGED = 4  # so many characters of UTF-8 for each byte that is none make damaged UTF-8, not another encoding
_CONTROL = re.compile("[\0-\x08\x0e-\x19\x1c-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff]")
# A Greek or Cyrillic letter or a graphic sign alone beside a Latin letter, or a character of Chinese between two:
# `cafй`, `stra▀e`.
_STRAY = re.compile(
    "[A-Za-z][\u0370-\u2fff](?![^\0-\u036f\ufff0-\U0010ffff])|(?<![^\0-\u036f\ufff0-\U0010ffff])[\u0370-\u2fff][A-Za-z]"
    "|[A-Za-z][\u3000-\uffef][A-Za-z]"
)
# Words as Russians and Greeks write them. Bytes of Chinese text read like that have capitals anywhere.
_WORDS = re.compile(
    "(?:[\u0370-\u04ff]?[\u03ac-\u03ce\u0430-\u045f]+|[\u0391-\u03a9\u0400-\u042f]+)(?![\u0370-\u04ff])"
)
_SYMBOL_IN_WORD = re.compile(
    r"[^\W\d_][\xa1-\xa9\xab\xac\xae-\xb4\xb6\xb8\xb9\xbb-\xbf\xd7\xf7\u2016\u2020-\u2fff](?=[^\W\d_])"
)
_MULTIPLE_BYTES = re.compile("[^\0-\x7f\ud800-\udfff]")  # compiled in a twentieth of the time of what it leaves
_HIGH = re.compile(b"[\x80-\xff]")
_ESCAPED = re.compile("[\udc80-\udcff]")


class NotTextError(Exception):
    """The bytes are not text: they contain a NUL, or a mark that the rest does not fit."""


@dataclass(frozen=True)
class Encoding:
    """A Python codec with the file's byte-order mark. `rivals`: codecs that could be the right one just as well.

    `errors` is "surrogateescape" for UTF-8 with bytes that are none, else "strict".
    """

    codec: str
    mark: bytes = b""
    rivals: tuple[str, ...] = ()
    errors: str = "strict"


def text_of(content: bytes, path: str = "", declared: str = "") -> str:
    """Return a file as people read it. Raises NotTextError.

    `declared` is what `encoding_of` takes. Bytes that the encoding does not know become U+FFFD.
    """
    encoding = encoding_of(content, path, declared)
    text = content[len(encoding.mark) :].decode(encoding.codec, encoding.errors)
    return text if encoding.errors == "strict" else _ESCAPED.sub("\ufffd", text)


def encoding_of(content: bytes, path: str = "", declared: str = "") -> Encoding:
    """Return how a file is read. Raises NotTextError.

    `declared` names the encoding that git's attributes or `.editorconfig` give to the path. It holds, like what the file
    itself declares, if the content fits; a byte-order mark comes first.
    """
    for mark, codec in _MARKS:
        if content.startswith(mark):
            return _marked(content, mark, codec)
    utf8 = _decoded(content, "utf-8")
    for name in filter(None, (declared, own_declaration(content, path))):
        for codec in codecs_of(name):
            if _fits(content, codec, plain=utf8 is not None and "\0" not in utf8):
                doubtful = utf8 is not None and not content.isascii() and codec != "utf-8" and not is_wide(codec)
                return Encoding("utf-8", rivals=(codec,)) if doubtful else Encoding(codec)
    if b"\0" in content:
        return _unmarked(content)
    if b"\x1b$" in content and _fits(content, "iso2022_jp", plain=True):
        return Encoding("iso2022_jp")
    if utf8 is not None:
        return Encoding("utf-8")
    return _guessed(content)


def _marked(content: bytes, mark: bytes, codec: str) -> Encoding:
    text = _decoded(content[len(mark) :], codec)
    if text is None or "\0" in text:
        raise NotTextError
    return Encoding(codec, mark)


def _unmarked(content: bytes) -> Encoding:
    """Return the only wide encoding that makes text of the content, much of it ASCII as in all code."""
    found = []
    for codec in _UNMARKED:
        text = _decoded(content, codec)
        if not text or len(text) < _SHORTEST or _CONTROL.search(text):
            continue
        if sum(map(str.isascii, text)) * 4 >= len(text):
            found.append(codec)
    if len(found) != 1:
        raise NotTextError
    return Encoding(found[0])


def _fits(content: bytes, codec: str, *, plain: bool) -> bool:
    """Return whether the content is text in this encoding and would be written like that. `plain`: it is UTF-8."""
    if is_wide(codec) and content and plain:
        return False  # as for .NET, which declares its own strings, UTF-16, and saves them in UTF-8
    text = _decoded(content, codec)
    return text is not None and (codec == "utf-8" or not _CONTROL.search(text)) and "\0" not in text


def _decoded(content: bytes, codec: str) -> str | None:
    """Return the text if the codec reads the content and writes the same bytes again, else None."""
    try:
        text = content.decode(codec)
        return text if codec == "utf-8" or text.encode(codec) == content else None
    except UnicodeError:
        return None


def _guessed(content: bytes) -> Encoding:
    damaged = content.decode("utf-8", "surrogateescape")
    if len(_MULTIPLE_BYTES.findall(damaged)) >= _DAMAGED * len(_ESCAPED.findall(damaged)):
        return Encoding("utf-8", rivals=("latin-1",), errors="surrogateescape")
    sample = _sample(content)
    texts = {codec: sample.decode(codec) for codec in _LEGACY if _fits(sample, codec, plain=False)}
    texts = {
        codec: text for codec, text in texts.items() if not _is_strange(text) and _fits(content, codec, plain=False)
    }
    if not texts:
        return Encoding("latin-1", rivals=("utf-8",))
    mess = _mess(sample)
    best = min(texts, key=lambda codec: _rank(texts[codec], mess.get(codec), usual=codec == _LATIN[0]))
    chaos, coherence = mess.get(best, (0.0, 0.0))
    doubt = _DOUBT + chaos
    least = coherence - _LESS_LIKELY if coherence >= _SURE and best not in _LATIN else 0.0
    little = len(_HIGH.findall(sample)) < _LITTLE
    rivals = [
        codec
        for codec, text in texts.items()
        if codec != best
        and (
            little
            or text == texts[best]
            or (codec in mess and mess[codec][0] <= doubt and mess[codec][1] >= least)
            or (best in _LATIN and codec in _LATIN)
        )
    ]
    return Encoding(best, rivals=tuple(rivals))


def _is_strange(text: str) -> bool:
    """Return whether many characters beyond ASCII stand where nobody writes them."""
    strange = len(_STRAY.findall(text)) + len(_SYMBOL_IN_WORD.findall(text))
    return strange * 3 > len(_MULTIPLE_BYTES.findall(text))


def _mess(sample: bytes) -> dict[str, tuple[float, float]]:
    """Return for each likely encoding how messy the text is, and how much like a known language, both from 0 to 1."""
    from charset_normalizer import from_bytes  # noqa: PLC0415  # most repositories hold UTF-8 only

    found = from_bytes(
        sample,
        threshold=_MOST_MESS,
        cp_isolation=list(_LEGACY),
        preemptive_behaviour=False,  # it follows declarations, which were looked at
        enable_fallback=False,
    )
    return {codec: (match.chaos, match.coherence) for match in found for codec in match.could_be_from_charset}


def _rank(text: str, mess: tuple[float, float] | None, *, usual: bool) -> tuple[bool, bool, float, float, int]:
    """Return a key to sort readings by: words in Russian or Greek, no odd words, little mess, a language, few characters."""
    beyond = _MULTIPLE_BYTES.findall(text)
    foreign = sum(map(len, _WORDS.findall(text))) < max(len(beyond), _WORD)
    odd = sum(map(str.isupper, beyond)) * 2 > len(beyond) or _SYMBOL_IN_WORD.search(text) is not None
    chaos, coherence = mess or (1.0, 0.0)
    return (
        foreign,
        odd,
        round(chaos * _STEPS) if len(beyond) >= _WORD else 0.0,
        -coherence - _USUAL * usual if len(beyond) > _LITTLE else 0.0,
        len(beyond),
    )


def _sample(content: bytes) -> bytes:
    """Return lines with characters beyond ASCII. No cut goes through a character: no second byte is below 0x30."""
    sample = b""
    for line in content.split(b"\n"):
        if not line.isascii():
            sample += line + b"\n"
            if len(sample) > _SAMPLE:
                end = next((at for at in range(_SAMPLE, 0, -1) if sample[at] < _NEVER_SECOND), len(sample))
                return sample[:end]
    return sample
