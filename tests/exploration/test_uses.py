from __future__ import annotations

from pathlib import Path

import pytest

from redimento.local.folder_tree import FolderTree
from tests.exploration.conftest import ask, folder


def test_the_heads_of_definitions_come_first_then_uses_by_the_definition_they_are_in(shop: FolderTree) -> None:
    found = ask(shop, "uses", "price")
    assert [(excerpt.path, excerpt.spans) for excerpt in found.excerpts] == [("src/shop/prices.py", ((4, 4),))]
    assert found.text.split("\n") == [
        "Used in:",
        "in Cart.total:",
        "src/shop/cart.py:13: return sum(price(line) for line in self.lines)",
    ]


def test_a_method_is_told_with_its_class(shop: FolderTree) -> None:
    found = ask(shop, "uses", "Cart.total")
    assert found.excerpts[0].path == "src/shop/cart.py"
    assert "in test_total:\ntests/test_cart.py:5: assert Cart().total() == 0" in found.text


def test_parts_of_longer_names_are_no_uses(tmp_path: Path) -> None:
    tree = folder(tmp_path, {"a.py": "def run(): pass\n", "b.py": "rerun()\nrun_all()\n$run()\nrun()\n"})
    assert ask(tree, "uses", "run").text.split("\n") == ["Used in:", "b.py:4: run()"]


def test_names_of_other_alphabets_and_languages_without_a_grammar_are_found(tmp_path: Path) -> None:
    tree = folder(tmp_path, {"a.rb": "def größe\nend\n", "b.rb": "x = größe(1)\ny = größer\n"})
    found = ask(tree, "uses", "größe")
    assert [(excerpt.path, excerpt.text) for excerpt in found.excerpts] == [("a.rb", "def größe\n⋮ lines 2-2 left out")]
    assert found.text.split("\n") == ["Used in:", "b.rb:1: x = größe(1)"]


def test_names_with_hyphens_are_found(tmp_path: Path) -> None:
    tree = folder(
        tmp_path, {"a.css": ".btn-primary { }\n", "a.html": '<a class="btn-primary">\n<a class="btn-primary-2">\n'}
    )
    assert ask(tree, "uses", ".btn-primary").text.split("\n")[1:] == [
        *("Used in:", "a.css:1: .btn-primary { }", "Also in: a.html (1).")
    ]


def test_imports_are_told_only_where_there_is_nothing_else(tmp_path: Path) -> None:
    tree = folder(tmp_path, {"a.py": "def run(): pass\n", "b.py": "from a import run\n"})
    assert ask(tree, "uses", "run").text.split("\n") == ["Used in:", "b.py:1: from a import run"]


def test_uses_are_spread_and_bounded(tmp_path: Path) -> None:
    files = {f"{n:03}.py": "def f():\n" + "    run()\n" * 20 for n in range(100)} | {"a.py": "def run(): pass\n"}
    lines = ask(folder(tmp_path, files), "uses", "run").text.split("\n")
    assert sum(": run()" in line for line in lines) == 39  # 13 files
    assert lines[-1].startswith("Also in: ")


@pytest.mark.parametrize("target", ["", "a b", "a" * 1_000_000, "1st", "a..b", "(", "src/cart.py\0"])
def test_what_is_no_name_is_refused_with_a_sentence(shop: FolderTree, target: str) -> None:
    text = ask(shop, "uses", target).text
    assert text.startswith("Write the name of a definition")
    assert len(text) < 400


def test_an_unknown_name_says_so(shop: FolderTree) -> None:
    assert ask(shop, "uses", "Wallet.open").text == "Nothing defines or uses `Wallet.open`."
