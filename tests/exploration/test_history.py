from __future__ import annotations

from pathlib import Path

import pytest

from redimento.exploration.answering import explorer
from redimento.exploration.wish import Wish
from redimento.local.folder_tree import FolderTree
from redimento.repository.checkout import open_checkout
from redimento.repository.tree import GitTree
from tests.exploration.conftest import ask
from tests.repository.conftest import Repo, make_repo

LINES = "".join(f"line {number}\n" for number in range(1, 41))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = make_repo(tmp_path / "repo", {"src/cart.py": LINES, "src/other.py": "x\n"})
    repo.commit({"src/cart.py": LINES.replace("line 3\n", "line three\n")}, "Spell three")
    repo.commit({"src/cart.py": LINES.replace("line 30\n", "line thirty\n")}, "Spell thirty")
    return repo


def tree_of(repo: Repo) -> GitTree:
    checkout = open_checkout(repo.path)
    return GitTree(checkout, checkout.head)


def test_commits_that_changed_a_file_are_told_newest_first_with_their_differences(repo: Repo) -> None:
    lines = ask(tree_of(repo), "history", "src/cart.py").text.split("\n")
    assert lines[0] == "Commits that changed `src/cart.py`, newest first:"
    assert [line[11:] for line in lines if line[:2] == "20"] == ["Spell thirty", "Spell three", "Start"]
    assert lines[2:8] == [
        "@@ -2,3 +2,3 @@ line 1",
        " line 2",
        "-line three",
        "+line 3",
        " line 4",
        "@@ -29,3 +29,3 @@ line 28",
    ]


def test_only_commits_that_changed_the_lines_are_told(repo: Repo) -> None:
    text = ask(tree_of(repo), "history", "cart.py:28-99").text
    assert text.startswith("Commits that changed lines 28-40 of `src/cart.py`, newest first:")
    assert "Spell thirty" in text
    assert "Spell three" not in text


def test_lines_that_the_commit_does_not_have_are_said(repo: Repo) -> None:
    text = ask(tree_of(repo), "history", "src/cart.py:50-60", changed={"src/cart.py": (LINES * 2).encode()}).text
    assert text == "`src/cart.py` has 40 lines before the change; it does not have lines 50-60."


def test_a_folder_is_told_by_subjects(repo: Repo, tmp_path: Path) -> None:
    expected = "Commits that changed `src/`, newest first:\nSpell thirty\nSpell three\nStart"
    assert ask(tree_of(repo), "history", "src").text == expected
    explore = explorer(tree_of(repo), exclude=(), best=(), cache=tmp_path / "cache")
    assert [explore([Wish("history", "src")], {})[0].text for _ in range(2)] == [expected, expected]


def test_what_has_no_history_says_so(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x\n")
    assert ask(FolderTree(tmp_path), "history", "a.py").text.startswith("This clone has no earlier commits")
    changed = {"src/new.py": b"x\n"}
    assert "not in the commit" in ask(tree_of(repo), "history", "src/new.py", changed=changed).text
    assert ask(tree_of(repo), "history", "nowhere.py").text == "The repository has no file `nowhere.py`."
    assert "path:first-last" in ask(tree_of(repo), "history", "a" * 1_000_000).text


def test_what_was_in_a_folder_of_the_same_name_stays_hidden(repo: Repo) -> None:
    repo.commit({"größe/.env": "PASSWORD=hunter2\n", "größe/a.py": "x\n"}, "Begin")
    repo.git("rm", "-rq", "größe")
    repo.commit({"größe": "a folder before\n"}, "Make it a file")
    for target in ("größe", "größe:1"):
        text = ask(tree_of(repo), "history", target).text
        assert "+a folder before" in text
        assert "hunter2" not in text


def test_a_clone_of_one_commit_says_so(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--depth=1", repo.path.as_uri(), str(tmp_path / "shallow"))
    text = ask(tree_of(Repo(tmp_path / "shallow")), "history", "src/cart.py").text
    assert text.startswith("This clone has no earlier commits that changed `src/cart.py`")


def test_long_differences_are_bounded(repo: Repo) -> None:
    for number in range(20):
        repo.commit({"src/cart.py": "".join(f"{number} word {n}\n" for n in range(500))}, f"Rewrite {number}")
    text = ask(tree_of(repo), "history", "src/cart.py").text
    assert "… 941 further lines" in text
    assert text.endswith("The older differences are left out.")
    assert text.count("Rewrite") == 12
    assert len(text) < 30_000
