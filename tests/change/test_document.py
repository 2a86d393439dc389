"""A file keeps its encoding, byte-order mark, line endings, final newline and mode."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.change.document import decode, encode, rewritten, splice
from redimento.change.edit import Edit, Replace, WriteWhole
from redimento.change.plan import plan
from redimento.settings import ChangeSettings
from redimento.text.encoding import NotTextError


def planned(root: Path, content: bytes, edit: Edit) -> bytes:
    (root / edit.path).write_bytes(content)
    outcome = plan(root, [edit], ChangeSettings())
    assert outcome.refusals == ()
    (file,) = outcome.change.files
    assert file.before == content
    assert file.after is not None
    return file.after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nb\r\n", b"a\r\nc\r\nd\r\n"),
        (b"a\rb\r", b"a\rc\rd\r"),
        (b"a\nb\r\ne\n", b"a\nc\r\nd\r\ne\n"),
        (b"a\r\nb", b"a\r\nc\r\nd"),
        (codecs.BOM_UTF8 + b"a\nb\n", codecs.BOM_UTF8 + b"a\nc\nd\n"),
        (
            codecs.BOM_UTF16_LE + "a\r\nb\r\n".encode("utf-16-le"),
            codecs.BOM_UTF16_LE + "a\r\nc\r\nd\r\n".encode("utf-16-le"),
        ),
        (codecs.BOM_UTF16_BE + "a\nb\n".encode("utf-16-be"), codecs.BOM_UTF16_BE + "a\nc\nd\n".encode("utf-16-be")),
        (b"caf\xe9 \x93x\x94\nb\n", b"caf\xe9 \x93x\x94\nc\nd\n"),
        (b"\x81\xe9\nb\n", b"\x81\xe9\nc\nd\n"),
        (b"50%\r100%\nb\n", b"50%\r100%\nc\nd\n"),
    ],
    ids=[
        "CRLF",
        "CR",
        "mixed",
        "no final newline",
        "byte-order mark",
        "UTF-16 LE",
        "UTF-16 BE",
        "Windows-1252",
        "Latin-1",
        "a lone CR",
    ],
)
def test_an_edit_keeps_the_format_of_the_file(before: bytes, after: bytes, tmp_path: Path) -> None:
    assert planned(tmp_path, before, Replace("a.txt", "b\n", "c\nd\n")) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\r\nb\r\n", b"a\r\nnew\r\n"),
        (b"a\nb", b"a\nnew"),
        (b"a\nb\n", b"a\nnew\n"),
        (codecs.BOM_UTF8 + b"a\n", codecs.BOM_UTF8 + b"a\nnew\n"),
        (b"a\r\nb\nc\r\n", b"a\r\nnew\n"),
    ],
)
def test_a_file_written_whole_keeps_its_format(before: bytes, after: bytes, tmp_path: Path) -> None:
    assert planned(tmp_path, before, WriteWhole("a.txt", "a\nnew\n")) == after


def test_unchanged_lines_of_a_mixed_file_keep_their_endings_when_it_is_written_whole(tmp_path: Path) -> None:
    before = b"a\r\nb\nc\r\nd\n"
    assert planned(tmp_path, before, WriteWhole("a.txt", "a\nb\nX\nd\n")) == b"a\r\nb\nX\r\nd\n"


def test_a_declared_encoding_of_python_is_kept(tmp_path: Path) -> None:
    before = b"# -*- coding: cp1250 -*-\nx = '\x9c'\ny = 1\n"
    after = planned(tmp_path, before, Replace("a.py", "y = 1\n", "y = '\u015b'\n"))
    assert after == b"# -*- coding: cp1250 -*-\nx = '\x9c'\ny = '\x9c'\n"


def test_a_character_that_the_encoding_lacks_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"caf\xe9\nb\n")
    (refusal,) = plan(tmp_path, [Replace("a.txt", "b\n", "\u4f60\n")], ChangeSettings()).refusals
    assert "encoded as cp1252, which lacks '\u4f60'" in refusal.reason


def test_a_surrogate_is_refused(tmp_path: Path) -> None:
    assert plan(tmp_path, [WriteWhole("a.txt", "\ud800\n")], ChangeSettings()).refusals


def test_modes_are_kept(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a\n")
    (tmp_path / "run").chmod(0o755)
    (file,) = plan(tmp_path, [Replace("run", "a\n", "b\n")], ChangeSettings()).change.files
    assert file.mode == 0o100755


_CONTENTS = st.lists(st.sampled_from([b"\n", b"\r\n", b"\r", b"a", b"\xc3\xa4", b"\xff", b"\xef\xbb\xbf", b" "])).map(
    b"".join
)
_TEXTS = _CONTENTS.filter(lambda content: not (content.startswith(b"\xef\xbb\xbf") and b"\xff" in content))


@given(_CONTENTS)
def test_reading_and_writing_changes_nothing(content: bytes) -> None:
    try:
        document = decode(content)
    except NotTextError:
        return
    assert encode(document, content) == content


@given(_TEXTS, st.text(alphabet="a\n", max_size=6), st.data())
def test_a_splice_changes_the_text_alone(content: bytes, new: str, data: st.DataObject) -> None:
    document = decode(content)
    start = data.draw(st.integers(0, len(document.text)))
    end = data.draw(st.integers(start, len(document.text)))
    spliced = splice(document, [(start, end, new)])
    assert spliced.text == document.text[:start] + new + document.text[end:]
    assert len(spliced.endings) == spliced.text.count("\n")
    assert (
        spliced.endings[: document.text.count("\n", 0, start)]
        == document.endings[: document.text.count("\n", 0, start)]
    )


@given(_TEXTS, st.text(alphabet="ab\n", max_size=8))
def test_a_rewritten_document_has_one_ending_for_each_break(content: bytes, new: str) -> None:
    document = decode(content)
    again = rewritten(document, new)
    assert len(again.endings) == again.text.count("\n")
    assert again.text.rstrip("\n") == new.rstrip("\n")
