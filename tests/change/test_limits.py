"""Each limit refuses with its figure and the name of its setting."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.change.edit import Change, Delete, Edit, FileChange, Rename, Replace, WriteWhole
from redimento.change.guards.limits import measure
from redimento.change.guards.line_diff import changed_lines
from redimento.change.plan import plan
from redimento.settings import ChangeSettings

TEXT = "".join(f"line {n}\n" for n in range(100))


@pytest.mark.parametrize(
    ("settings", "edits", "figure"),
    [
        (
            ChangeSettings(max_files=2),
            [WriteWhole(f"{n}.txt", "x\n") for n in range(3)],
            "3 files, more than change.max_files (2)",
        ),
        (
            ChangeSettings(max_added_lines=5),
            [WriteWhole("n.txt", "x\n" * 6)],
            "adds 6 lines, more than change.max_added_lines (5)",
        ),
        (
            ChangeSettings(max_deleted_lines=99),
            [Delete("a.txt")],
            "deletes 100 lines, more than change.max_deleted_lines (99)",
        ),
        (
            ChangeSettings(max_shrink_percent=60),
            [WriteWhole("a.txt", TEXT[: len("line n\n") * 10])],
            "shrink by 90 %, from 100 lines to 10, more than change.max_shrink_percent (60)",
        ),
        (
            ChangeSettings(max_file_bytes=1000),
            [WriteWhole("n.txt", "x" * 1001)],
            "1002 bytes long, more than change.max_file_bytes (1000)",
        ),
    ],
    ids=["files", "added", "deleted", "shrink", "size"],
)
def test_a_change_over_a_limit_is_refused(
    settings: ChangeSettings, edits: list[Edit], figure: str, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    for partial in (False, True):
        planned = plan(tmp_path, edits, settings, partial=partial)
        assert planned.change.files == ()
        assert figure in "\n".join(refusal.reason for refusal in planned.refusals)


def test_a_change_at_the_limit_passes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    settings = ChangeSettings(max_files=2, max_added_lines=3, max_deleted_lines=61)
    edits: list[Edit] = [
        WriteWhole("n.txt", "x\ny\n"),
        Replace("a.txt", "".join(f"line {n}\n" for n in range(61)), "z\n"),
    ]
    assert plan(tmp_path, edits, settings).refusals == ()


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    (refusal,) = plan(tmp_path, [Replace("a.txt", "line 1\n", "x\n")], ChangeSettings(max_file_bytes=500)).refusals
    assert "more than change.max_file_bytes (500)" in refusal.reason


@pytest.mark.parametrize("content", ["a\0b\n", "PK\x03\x04\0"])
def test_binary_content_is_refused(content: str, tmp_path: Path) -> None:
    (refusal,) = plan(tmp_path, [WriteWhole("a.bin", content)], ChangeSettings()).refusals
    assert "binary" in refusal.reason


def test_a_binary_file_may_be_moved_and_deleted(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\0")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\0\0")
    planned = plan(tmp_path, [Rename("a.png", "img/a.png"), Delete("b.png")], ChangeSettings())
    assert planned.refusals == ()
    assert planned.change.paths == ("a.png", "b.png", "img/a.png")


def test_a_moved_file_adds_no_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    settings = ChangeSettings(max_added_lines=0, max_deleted_lines=100)
    assert plan(tmp_path, [Rename("a.txt", "b.txt")], settings).refusals == ()


def test_limits_apply_to_the_total_of_all_rounds(tmp_path: Path) -> None:
    settings = ChangeSettings(max_added_lines=10)
    first = plan(tmp_path, [WriteWhole("a.txt", "a\n" * 6)], settings).change
    (tmp_path / "a.txt").write_text("a\n" * 6)
    second = plan(tmp_path, [WriteWhole("b.txt", "b\n" * 6)], settings, already=first)
    assert "adds 12 lines" in second.refusals[0].reason
    assert second.change == first


def test_what_is_undone_no_longer_counts(tmp_path: Path) -> None:
    first = plan(tmp_path, [WriteWhole("a.txt", "a\n" * 6)], ChangeSettings()).change
    (tmp_path / "a.txt").write_text("a\n" * 6)
    assert plan(tmp_path, [Delete("a.txt")], ChangeSettings(), already=first).change == Change()


_LINES = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=12).map(
    lambda lines: "".join(f"{line}\n" for line in lines)
)


@given(_LINES, _LINES)
def test_the_counted_lines_explain_the_difference(before: str, after: str) -> None:
    added, deleted = changed_lines(before, after)
    assert after.count("\n") - before.count("\n") == len(added) - len(deleted)
    assert [after.split("\n")[line.number - 1] for line in added] == [line.text for line in added]
    assert bool(added or deleted) == (before != after)


def test_one_changed_line_in_a_long_file_counts_once() -> None:
    added, deleted = changed_lines(TEXT * 3, TEXT + "new\n" + TEXT + TEXT)
    assert ([line.text for line in added], deleted) == (["new"], ())


def shrunk(root: Path, before: int, after: int, percent: int) -> bool:
    (root / "a.txt").write_text("".join(f"line {n}\n" for n in range(before)))
    new = "".join(f"line {n}\n" for n in range(after))
    refusals = plan(root, [WriteWhole("a.txt", new)], ChangeSettings(max_shrink_percent=percent)).refusals
    assert all("would shrink" in refusal.reason for refusal in refusals)
    return not refusals


def test_a_file_may_shrink_by_exactly_the_limit(tmp_path: Path) -> None:
    assert shrunk(tmp_path, 100, 40, 60)
    assert not shrunk(tmp_path, 100, 39, 60)
    assert shrunk(tmp_path, 200, 81, 59)


def test_a_file_of_less_than_ten_lines_may_shrink(tmp_path: Path) -> None:
    assert shrunk(tmp_path, 9, 1, 60)
    assert not shrunk(tmp_path, 10, 1, 60)


def test_a_last_line_without_a_line_break_counts(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\n" * 9 + "x")
    (refusal,) = plan(tmp_path, [WriteWhole("a.txt", "x\n")], ChangeSettings()).refusals
    assert "from 10 lines to 1" in refusal.reason


def test_replaced_lines_are_no_shrinkage(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    new = TEXT.replace("line", "new line")
    assert plan(tmp_path, [WriteWhole("a.txt", new)], ChangeSettings(max_shrink_percent=0)).refusals == ()


def test_a_deleted_file_is_no_shrinkage(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    assert plan(tmp_path, [Delete("a.txt")], ChangeSettings(max_shrink_percent=0)).refusals == ()


def test_a_file_may_have_exactly_the_largest_size(tmp_path: Path) -> None:
    for length, refused in ((1000, False), (1001, True)):
        edit = WriteWhole("n.txt", "x" * (length - 1) + "\n")
        assert bool(plan(tmp_path, [edit], ChangeSettings(max_file_bytes=1000)).refusals) == refused


FUNCTIONS = [f"def f{n}():\n    return compute({n})\n\n\n" for n in range(30)]


def test_lines_that_another_file_adds_are_moved_not_deleted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("".join(FUNCTIONS))
    kept, moved = "".join(FUNCTIONS[:3]), "".join(FUNCTIONS[3:])
    settings = ChangeSettings(max_deleted_lines=60, max_shrink_percent=60)  # 54 of them are blank
    whole = [WriteWhole("a.py", kept), WriteWhole("b.py", moved)]
    indented = [
        WriteWhole("a.py", kept),
        WriteWhole("b.py", "class A:\n" + moved.replace("def", "    def").replace("  return", "      return")),
    ]
    assert plan(tmp_path, whole, settings).refusals == ()
    assert plan(tmp_path, indented, settings).refusals == ()
    alone = plan(tmp_path, whole[:1], settings).refusals
    assert {refusal.path for refusal in alone} == {"a.py"}
    # In part of an answer, what is left out receives nothing.
    broken = plan(tmp_path, [whole[0], WriteWhole("b.py", moved + "(")], settings, partial=True)
    assert broken.change.files == ()


def test_an_added_line_stands_for_one_deleted_line_and_a_brace_for_none(tmp_path: Path) -> None:
    def deletes(before: str, elsewhere: str) -> str:
        (tmp_path / "a.c").write_text(before)
        edits: list[Edit] = [Delete("a.c"), WriteWhole("b.c", elsewhere)]
        (refusal,) = plan(tmp_path, edits, ChangeSettings(max_deleted_lines=0)).refusals
        return refusal.reason.split(" lines")[0]

    assert deletes("return 1;\n" * 5, "return 1;\n" * 2) == "The change deletes 3"
    assert deletes("}\n\n" * 5, "}\n\n}\n") == "The change deletes 10"
    assert deletes("x = 1;\nreturn 1;\n", "return 2;\n") == "The change deletes 2"


@given(st.lists(st.sampled_from(["one line", "two lines", "}", ""]), max_size=12), st.data())
def test_nothing_is_moved_more_often_than_it_is_added(lines: list[str], data: st.DataObject) -> None:
    added = data.draw(st.lists(st.sampled_from(lines or [""]), max_size=12))
    old, new = ("".join(f"{line}\n" for line in these) for these in (lines, added))
    gone, there = measure([FileChange("a", old.encode(), None), FileChange("b", b"other\n", new.encode())])
    assert gone.moved <= min(gone.deleted, sum(line not in {"}", ""} for line in added))
    assert there.moved == 0
