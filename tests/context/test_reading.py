from __future__ import annotations

from pathlib import Path

import pytest

from redimento.context.reading import look_up, read_excerpt, search
from redimento.context.selection import Excerpt
from redimento.local.folder_tree import FolderTree


@pytest.fixture
def tree(tmp_path: Path) -> FolderTree:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "cart.py").write_text("".join(f"line {number}\n" for number in range(1, 31)))
    (tmp_path / "src" / "data.bin.py").write_bytes(b"a\0b")
    (tmp_path / ".env").write_text("PASSWORD=hunter2\n")
    (tmp_path / "id_rsa").write_text("key\n")
    (tmp_path / "long.txt").write_text("word " * 200_000)
    return FolderTree(tmp_path)


@pytest.mark.parametrize(
    ("request_", "text", "spans"),
    [
        ("src/cart.py:2-3", "line 2\nline 3", ((2, 3),)),
        ("./src/cart.py:30", "line 30", ((30, 30),)),
        ("src/cart.py:29-999", "line 29\nline 30", ((29, 30),)),
    ],
)
def test_lines_of_a_file_are_read(
    tree: FolderTree, request_: str, text: str, spans: tuple[tuple[int, int], ...]
) -> None:
    excerpt = read_excerpt(tree, request_)
    assert isinstance(excerpt, Excerpt)
    assert (excerpt.path, excerpt.text, excerpt.spans) == ("src/cart.py", text, spans)


def test_a_whole_file_is_read(tree: FolderTree) -> None:
    excerpt = read_excerpt(tree, "src/cart.py")
    assert isinstance(excerpt, Excerpt)
    assert excerpt.spans is None
    assert excerpt.text.endswith("line 30")


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (".env", "secrets"),
        ("id_rsa:1", "secrets"),
        ("src/data.bin.py", "binary"),
        ("long.txt", "larger than"),
        ("../outside.py", "no file"),
        ("/etc/passwd", "no file"),
        ("src/nothing.py", "no file"),
        ("src/cart.py:31-40", "30 lines"),
        ("src/cart.py:9-3", "not have lines"),
        ("", "path:first-last"),
        ("a\nb", "path:first-last"),
    ],
)
def test_a_request_that_cannot_be_met_is_answered_with_a_sentence(tree: FolderTree, request_: str, why: str) -> None:
    answer = read_excerpt(tree, request_)
    assert isinstance(answer, str)
    assert why in answer
    assert answer.endswith(".")


def test_excluded_files_cannot_be_read_or_found(tree: FolderTree) -> None:
    assert "context.exclude" in str(read_excerpt(tree, "src/cart.py", exclude=("src/",)))
    assert search(tree, "line 7", exclude=("src/",)).startswith("Nothing")


def test_a_search_returns_path_line_and_text(tree: FolderTree) -> None:
    assert search(tree, r"line 1[25]$") == "src/cart.py:12: line 12\nsrc/cart.py:15: line 15"


def test_a_search_does_not_find_secrets(tree: FolderTree) -> None:
    assert search(tree, "hunter2") == "Nothing matches `hunter2`."


@pytest.mark.parametrize("pattern", ["(", "(?=look)", r"(a)\1", "", "x" * 301])
def test_an_invalid_pattern_is_refused_with_a_sentence(tree: FolderTree, pattern: str) -> None:
    answer = search(tree, pattern)
    assert answer.endswith(".")
    assert not answer.startswith("Nothing")


def test_a_pattern_that_would_backtrack_forever_ends(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a" * 300_000 + "!")
    assert search(FolderTree(tmp_path), "(a+)+$").startswith("Nothing")


def test_a_search_out_of_time_says_so(tree: FolderTree) -> None:
    assert "ran out of time" in search(tree, "line", seconds=-1)


def test_many_hits_are_cut(tmp_path: Path) -> None:
    for number in range(30):
        (tmp_path / f"{number}.txt").write_text("hit\n" * 50)
    lines = search(FolderTree(tmp_path), "hit").split("\n")
    assert len(lines) == 101
    assert lines[-1] == "There are more hits: narrow the pattern."


def test_one_answer_may_look_up_only_so_much(tree: FolderTree) -> None:
    paths = [f"src/cart.py:{1 + number % 30}-{30 + number}" for number in range(1_000)]
    found = list(look_up(tree, paths, [f"line {number}" for number in range(1_000)]))
    assert len(found) == 25
    assert found[-1] == "1976 further requests were not looked up: ask for less at a time."


def test_one_answer_may_look_up_only_so_long(tree: FolderTree) -> None:
    assert list(look_up(tree, ["src/cart.py"], ["line"], seconds=0)) == [
        "2 further requests were not looked up: ask for less at a time."
    ]


def test_what_an_answer_asks_for_comes_in_its_order_and_once(tree: FolderTree) -> None:
    found = list(look_up(tree, ["src/cart.py:1", "src/absent.py", "src/cart.py:1"], ["line 7"]))
    assert [each if isinstance(each, str) else each.text for each in found] == [
        "line 1",
        "The repository has no file `src/absent.py`.",
        "src/cart.py:7: line 7",
    ]
