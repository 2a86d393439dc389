"""A path means a file of the tree, however it is spelled; a file that exists as it is written always means itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.change import beneath
from redimento.change.edit import Delete, Edit, Rename, Replace, WriteWhole
from redimento.change.guards.paths import problem
from redimento.change.meant import meant
from redimento.change.plan import plan
from redimento.settings import ChangeSettings


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for path in ("src/a.py", "top.py", "{{cookiecutter.slug}}/app.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text("x = 1\n")
    return tmp_path


def settled(tree: Path, edits: Sequence[Edit]) -> tuple[Edit, ...]:
    with beneath.opened(tree) as descriptor:
        return meant(edits, tree, lambda folder: beneath.names_in(descriptor, folder))


def named(tree: Path, edit: Edit) -> str:
    return settled(tree, [edit])[0].path


@pytest.mark.parametrize(
    "written",
    ["src/a.py", "a/src/a.py", "b/src/a.py", "/src/a.py", "./src/a.py", "././src/a.py", "src\\a.py", ".\\src\\a.py", "\\src\\a.py", "/b/src/a.py", "a\\src\\a.py"],
)  # fmt: skip
def test_spellings_of_a_file(tree: Path, written: str) -> None:
    planned = plan(tree, [Replace(written, "x = 1\n", "x = 2\n")], ChangeSettings())
    assert (planned.change.paths, planned.refusals) == (("src/a.py",), ())
    assert named(tree, WriteWhole(written, "x = 2\n")) == "src/a.py"
    assert named(tree, Delete(written)) == "src/a.py"


def test_an_absolute_path_inside_the_checkout(tree: Path) -> None:
    link = tree.parent / f"{tree.name}-link"
    link.symlink_to(tree)
    for root in (tree, link):
        assert named(root, Delete(f"{root}/src/a.py")) == "src/a.py"
        assert named(root, Delete(f"{tree}/src/a.py")) == "src/a.py"
        assert named(root, WriteWhole(f"{root}/src/new.py", "x\n")) == "src/new.py"


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("b/src/new.py", "src/new.py"),
        ("/src/new.py", "src/new.py"),
        ("/new.py", "new.py"),
        ("src\\new.py", "src/new.py"),
        ("b/new.py", "b/new.py"),  # it may be a new folder
        ("b/lib/new.py", "b/lib/new.py"),
        ("/etc/passwd", "/etc/passwd"),
        ("../src/a.py", "../src/a.py"),
        ("a/../src/a.py", "a/../src/a.py"),
        ("", ""),
        ("a/", "a/"),
        ("/", ""),
    ],
)
def test_spellings_of_a_new_file(tree: Path, written: str, path: str) -> None:
    assert named(tree, WriteWhole(written, "x\n")) == path
    assert settled(tree, [Rename("top.py", written)]) == (Rename("top.py", path),)


def test_a_folder_may_be_called_like_the_prefix_of_a_diff(tree: Path) -> None:
    (tree / "a" / "src").mkdir(parents=True)
    (tree / "a" / "src" / "a.py").write_text("x = 3\n")
    assert named(tree, Replace("a/src/a.py", "x\n", "y\n")) == "a/src/a.py"
    assert named(tree, Replace("b/a/src/a.py", "x\n", "y\n")) == "a/src/a.py"
    assert named(tree, WriteWhole("a/top.py", "y\n")) == "a/top.py"
    assert named(tree, Delete("a/top.py")) == "a/top.py"
    assert named(tree, Replace("a/top.py", "x\n", "y\n")) == "top.py"
    assert named(tree, Replace("a/top.py", "", "y\n")) == "a/top.py"


def test_a_file_of_the_same_answer_counts_as_existing(tree: Path) -> None:
    edits: list[Edit] = [WriteWhole("lib/new.py", "x = 1\n"), Replace("b/lib/new.py", "x = 1\n", "x = 2\n")]
    planned = plan(tree, edits, ChangeSettings())
    assert planned.change.paths == ("lib/new.py",)
    assert (
        settled(tree, [Rename("top.py", "b/deep/c.py"), Replace("b/deep/c.py", "x\n", "y\n")])[1].path == "b/deep/c.py"
    )


_PARTS = st.sampled_from(
    [
        "a",
        "b",
        "src",
        "a.py",
        "top.py",
        "..",
        ".",
        "",
        "/",
        "\\",
        "\0",
        "link",
        "new",
        " ",
        "C:",
        "caf\u00e9",
        "\u00e9\0",
    ]
)


@given(st.lists(_PARTS, max_size=6).map("/".join))
def test_settling_never_makes_a_bad_path_good_by_leaving_the_tree(
    tmp_path_factory: pytest.TempPathFactory, path: str
) -> None:
    root = tmp_path_factory.getbasetemp() / "settling"
    (root / "src").mkdir(parents=True, exist_ok=True)
    (root / "src" / "a.py").write_text("x\n")
    once = settled(root, [WriteWhole(path, "x\n")])
    assert settled(root, once) == once
    if ".." in path.replace("\\", "/").split("/"):
        assert problem(once[0].path)
