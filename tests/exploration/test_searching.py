from __future__ import annotations

from pathlib import Path

import pytest

from redimento.local.folder_tree import FolderTree
from tests.exploration.conftest import LargeTree, ask, folder


def test_hits_are_path_line_and_text(shop: FolderTree) -> None:
    assert ask(shop, "search", r"^    def t\w+\(self\):$").text == "src/shop/cart.py:12: def total(self):"


def test_lines_that_end_as_on_windows_end_where_the_text_does(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    assert ask(FolderTree(tmp_path), "search", "o$").text == "a.txt:2: two"


def test_likely_files_come_first_then_those_named_like_the_pattern_tests_among_them(shop: FolderTree) -> None:
    lines = ask(shop, "search", "total", best=["src/api/order.proto"]).text.split("\n")
    assert list(dict.fromkeys(line.split(":")[0] for line in lines)) == [
        *("src/api/order.proto", "src/shop/cart.py", "tests/test_cart.py"),
        *("src/legacy/cart.py", "src/web/Basket.ts", "docs/cart.md"),
    ]
    lines = ask(shop, "search", "Basket|price").text.split("\n")
    assert lines[0].startswith("The pattern matches the path of src/shop/prices.py, src/web/Basket.ts.")
    assert lines[1].startswith("src/shop/prices.py:")


def test_a_common_pattern_is_spread_over_the_files_and_what_is_left_out_is_said(tmp_path: Path) -> None:
    files = {f"src/{n:03}.py": "hit\n" * 20 for n in range(100)} | {f"tests/test_{n}.py": "hit\n" for n in range(9)}
    lines = ask(folder(tmp_path, files), "search", "hit").text.split("\n")
    hits = [line.split(":")[0] for line in lines if ": hit" in line]
    assert len(hits) <= 60
    assert len(set(hits)) > 20
    assert max(map(hits.count, hits)) == 3
    assert sum(path.startswith("tests/") for path in set(hits)) == 8
    assert lines[-2].startswith("More hits in: src/000.py (17), src/001.py (17)")
    assert lines[-1].startswith("Also in: src/")
    assert lines[-1].endswith(" more files.")


def test_a_file_with_a_definition_among_many_hits_shows_it(tmp_path: Path) -> None:
    files = {f"{n:03}.py": "run()\n" * 30 + "def run():\n    pass\n" for n in range(40)}
    assert "000.py:31: def run():" in ask(folder(tmp_path, files), "search", "run").text.split("\n")


def test_few_files_show_more_of_their_hits(tmp_path: Path) -> None:
    assert len(ask(folder(tmp_path, {"a.txt": "hit\n" * 12}), "search", "hit").text.split("\n")) == 11


def test_a_search_within_a_glob(shop: FolderTree) -> None:
    assert ask(shop, "search", "total", within="**/*.ts").text == "src/web/Basket.ts:2: total(): number {"
    assert ask(shop, "search", "total", within="src/api").text == "src/api/order.proto:2: int32 total = 1;"
    assert "Basket.ts:2" in ask(shop, "search", "total", within="*.ts, *.proto").text
    assert ask(shop, "search", "total", within="*.java").text == "No file matches `*.java`."
    assert ask(shop, "search", "wallet", within="src").text == "Nothing matches `wallet` in `src`."


def test_a_search_that_finds_nothing_tries_other_letter_case_and_says_so(shop: FolderTree) -> None:
    assert ask(shop, "search", "WHAT SOMEBODY").text.split("\n") == [
        *("Nothing matches `WHAT SOMEBODY`.", "In other letter case:"),
        'src/shop/cart.py:7: """What somebody wants to buy."""',
    ]


def test_a_search_with_the_lines_around(shop: FolderTree) -> None:
    found = ask(shop, "search", "def total", within="src/shop/*", around=1)
    (excerpt,) = found.excerpts
    assert (excerpt.path, excerpt.spans) == ("src/shop/cart.py", ((11, 13), (15, 17)))
    assert excerpt.text.startswith("⋮ lines 1-10 left out\n\n    def total(self):\n        return sum(")
    assert found.text == ""


def test_many_lines_around_many_hits_are_bounded(tmp_path: Path) -> None:
    files = {f"{n:02}.txt": "some words before\n" * 60 + "hit\n" + "some after\n" * 60 for n in range(50)}
    found = ask(folder(tmp_path, files), "search", "hit", around=1_000_000)
    assert 10 < sum(excerpt.tokens for excerpt in found.excerpts) < 6_500
    assert "Also in: " in found.text
    assert len(found.excerpts) + found.text.count(" (1)") == 50


@pytest.mark.parametrize("pattern", ["total(", "(?=look)", r"(a)\1", "[", "*"])
def test_an_invalid_pattern_is_searched_as_it_is_written(tmp_path: Path, pattern: str) -> None:
    lines = ask(folder(tmp_path, {"a.txt": f"x\n{pattern} \n"}), "search", pattern).text.split("\n")
    assert lines[0].startswith(f"`{pattern}` is not a valid pattern (")
    assert lines[0].endswith("it was searched as literal text.")
    assert lines[1:] == [f"a.txt:2: {pattern}"]


def test_a_pattern_with_a_line_break_matches_across_lines(shop: FolderTree) -> None:
    assert ask(shop, "search", r"class Cart:\n\s+\"\"\"What").text == "src/shop/cart.py:6: class Cart:"
    assert ask(shop, "search", "def total[^x]*total").text.startswith("Nothing")


@pytest.mark.parametrize("pattern", ["", "x" * 301, "x" * 1_000_000])
def test_a_pattern_of_no_use_is_refused_with_a_sentence(shop: FolderTree, pattern: str) -> None:
    assert ask(shop, "search", pattern).text == "A pattern has 1 to 300 characters."


def test_a_search_does_not_find_secrets(shop: FolderTree) -> None:
    assert ask(shop, "search", "hunter2").text == "Nothing matches `hunter2`."


def test_long_lines_are_cut(tmp_path: Path) -> None:
    text = ask(folder(tmp_path, {"a.txt": "  " + "é" * 5_000 + "hit\n"}), "search", "hit").text
    assert text == "a.txt:1: " + "é" * 200


def test_what_is_too_much_to_search_is_left_out_from_the_end_and_said(tmp_path: Path) -> None:
    tree = LargeTree(folder(tmp_path, {f"{n:03}.py": "hit\n" for n in range(400)}))
    found = ask(tree, "search", "hit", best=["399.py"]).text
    assert found.startswith("399.py:1: hit\n000.py:1: hit")
    assert "67 files were not searched, because there are too many: narrow `within`." in found
    assert ask(tree, "search", "hit", within="390.py").text == "390.py:1: hit"
