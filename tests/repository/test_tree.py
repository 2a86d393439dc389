from __future__ import annotations

import os
from pathlib import Path

import pytest

from redimento.repository.checkout import open_checkout
from redimento.repository.tree import GitTree
from tests.repository.conftest import Repo


def tree_of(repo: Repo) -> GitTree:
    checkout = open_checkout(repo.path)
    return GitTree(checkout, checkout.head)


def test_entries_are_the_regular_files_of_the_commit_with_size_and_blob(repo: Repo) -> None:
    (repo.path / "link").symlink_to("/etc/passwd")
    repo.commit({"größe.txt": "11 bytes\n\n\n", ".gitignore": "build/\n", "empty": ""})
    repo.write({"untracked.txt": "x\n", "build/out.o": "x\n"})

    entries = tree_of(repo).entries()

    assert [entry.path for entry in entries] == [
        *(".gitignore", "README.md", "empty", "größe.txt", "run.sh", "src/cart.py")
    ]
    assert {entry.path: entry.size for entry in entries}["größe.txt"] == 11
    assert all(entry.blob == repo.git("hash-object", "--no-filters", entry.path) for entry in entries)


def test_a_path_that_is_not_utf_8_is_left_out(repo: Repo) -> None:
    (repo.path / os.fsdecode(b"caf\xe9.txt")).write_text("x\n")
    repo.commit({})

    assert [entry.path for entry in tree_of(repo).entries()] == ["README.md", "run.sh", "src/cart.py"]


def test_files_are_read_in_the_order_asked_for(repo: Repo) -> None:
    read = list(tree_of(repo).read(["src/cart.py", "nowhere", "README.md"]))

    assert read == [("src/cart.py", b"def total():\n    return 0\n"), ("README.md", b"# Shop\n")]


def test_changes_in_the_working_tree_are_not_read(repo: Repo, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s" * 7)  # as long as the file that the link replaces
    repo.write({"src/cart.py": "def total():\n    return 1\n", "big.bin": b"\0\n" * 9_000_000})
    tree = tree_of(repo)
    (repo.path / "README.md").unlink()
    (repo.path / "README.md").symlink_to(secret)
    (repo.path / "run.sh").unlink()
    os.mkfifo(repo.path / "run.sh")

    assert dict(tree.read(["README.md", "run.sh", "src/cart.py"])) == {
        "README.md": b"# Shop\n",
        "run.sh": b"exit 0\n",
        "src/cart.py": b"def total():\n    return 0\n",
    }


def test_large_and_binary_files_are_read_completely(repo: Repo) -> None:
    files: dict[str, str | bytes] = {f"data/{number}.bin": bytes([number, 10]) * 3_000_000 for number in range(4)}
    repo.commit(files)
    tree = tree_of(repo)
    for number in (1, 3):
        (repo.path / f"data/{number}.bin").unlink()

    assert dict(tree.read(files)) == files


def test_history_names_the_files_of_each_commit(repo: Repo) -> None:
    repo.commit({"src/cart.py": "1\n"}, "Add totals\n\nWith a body\n\nand \x01 odd lines")
    repo.commit({"größe.txt": "1\n", "src/cart.py": "2\n"}, "Measure")
    repo.commit({}, "Nothing")

    nothing, measure, totals = tree_of(repo).history(3)

    assert (nothing.subject, nothing.paths) == ("Nothing", ())
    assert (measure.subject, measure.paths) == ("Measure", ("größe.txt", "src/cart.py"))
    assert (totals.subject, totals.paths) == ("Add totals", ("src/cart.py",))


def test_a_shallow_clone_of_one_commit_has_no_history(job: Repo) -> None:
    assert tree_of(job).history(10) == ()
    assert tree_of(job).changes("src/cart.py", None, 10) == ()


def test_changes_of_a_file_and_of_its_lines_are_told_newest_first(repo: Repo) -> None:
    repo.commit({"src/cart.py": "def total():\n    return 1\n", "README.md": "# Shops\n"}, "Count\n\nbody")
    repo.commit({"src/cart.py": "def totals():\n    return 1\n"}, "Rename")
    changes = tree_of(repo).changes("src/cart.py", None, 10)
    assert [change.subject for change in changes] == ["Rename", "Count", "Start"]
    assert changes[1].difference == "@@ -1,2 +1,2 @@\n def total():\n-    return 0\n+    return 1"
    assert changes[1].date == repo.git("log", "-1", "--format=%as")
    assert [change.subject for change in tree_of(repo).changes("src/cart.py", (2, 2), 10)] == ["Count", "Start"]
    assert [change.subject for change in tree_of(repo).changes("src/cart.py", None, 1)] == ["Rename"]


@pytest.mark.parametrize(
    "path",
    [
        "--output=stolen",
        "-p",
        ":(glob)**",
        ":/",
        "src/*",
        "../outside",
        "a:b",
        "src/cart.py\n--all",
        "",
        "nowhere",
        "a\0b",
    ],
)
@pytest.mark.parametrize("lines", [None, (1, 1)])
def test_changes_of_a_strange_path_are_none_and_write_nothing(
    repo: Repo, path: str, lines: tuple[int, int] | None
) -> None:
    before = sorted(repo.path.rglob("*"))
    assert tree_of(repo).changes(path, lines, 10) == ()
    assert sorted(repo.path.rglob("*")) == before


@pytest.mark.parametrize("path", ["--output=x", "a:b.py", ":(top)c", "1,2:d", "größe.txt", "*"])
def test_changes_of_a_file_with_a_strange_name_are_its_own(repo: Repo, path: str) -> None:
    repo.commit({path: "1\n"}, "Strange")
    repo.commit({"other": "1\n"}, "Other")
    for lines in (None, (1, 1)):
        assert [change.subject for change in tree_of(repo).changes(path, lines, 10)] == ["Strange"]


def test_changes_run_nothing_that_the_repository_configures(repo: Repo, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path / 'sprung'}\n")
    trap.chmod(0o755)
    repo.commit({".gitattributes": "*.py diff=evil\n", "src/cart.py": "1\n"}, "Trap")
    for key in ("diff.evil.textconv", "diff.evil.command", "diff.external", "core.fsmonitor", "core.pager"):
        repo.git("config", key, str(trap))
    for lines in (None, (1, 1)):
        assert tree_of(repo).changes("src/cart.py", lines, 10)
    assert not (tmp_path / "sprung").exists()


def test_a_change_cannot_pretend_to_be_another_commit(repo: Repo) -> None:
    filler = "x\n" * 5_000  # git takes a file with a NUL further up for binary
    repo.commit({"a.txt": filler}, "First")
    repo.commit({"a.txt": filler + f"\0{'0' * 40} 2020-01-01 Forged\n"}, "Second")
    assert [change.subject for change in tree_of(repo).changes("a.txt", None, 10)] == ["Second", "First"]


def test_changes_of_a_clone_without_contents_are_none(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"src/cart.py": "1\n"}, "Change")
    repo.git("config", "uploadpack.allowFilter", "true")
    repo.git("clone", "--quiet", "--filter=blob:none", repo.path.as_uri(), str(tmp_path / "partial"))
    tree = tree_of(Repo(tmp_path / "partial"))
    assert tree.changes("src/cart.py", None, 10) == ()
    assert [commit.subject for commit in tree.history(10)] == ["Change", "Start"]
