from __future__ import annotations

import os
from pathlib import Path

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
