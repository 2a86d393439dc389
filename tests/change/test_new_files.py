"""A new file is like its neighbours, where no setting says otherwise."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from redimento.change.edit import FileChange, WriteWhole
from redimento.change.plan import plan
from redimento.settings import ChangeSettings


def tree(root: Path, files: dict[str, bytes]) -> None:
    for path, content in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)


def created(root: Path, path: str, content: str = "a\nb\n") -> FileChange:
    outcome = plan(root, [WriteWhole(path, content)], ChangeSettings())
    assert outcome.refusals == ()
    return outcome.change.files[0]


@pytest.mark.parametrize(
    ("files", "after"),
    [
        ({"src/A.vb": b"a\r\n", "src/B.vb": b"b\r\n", "src/c.md": b"c\n"}, b"a\r\nb\r\n"),
        ({"src/A.vb": b"a\n", "src/B.vb": b"b\r\n", "src/C.vb": b"c\r\n"}, b"a\r\nb\r\n"),
        ({"A.vb": b"a\r\n", "src/c.md": b"c\n"}, b"a\r\nb\r\n"),
        ({"test/A.vb": b"a\r\n"}, b"a\r\nb\r\n"),
        ({"src/c.md": b"c\r\n", "d.md": b"d\n"}, b"a\r\nb\r\n"),
        ({"src/A.vb": b"a\r\n", ".editorconfig": b"[*]\nend_of_line = lf\n"}, b"a\nb\n"),
        ({"src/A.vb": b"no end of line", "src/B.vb": b"\0\r\n"}, b"a\nb\n"),
        ({}, b"a\nb\n"),
    ],
    ids=[
        "same kind",
        "most",
        "folder above",
        "folder beside",
        "other kind",
        ".editorconfig",
        "nothing to see",
        "alone",
    ],
)
def test_line_endings(files: dict[str, bytes], after: bytes, tmp_path: Path) -> None:
    tree(tmp_path, files)
    assert created(tmp_path, "src/New.vb").after == after


@pytest.mark.parametrize(
    ("files", "after"),
    [
        ({"A.vb": codecs.BOM_UTF8 + b"a\n", "B.vb": codecs.BOM_UTF8 + b"b\n"}, codecs.BOM_UTF8 + b"a\nb\n"),
        ({"A.vb": codecs.BOM_UTF8 + b"a\n"}, b"a\nb\n"),
        ({"A.vb": codecs.BOM_UTF8 + b"a\n", "B.vb": b"b\n"}, b"a\nb\n"),
        ({"A.txt": codecs.BOM_UTF8 + b"a\n", "B.txt": codecs.BOM_UTF8 + b"b\n"}, b"a\nb\n"),
        (
            {name: codecs.BOM_UTF16_LE + "a\n".encode("utf-16-le") for name in ("A.vb", "B.vb")},
            codecs.BOM_UTF16_LE + "a\nb\n".encode("utf-16-le"),
        ),
    ],
    ids=["custom", "one only", "not all", "other kind", "UTF-16"],
)
def test_byte_order_marks(files: dict[str, bytes], after: bytes, tmp_path: Path) -> None:
    tree(tmp_path, files)
    assert created(tmp_path, "New.vb").after == after


@pytest.mark.parametrize(
    ("modes", "mode"),
    [
        ({}, 0o100755),
        ({"a.sh": 0o755}, 0o100755),
        ({"a.sh": 0o644, "b.sh": 0o644}, 0o100644),
        ({"a.py": 0o644}, 0o100755),
    ],
    ids=["alone", "executable", "plain", "other kind"],
)
def test_a_script_has_the_mode_of_the_scripts_beside_it(modes: dict[str, int], mode: int, tmp_path: Path) -> None:
    for name, each in modes.items():
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(each)
    assert created(tmp_path, "new.sh", "#!/bin/sh\n").mode == mode
    assert created(tmp_path, "plain.sh", "echo\n").mode == 0o100644
