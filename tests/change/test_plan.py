"""A plan: all or nothing, over several rounds, formatted as `.editorconfig` asks, with its new dependencies."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from redimento.change.edit import Change, Delete, Edit, FileChange, Rename, Replace, WriteWhole
from redimento.change.guards.paths import problem
from redimento.change.guards.protected import is_protected
from redimento.change.plan import plan
from redimento.change.writer import recover, write
from redimento.settings import ChangeSettings


def content(root: Path, edit: Edit) -> bytes | None:
    planned = plan(root, [edit], ChangeSettings())
    assert planned.refusals == ()
    return planned.change.files[0].after


def test_one_refusal_refuses_all_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n")
    good, bad = Replace("a.txt", "a\n", "b\n"), Replace("a.txt", "zzz\n", "y\n")
    planned = plan(tmp_path, [good, bad, Delete("nowhere")], ChangeSettings())
    assert planned.change == Change()
    assert [refusal.path for refusal in planned.refusals] == ["a.txt", "nowhere"]
    assert (tmp_path / "a.txt").read_text() == "a\n"


def test_a_partial_plan_keeps_the_good_edits(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n")
    good, bad, broken = Replace("a.txt", "a\n", "b\n"), Delete("nowhere"), WriteWhole("b.py", "def f(:\n")
    planned = plan(tmp_path, [good, bad, broken], ChangeSettings(), partial=True)
    assert planned.change.paths == ("a.txt",)
    assert [refusal.path for refusal in planned.refusals] == ["nowhere", "b.py"]


def test_new_source_code_holds_nothing_that_changes_the_order_of_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text("x = '\u202e'\n")
    refused = plan(
        tmp_path, [WriteWhole("a.py", "admin = False\nif x == 'user\u202e\u2066':\n    pass\n")], ChangeSettings()
    )
    assert [refusal.reason for refusal in refused.refusals] == [
        (
            "Line 2 of a.py has the invisible character U+202E, which changes the order of what people read: write it as an "
            "escape sequence."
        )
    ]
    for edit in (
        WriteWhole("b.py", "x = '\\u202e'\n"),
        WriteWhole("he.json", '{"title": "\u2067\u05e9\u05dc\u2069"}\n'),
        Replace("old.py", "x = ", "y = 1\nx = "),
    ):
        assert plan(tmp_path, [edit], ChangeSettings()).refusals == ()


def test_a_partial_plan_never_keeps_half_a_rename(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1\n")
    edits: list[Edit] = [Rename("a.py", "b.py"), Replace("b.py", "a = 1\n", "a = (\n"), WriteWhole("c.txt", "c\n")]
    assert plan(tmp_path, edits, ChangeSettings(), partial=True).change.paths == ("c.txt",)


def test_a_partial_later_round_falls_back_to_the_earlier_change(tmp_path: Path) -> None:
    first = Change((FileChange("a.py", b"a = 1\n", b"a = 2\n"),))
    (tmp_path / "a.py").write_text("a = 2\n")
    planned = plan(tmp_path, [Replace("a.py", "a = 2\n", "a = (\n")], ChangeSettings(), already=first, partial=True)
    assert planned.change == first
    assert planned.refusals


def test_files_come_in_path_order_with_their_originals(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"b\r\n")
    planned = plan(tmp_path, [Rename("b.txt", "z.txt"), WriteWhole("a.txt", "a")], ChangeSettings())
    assert planned.change.files == (
        FileChange("a.txt", None, b"a\r\n"),
        FileChange("b.txt", b"b\r\n", None),
        FileChange("z.txt", None, b"b\r\n"),
    )


def test_a_later_round_edits_the_tree_and_keeps_the_first_originals(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    (tmp_path / "b.txt").write_text("b\n")
    first = plan(tmp_path, [Replace("a.txt", "one\n", "two\n"), Delete("b.txt")], ChangeSettings()).change
    write(tmp_path, first, tmp_path.parent / f"{tmp_path.name}.journal")
    again: list[Edit] = [Replace("a.txt", "two\n", "three\n"), WriteWhole("b.txt", "b\n"), WriteWhole("c.txt", "c\n")]
    second = plan(tmp_path, again, ChangeSettings(), already=first)
    assert second.refusals == ()
    assert second.change.files == (FileChange("a.txt", b"one\n", b"three\n"), FileChange("c.txt", None, b"c\n"))


def test_a_refused_later_round_leaves_the_earlier_change(tmp_path: Path) -> None:
    first = Change((FileChange("a.txt", b"a\n", b"b\n"),))
    (tmp_path / "a.txt").write_text("b\n")
    assert plan(tmp_path, [Delete("nowhere")], ChangeSettings(), already=first).change == first


def test_what_was_forgiven_is_noted(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\n    a\n")
    (note,) = plan(tmp_path, [Replace("a.txt", "a\n", "b\n")], ChangeSettings()).notes
    assert note == "a.txt, line 2: matched by indentation."


@pytest.mark.parametrize(
    ("config", "path", "text", "expected"),
    [
        ("[*]\nend_of_line = crlf\n", "a.cs", "class A {}\n", b"class A {}\r\n"),
        ("[*.cs]\ncharset = utf-8-bom\n", "a.cs", "class A {}\n", b"\xef\xbb\xbfclass A {}\n"),
        ("[*]\ninsert_final_newline = false\n", "a.txt", "a\n", b"a"),
        ("[*]\n", "a.txt", "a", b"a\n"),
        (
            "[*.{js,ts}]\nindent_style = tab\nindent_size = 2\n",
            "a.ts",
            "if (a) {\n  b();\n}\n",
            b"if (a) {\n\tb();\n}\n",
        ),
        (
            "[*.go]\nindent_style = space\nindent_size = 2\n",
            "a.go",
            "package a\n\nvar (\n\tb = 1\n)\n",
            b"package a\n\nvar (\n  b = 1\n)\n",
        ),
        ("[*]\ntrim_trailing_whitespace = true\n", "a.txt", "a  \nb\n", b"a\nb\n"),
        ("[src/**]\nend_of_line = crlf\n", "src/x/a.txt", "a\n", b"a\r\n"),
        ("[*.md]\nend_of_line = crlf\n", "a.txt", "a\n", b"a\n"),
        ("[*]\ncharset = latin1\n", "a.txt", "\u00e9\n", b"\xe9\n"),
        ("[*\nbroken = \xff\n= = =\n[{{{{]\nindent_size = 99999\n", "a.txt", "a\n", b"a\n"),
        (
            "[" + "*a" * 200 + "b]\nend_of_line = crlf\n[" + "{a,b}" * 60 + "]\nend_of_line = crlf\n",
            "a" * 250,
            "a\n",
            b"a\n",
        ),
    ],
)
def test_a_new_file_is_written_as_editorconfig_asks(
    config: str, path: str, text: str, expected: bytes, tmp_path: Path
) -> None:
    (tmp_path / ".editorconfig").write_text(config)
    assert content(tmp_path, WriteWhole(path, text)) == expected


def test_the_nearest_editorconfig_wins_and_a_root_ends_the_search(tmp_path: Path) -> None:
    (tmp_path / ".editorconfig").write_text("[*]\nend_of_line = crlf\ninsert_final_newline = false\n")
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / ".editorconfig").write_text("[*]\nend_of_line = lf\n")
    assert content(tmp_path, WriteWhole("src/a.txt", "a\nb\n")) == b"a\nb"
    (tmp_path / "src" / ".editorconfig").write_text("root = true\n[*]\n")
    assert content(tmp_path, WriteWhole("src/a.txt", "a\nb\n")) == b"a\nb\n"


_FRAGMENTS = st.sampled_from(
    ["../", "/", ".git", ".GIT/", "link/", "sub/", "src/", "app.py", "APP.py", "azure-pipelines.yml", "AGENTS.md", "new/", "x.txt", "~", "\0", "\u200c", "a.", "con", " "]
)  # fmt: skip
_PATHS = st.lists(_FRAGMENTS, min_size=1, max_size=3).map("".join) | st.text(max_size=6)
_TEXTS = st.sampled_from(["", "a = 1\n", "a = 2\n", "x\n", "steps:\n- a\n", "#!/bin/sh\n", "\ud800", "\0"])
_EDITS = st.one_of(
    st.builds(WriteWhole, _PATHS, _TEXTS),
    st.builds(Replace, _PATHS, _TEXTS, _TEXTS),
    st.builds(Delete, _PATHS),
    st.builds(Rename, _PATHS, _PATHS),
)


def _everything(place: Path) -> dict[str, bytes]:
    return {
        str(path): path.read_bytes() if path.is_file() else b""
        for path in sorted(place.rglob("*"))
        if path.suffix != ".journal"
    }


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(edits=st.lists(_EDITS, min_size=1, max_size=3), partial=st.booleans())
def test_no_edits_touch_what_is_protected_or_outside(edits: list[Edit], partial: bool, tmp_path: Path) -> None:  # noqa: FBT001  # drawn
    root = tmp_path / "root"
    if not root.exists():
        for path in ("src/app.py", "azure-pipelines.yml", "AGENTS.md", ".git/config", "sub/.git"):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("a = 1\n")
        (tmp_path / "outside").mkdir()
        (tmp_path / "outside" / "app.py").write_text("a = 1\n")
        (root / "link").symlink_to(tmp_path / "outside")
    before = _everything(tmp_path)
    change = plan(root, edits, ChangeSettings(), partial=partial).change
    assert not [path for path in change.paths if problem(path) or is_protected(path)]
    write(root, change, tmp_path / "run.journal")
    after = _everything(tmp_path)
    assert {path for path in before if after.get(path) != before[path]} <= {
        str(root / path) for path in change.paths
    } | {str(root / "src")}
    recover(root, tmp_path / "run.journal")
    assert _everything(tmp_path) == before
