"""A patch as the page shows it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.reporting.patch import Line, read_patch
from tests.scaling import assert_linear_in

LINES = st.lists(
    st.one_of(st.text("ab \t\r\x0c\u2028+-@#'\"\\", max_size=8), st.sampled_from(["--- a/x", "+++ b/x", "@@ -1 +1 @@", "diff --git a/x b/x"]))
)  # fmt: skip


def text(line: Line) -> str:
    return "".join(piece.text for piece in line.pieces)


def diff(folder: Path, before: str, after: str) -> str:
    folder.mkdir(exist_ok=True)
    for name, content in (("before", before), ("after", after)):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "a.py").write_bytes(content.encode())
    command = ["git", "diff", "--no-index", "--src-prefix=a/", "--dst-prefix=b/", "before/a.py", "after/a.py"]
    return subprocess.run(command, cwd=folder, capture_output=True, check=False).stdout.decode()


@given(before=LINES, after=LINES)
def test_every_line_of_a_patch_is_shown_once_with_its_number(
    tmp_path_factory: pytest.TempPathFactory, before: list[str], after: list[str]
) -> None:
    old, new = ("".join(f"{line}\n" for line in lines) for lines in (before, after))
    patch = diff(tmp_path_factory.getbasetemp() / "patch", old, new)
    files = read_patch(patch)

    assert len(files) == (1 if old != new else 0)
    for file in files:
        assert file.path == "after/a.py"
        for kinds, lines in ((("added", "same"), after), (("removed",), before)):
            for line in file.lines:
                if line.kind in kinds:
                    assert text(line) == "".join(lines[line.number - 1 : line.number]).removesuffix("\r")
        signs = [line[0] for line in patch.split("\n")[4:] if line[:1] in {"+", "-"}]
        assert (file.added, file.removed) == (signs.count("+"), signs.count("-"))


def test_old_and_new_source_are_coloured_apart() -> None:
    patch = "--- a/a.py\n+++ b/a.py\n@@ -1,2 +1,2 @@\n-x = '''open\n+x = 1  # done\n def f():\n"
    (file,) = read_patch(patch)

    colours = {piece.text: piece.colour for line in file.lines for piece in line.pieces}
    assert (colours["1"], colours["# done"], colours["def"]) == ("number", "comment", "keyword")


def test_a_file_without_hunks_is_named_with_what_git_says_of_it() -> None:
    patch = "diff --git a/old name.bin b/new name.bin\nrename from old name.bin\nrename to new name.bin\nBinary files differ\n"
    (file,) = read_patch(patch)

    assert (file.path, file.lines) == ("new name.bin", ())
    assert "Binary files differ" in file.remarks


@pytest.mark.parametrize("piece", ["(", "'", '"""', "/*", "x = 1\n+", "@@ -1 +1 @@\n+", "diff --git a/a b/a\n"])
def test_a_patch_twice_as_long_takes_twice_as_long(piece: str) -> None:
    start = "--- a/a.py\n+++ b/a.py\n@@ -0,0 +1,99999 @@\n+"
    assert_linear_in(read_patch, lambda size: start + piece * size, 1_000)
