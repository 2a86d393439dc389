"""An edit never makes a file of two encodings: it is written in the file's own, or refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.change.document import UnwritableError, decode, encode, splice
from redimento.change.edit import Edit, Replace, WriteWhole
from redimento.change.plan import Plan, plan
from redimento.settings import ChangeSettings
from tests.text.test_encoding import LEGACY


def planned(root: Path, content: bytes, edit: Edit, **others: str) -> Plan:
    for name, text in others.items():
        (root / f".{name}").write_text(text)
    (root / edit.path).write_bytes(content)
    return plan(root, [edit], ChangeSettings())


def written(outcome: Plan) -> bytes | None:
    assert outcome.refusals == ()
    return outcome.change.files[0].after


@pytest.mark.parametrize(("text", "codec"), LEGACY, ids=[codec for _, codec in LEGACY])
def test_ascii_is_added_to_a_file_in_any_encoding(text: str, codec: str, tmp_path: Path) -> None:
    before = (text + "rate = 1\n").encode(codec)
    outcome = planned(tmp_path, before, Replace("a.bas", "rate = 1\n", "rate = 2\n"))
    assert written(outcome) == (text + "rate = 2\n").encode(codec)


@pytest.mark.parametrize(("text", "codec"), LEGACY, ids=[codec for _, codec in LEGACY])
@pytest.mark.parametrize("added", ["don\u2019t \u2026", "é", "я", "値", "한", "ł", "😀"])
def test_other_characters_are_written_in_the_encoding_or_refused(
    text: str, codec: str, added: str, tmp_path: Path
) -> None:
    before = (text + "rate = 1\n").encode(codec)
    outcome = planned(tmp_path, before, Replace("a.bas", "rate = 1\n", f"rate = 2 # {added}\n"))
    if outcome.refusals:
        assert "encoded" in outcome.refusals[0].reason
        assert outcome.change.files == ()
    else:
        assert written(outcome) == (text + f"rate = 2 # {added}\n").encode(codec)


@pytest.mark.parametrize(
    ("text", "codec", "added"),
    [(LEGACY[0][0], "shift_jis", "価格"), (LEGACY[4][0], "gbk", "显示"), (LEGACY[7][0], "euc_kr", "오류")],
)
def test_a_file_whose_encoding_is_clear_takes_new_characters(text: str, codec: str, added: str, tmp_path: Path) -> None:
    before = (text + "rate = 1\n").encode(codec)
    outcome = planned(tmp_path, before, Replace("a.bas", "rate = 1\n", f"rate = 2 # {added}\n"))
    assert written(outcome) == (text + f"rate = 2 # {added}\n").encode(codec)


def test_a_character_that_all_likely_encodings_write_alike_may_be_added(tmp_path: Path) -> None:
    before = "# Übersicht über Größen: für Müller, Schäfer, Möller, Weiß, Jäger, Groß, Bäcker, Schröder, Krämer, Düs, Köln, Höhe, Länge, Stück, Fuß\nx = 1\n"
    outcome = planned(tmp_path, before.encode("cp1252"), Replace("a.txt", "x = 1\n", "x = 'Ö é'\n"))
    assert written(outcome) == before.replace("x = 1", "x = 'Ö é'").encode("cp1252")


def test_a_character_that_the_file_has_may_be_written_again(tmp_path: Path) -> None:
    outcome = planned(tmp_path, b"# \xa9 2010\nx = 1\n", Replace("a.txt", "x = 1\n", "x = 2 # \xa9\n"))
    assert written(outcome) == b"# \xa9 2010\nx = 2 # \xa9\n"


def test_a_refusal_names_the_encodings_and_the_character(tmp_path: Path) -> None:
    (refusal,) = planned(tmp_path, b"# \xa9 2010\nx = 1\n", Replace("a.txt", "x = 1\n", "x = '€'\n")).refusals
    assert "does not say how it is encoded" in refusal.reason
    assert "'€'" in refusal.reason


def test_a_character_is_not_cut(tmp_path: Path) -> None:
    # 表 ends in the byte of a backslash, which another reading shows as one.
    before = b"x = '\x95\\'\n"
    outcome = planned(tmp_path, before, Replace("a.txt", "\\'", "/'"))
    assert outcome.change.files == ()
    assert outcome.refusals


def test_a_character_that_does_not_come_back_is_refused(tmp_path: Path) -> None:
    before = b"<meta charset=shift_jis>\n\x92\x6c\nb\n"
    (refusal,) = planned(tmp_path, before, Replace("a.html", "b\n", "\xa5\n")).refusals
    assert "'\xa5'" in refusal.reason


def test_editorconfig_decides_over_a_guess(tmp_path: Path) -> None:
    config = "[*]\ncharset = latin1\n"
    outcome = planned(tmp_path, b"# \xa9\nx\n", Replace("a.txt", "x\n", "ü\n"), editorconfig=config)
    assert written(outcome) == b"# \xa9\n\xfc\n"
    (refusal,) = planned(tmp_path, b"# \xa9\nx\n", Replace("a.txt", "x\n", "你\n"), editorconfig=config).refusals
    assert "encoded as iso8859-1, which lacks '你'" in refusal.reason


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_wide_encodings_without_a_mark_are_kept(codec: str, tmp_path: Path) -> None:
    before = "name = 'a'\r\nvalue = 1\r\n".encode(codec)
    outcome = planned(tmp_path, before, Replace("a.txt", "value = 1\n", "value = 'é'\n"))
    assert written(outcome) == "name = 'a'\r\nvalue = 'é'\r\n".encode(codec)


def test_a_new_python_file_is_written_as_it_declares(tmp_path: Path) -> None:
    text = "# coding: cp1251\nx = 'я'\n"
    assert written(plan(tmp_path, [WriteWhole("a.py", text)], ChangeSettings())) == text.encode("cp1251")


def test_a_new_file_that_cannot_be_written_is_left_out(tmp_path: Path) -> None:
    edits = [WriteWhole("a.py", "# coding: latin-1\nx = '你'\n"), WriteWhole("b.py", "x = 1\n")]
    outcome = plan(tmp_path, edits, ChangeSettings(), partial=True)
    assert outcome.change.paths == ("b.py",)
    assert [refusal.path for refusal in outcome.refusals] == ["a.py"]


@given(
    st.sampled_from([text.encode(codec) for text, codec in LEGACY] + [b"\xe9\n", b"\x95\\\n", b"\x92l x\n"]),
    st.text("ab\n'é値я…ł", max_size=6),
    st.data(),
)
def test_no_likely_reading_of_a_file_finds_a_stray_character(content: bytes, new: str, data: st.DataObject) -> None:
    document = decode(content, "a.txt")
    start = data.draw(st.integers(0, len(document.text)))
    end = data.draw(st.integers(start, len(document.text)))
    changed = splice(document, [(start, end, new)])
    try:
        after = encode(changed, content)
    except UnwritableError:
        return
    for codec in document.encoding.rivals:
        before, read = (each.decode(codec, "surrogateescape") for each in (content, after))
        assert read == changed.text or set(read) - set(before) <= {chr(code) for code in range(128)}
