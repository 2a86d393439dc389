"""Output of git is foreign text: reading it takes time in proportion to its length."""

from __future__ import annotations

import subprocess

import pytest

from redimento.repository.base import CommitBase
from redimento.repository.checkout import Checkout, open_checkout, read_at
from redimento.repository.commits import history
from redimento.repository.rejection import is_transient, rejection
from redimento.repository.tree import GitTree
from tests.repository.conftest import Repo
from tests.scaling import assert_linear


@pytest.fixture
def checkout(repo: Repo) -> Checkout:
    return open_checkout(repo.path)


def commit_of(repo: Repo, files: int, message: str = "Many files") -> str:
    """Return a root commit with that many small files, made by git fast-import."""
    lines = ["blob", "mark :1", "data 5", "hello", "reset refs/heads/many", "commit refs/heads/many"]
    lines += ["committer A <a@b.c> 0 +0000", f"data {len(message)}", message]
    lines += [f"M 100644 :1 folder/file-{number}" for number in range(files)]
    fast_import(repo, lines)
    return repo.git("rev-parse", "refs/heads/many")


def fast_import(repo: Repo, lines: list[str]) -> None:
    script = "\n".join(lines) + "\n"
    subprocess.run(["git", "fast-import", "--quiet", "--force"], cwd=repo.path, input=script.encode(), check=True)


def test_the_files_and_the_history_of_a_commit(repo: Repo, checkout: Checkout) -> None:
    def read(commit: str) -> None:
        tree = GitTree(checkout, commit)
        entries = tree.entries()
        assert len(tree.history(1)[0].paths) == len(entries) == len(list(tree.read(e.path for e in entries)))

    assert_linear(read, commit_of(repo, 4_000), commit_of(repo, 8_000))


def test_what_a_commit_says_about_many_paths(repo: Repo, checkout: Checkout) -> None:
    base = CommitBase(GitTree(checkout, commit_of(repo, 4_000)))

    def look(paths: int) -> None:
        names = [f"folder/file-{2 * number}" for number in range(paths)]  # half of them are new
        assert sum(found.kind == "file" for found in base.look(checkout.root, names, 100).values()) == min(paths, 2_000)

    assert_linear(look, 2_000, 4_000)


def test_many_rules(repo: Repo, checkout: Checkout) -> None:
    def read(commit: str) -> None:
        assert len(CommitBase(GitTree(checkout, commit)).filtered) == 40

    def commit(rules: int) -> str:
        lines = "".join(f"[attr]m{number} filter=x\n{'a ' * 20}\n*.{number} m{number}\n" for number in range(rules))
        return repo.commit({".gitattributes": lines})

    assert_linear(read, commit(5_000), commit(10_000))


def test_a_history_of_many_commits(repo: Repo, checkout: Checkout) -> None:
    lines = ["blob", "mark :1", "data 1", "x"]
    for number in range(2_000):
        lines += ["commit refs/heads/long", "committer A <a@b.c> 0 +0000", "data 4", "work", f"M 100644 :1 f{number}"]
    fast_import(repo, lines)
    tree = GitTree(checkout, repo.git("rev-parse", "refs/heads/long"))
    assert len(tree.history(2_000)) == 2_000
    assert_linear(tree.history, 1_000, 2_000)


def test_the_trailers_of_a_commit(repo: Repo, checkout: Checkout) -> None:
    once, twice = (commit_of(repo, 1, "Subject\n\n" + "Key: value\n" * count) for count in (10_000, 20_000))
    assert history(checkout, twice, 1)[0].trailers == {"Key": "value"}
    assert_linear(lambda commit: history(checkout, commit, 1), once, twice)


def test_a_file_is_read_at_a_commit(repo: Repo, checkout: Checkout) -> None:
    once, twice = commit_of(repo, 1_000), commit_of(repo, 2_000)
    assert_linear(lambda commit: read_at(checkout, commit, "folder/file-0"), once, twice)


@pytest.mark.parametrize(
    "piece",
    ["'refs/heads/", "TF12345 ", "returned error: ", "could not read ", "remote: x\n", "fatal: x\n", "!\n", "\n", " "],
    ids=ascii,
)
def test_the_output_of_a_failed_command(piece: str) -> None:
    assert_linear(lambda said: (is_transient(said), rejection("Pushing", said)), piece * 5_000, piece * 10_000)
