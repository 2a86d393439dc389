"""How a file is read: declared, marked, or guessed; and which other readings stay possible."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.change.document import decode, encode
from redimento.text.encoding import NotTextError, encoding_of, text_of

JAPANESE = "# 設定ファイルを読み込み、値段を計算します。\n# 見つからないときは既定の値を使います。\nprice = 100\n"
CHINESE = "# 读取配置文件并计算价格。税率在另一个模块中定义。\n# 如果文件不存在、则使用默认值。\nx = 1\n"
TAIWANESE = "# 讀取設定檔並計算價格。稅率定義於另一個模組。\n# 若檔案不存在、則使用預設值。\nx = 1\n"
KOREAN = "# 설정 파일을 읽고 가격을 계산합니다. 세율은 다른 모듈에 있습니다.\n# 파일이 없으면 기본값을 사용합니다.\n"
RUSSIAN = "# Читает файл настроек и вычисляет цену товара.\n# Если файл не найден, берёт значение по умолчанию.\n"
POLISH = "# Wczytuje ustawienia i oblicza cenę. Jeżeli plik nie istnieje, używa wartości domyślnej źródła łódź.\n"
GERMAN = "# Liest die Größe für den Schlüssel. Müßte geprüft werden: ändern, Öffnung, Übersicht.\n"

SPANISH = "# Número de línea: ¿cuánto cuesta el año próximo?\n# Añade la dirección, el teléfono y el código del señor Núñez.\n# Así también está más fácil la inscripción del niño español; según él, ¡qué bien!\n"
FRENCH = "# Numéro de commande, où est-ce ? Déjà vu, être à l'école, çà et là, hôtel.\n# Vérifie que la clé a été créée après le dernier relevé, même si elle était supprimée là où elle était.\n"

LEGACY = [
    (JAPANESE, "shift_jis"), (JAPANESE, "cp932"), (JAPANESE, "euc_jp"), (JAPANESE, "iso2022_jp"),
    (CHINESE, "gbk"), (CHINESE, "gb18030"), (TAIWANESE, "big5"), (KOREAN, "euc_kr"),
    (RUSSIAN, "cp1251"), (RUSSIAN, "koi8_r"), (RUSSIAN, "cp866"), (RUSSIAN, "iso8859_5"),
    (POLISH, "cp1250"), (POLISH, "iso8859_2"), (GERMAN, "cp1252"), (GERMAN, "latin-1"), (SPANISH, "cp1252"), (FRENCH, "cp1252"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "codec"), LEGACY, ids=[codec for _, codec in LEGACY])
def test_a_text_of_some_lines_is_read_in_its_encoding(text: str, codec: str) -> None:
    assert text_of(text.encode(codec), "a.txt") == text


@pytest.mark.parametrize("codec", ["cp1251", "koi8_r"])
def test_russian_may_be_added_to_a_long_russian_text(codec: str) -> None:
    was = (RUSSIAN * 9).encode(codec)
    document = decode(was, "a.txt")
    assert encode(
        replace(document, text=document.text + "# Щёлкните ещё раз\n", endings=(*document.endings, "\n")), was
    )


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("marked", [True, False])
def test_wide_encodings_are_read_with_and_without_a_mark(codec: str, *, marked: bool) -> None:
    content = (("\ufeff" if marked else "") + "name = 'Größe 価格'\nvalue = 1\n").encode(codec)
    assert text_of(content) == "name = 'Größe 価格'\nvalue = 1\n"


def test_the_mark_of_utf_8_is_no_text() -> None:
    assert text_of(codecs.BOM_UTF8 + b"a\n") == "a\n"


@pytest.mark.parametrize(
    ("path", "content", "codec"),
    [
        ("a.py", b"#!/usr/bin/python\n# -*- coding: cp1250 -*-\nx = '\x9c'\n", "cp1250"),
        ("a.py", b"x = 1\n# -*- coding: cp1250 -*-\n", "utf-8"),
        ("a.rb", b"# encoding: windows-1251\nx = '\xe9'\n", "cp1251"),
        ("a.xml", b"<?xml version='1.0' encoding='koi8-r'?>\n<a>\xc1</a>\n", "koi8-r"),
        ("a.csproj", b'<?xml version="1.0" encoding="utf-16"?>\n<a/>\n', "utf-8"),
        ("a.html", b'<html><head><meta charset="shift_jis">\n<p>\x95\x5c\n', "shift_jis"),
        ("a.htm", b"<meta http-equiv='Content-Type' content='text/html; charset=iso-8859-1'>\x93x\x94\n", "cp1252"),
        ("a.css", b'@charset "iso-8859-2";\na { content: "\xb6" }\n', "iso8859-2"),
        ("a.css", b' @charset "iso-8859-2";\n', "utf-8"),
        ("a.txt", b"# coding: cp1250\n", "utf-8"),
        ("a.py", b"# coding: rot13\nx = 1\n", "utf-8"),
        ("a.py", b"# coding: utf-7\nx = 1\n", "utf-8"),
        ("a.py", b"# coding: cp037\nx = 1\n", "utf-8"),
        ("a.py", b"# coding: unknown-1\nx = 1\n", "utf-8"),
    ],
)
def test_what_a_file_declares_holds_if_it_is_strict(path: str, content: bytes, codec: str) -> None:
    encoding = encoding_of(content, path)
    assert (encoding.codec, encoding.rivals) == (codec, ())


@pytest.mark.parametrize(
    ("declared", "content", "codec"),
    [
        ("latin1", b"caf\xe9\n", "iso8859-1"),
        ("latin1", b"a\n", "iso8859-1"),
        ("utf-8", b"caf\xe9\n", "cp1252"),
        ("utf-16le", "aé\n".encode("utf-16-le"), "utf-16-le"),
        ("UTF-16LE-BOM", codecs.BOM_UTF16_LE + "aé\n".encode("utf-16-le"), "utf-16-le"),
        ("utf-16le", b"ab", "utf-8"),
        ("SHIFT-JIS", b"\x92\x6c\n", "shift_jis"),
        ("unset", b"a\n", "utf-8"),
    ],
)
def test_what_the_repository_declares_holds_if_the_content_fits(declared: str, content: bytes, codec: str) -> None:
    assert encoding_of(content, "a.txt", declared).codec == codec


def test_utf_8_that_is_declared_as_something_else_is_read_but_doubted() -> None:
    encoding = encoding_of("é\n".encode(), "a.txt", "latin1")
    assert (encoding.codec, encoding.rivals) == ("utf-8", ("iso8859-1",))


def test_utf_8_with_a_broken_byte_stays_readable() -> None:
    assert text_of("Grüße, 価格 und Größe".encode() + b"\xff\n") == "Grüße, 価格 und Größe\ufffd\n"


@pytest.mark.parametrize("text", ["x = '値'\n", "x = 'я'\n", "# ©\n", "x = 'ł'\n", "# 表示\n", "# 価格: 表示\n"])
@pytest.mark.parametrize("codec", [codec for _, codec in LEGACY if not codec.startswith("iso2022")])
def test_the_encoding_of_a_few_characters_is_never_taken_for_sure(text: str, codec: str) -> None:
    try:
        content = text.encode(codec)
    except UnicodeEncodeError:
        return
    encoding = encoding_of(content, "a.txt")
    readings = [content.decode(each, "replace") for each in (encoding.codec, *encoding.rivals)]
    assert text in readings
    assert len(readings) > 1 or encoding.codec == "utf-8"


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04\0\0\x08", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", b"a\0b\n", codecs.BOM_UTF16_LE + b"\0\xd8", b"\0"],
)
def test_binary_content_is_no_text(content: bytes) -> None:
    with pytest.raises(NotTextError):
        encoding_of(content)


@given(st.binary(max_size=200) | st.text(max_size=60).map(lambda text: text.encode("cp1251", "ignore")))
def test_every_text_is_read_the_same_way_again_and_without_loss(content: bytes) -> None:
    try:
        encoding = encoding_of(content, "a.xml", "latin1")
    except NotTextError:
        return
    body = content[len(encoding.mark) :]
    assert body.decode(encoding.codec, encoding.errors).encode(encoding.codec, encoding.errors) == body
    assert encoding_of(content, "a.xml", "latin1") == encoding
    text_of(content, "a.xml").encode()


HOSTILE: dict[str, Callable[[int], bytes]] = {
    "one long line": lambda size: b"\xe9" * size,
    "letters and one byte": lambda size: b"a" * size + b"\xe9",
    "short lines": lambda size: b"\xe9\n" * (size // 2),
    "pairs": lambda size: b"\x95\\" * (size // 2),
    "escapes": lambda size: b"\x1b$B" * (size // 3),
    "declarations": lambda size: b"<meta charset" * (size // 13) + b"\xe9",
    "NULs": lambda size: b"a\0" * (size // 2),
    "controls": lambda size: bytes(range(1, 256)) * (size // 255),
}


@pytest.mark.parametrize("shape", HOSTILE.values(), ids=HOSTILE.keys())
def test_reading_takes_linear_time(shape: Callable[[int], bytes]) -> None:
    def seconds(size: int) -> float:
        content = shape(size)
        started = time.process_time()
        with suppress(NotTextError):
            encoding_of(content, "a.html")
        return time.process_time() - started

    seconds(1_000)
    small = min(seconds(50_000) for _ in range(3))
    assert seconds(400_000) < 8 * 4 * small + 0.05
