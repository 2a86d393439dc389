from __future__ import annotations

from pathlib import Path

import pytest

from redimento.local.folder_tree import FolderTree
from tests.exploration.conftest import ask, folder


@pytest.mark.parametrize("target", ["src/shop", "src/shop/", "./src/shop", "src\\shop", "SRC/shop", "shop"])
def test_a_small_folder_is_listed_with_its_subfolders(shop: FolderTree, target: str) -> None:
    assert ask(shop, "list", target).text.split("\n") == [
        "`src/shop/` has 3 files:",
        "src/shop/__init__.py",
        "src/shop/cart.py",
        "src/shop/prices.py",
    ]


@pytest.mark.parametrize("target", ["", ".", "/", "./"])
def test_the_root_is_listed_without_what_may_not_be_shown(shop: FolderTree, target: str) -> None:
    lines = ask(shop, "list", target).text.split("\n")
    assert lines[0] == "`./` has 8 files:"
    assert ".env" not in lines


def test_a_large_folder_is_listed_by_subfolders_with_their_number_of_files(tmp_path: Path) -> None:
    files = {f"src/part{n % 3}/inner/{n}.py": "" for n in range(90)} | {f"src/{n}.py": "" for n in range(2)}
    assert ask(folder(tmp_path, files), "list", "src").text.split("\n") == [
        "`src/` has 92 files, 2 of them directly:",
        *(f"src/part{n}/ (30 files)" for n in range(3)),
        "src/0.py",
        "src/1.py",
    ]


def test_a_long_list_says_how_much_is_left_out(tmp_path: Path) -> None:
    lines = ask(folder(tmp_path, {f"{n:03}.py": "" for n in range(400)}), "list", "").text.split("\n")
    assert lines[1:3] == ["000.py", "001.py"]
    assert len(lines) == 152
    assert lines[-1] == "… and 250 more: list a subfolder, or a narrower glob."


@pytest.mark.parametrize(
    ("glob", "paths"),
    [
        ("**/*.proto", ["src/api/order.proto"]),
        ("*.proto", ["src/api/order.proto"]),
        ("src/*/cart*", ["src/legacy/cart.py", "src/shop/cart.py"]),
        ("src/**/cart.py", ["src/legacy/cart.py", "src/shop/cart.py"]),
        ("shop/*.py", ["src/shop/__init__.py", "src/shop/cart.py", "src/shop/prices.py"]),
        ("src/{api,web}/*", ["src/api/order.proto", "src/web/Basket.ts"]),
        ("**/[Bo]*.*", ["src/api/order.proto", "src/web/Basket.ts"]),
        ("**/[!a-z]*.ts", ["src/web/Basket.ts"]),
        ("test?/", ["tests/test_cart.py"]),
        ("src/w*", ["src/web/Basket.ts"]),
        ("**", 8),
    ],
)
def test_a_glob_names_files_by_their_whole_path(shop: FolderTree, glob: str, paths: list[str] | int) -> None:
    found = ask(shop, "list", glob).text.split("\n")[1:]
    assert found == paths if isinstance(paths, list) else len(found) == paths


@pytest.mark.parametrize("glob", ["*.java", "[", "{a", "[]", "src/*.ts", "*" * 2_000 + "{{{"])
def test_a_glob_that_fits_nothing_says_so(shop: FolderTree, glob: str) -> None:
    assert ask(shop, "list", glob).text.startswith("No file matches `")


def test_a_wrong_folder_is_answered_with_the_nearest(shop: FolderTree) -> None:
    assert ask(shop, "list", "src/shops").text.split("\n")[:2] == [
        "There is no folder `src/shops`. The nearest:",
        "src/shop/",
    ]


def test_a_file_is_no_folder(shop: FolderTree) -> None:
    assert ask(shop, "list", "shop/cart.py").text.split("\n") == [
        "`shop/cart.py` is not a folder. Files of this name:",
        "src/shop/cart.py",
    ]
