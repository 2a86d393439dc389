from __future__ import annotations

import os
from pathlib import Path

import pytest

from redimento.errors import UsageError
from redimento.repository.checkout import open_checkout, read_at, target_branch
from tests.repository.conftest import Repo


def test_a_checkout_is_found_from_a_folder_inside_it(repo: Repo) -> None:
    checkout = open_checkout(repo.path / "src")

    assert checkout.root == repo.path
    assert checkout.head == repo.git("rev-parse", "HEAD")
    assert checkout.branch == "main"
    assert not checkout.shallow


def test_the_agents_checkout_is_detached_and_shallow(job: Repo) -> None:
    checkout = open_checkout(job.path)

    assert checkout.branch == ""
    assert checkout.shallow


def test_a_linked_worktree_is_a_checkout(repo: Repo, tmp_path: Path) -> None:
    repo.git("worktree", "add", "--quiet", "-b", "side", str(tmp_path / "side"))

    checkout = open_checkout(tmp_path / "side")

    assert checkout.root == tmp_path / "side"
    assert checkout.branch == "side"


def test_a_repository_with_sha256_object_ids_is_read(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    repo = Repo(tmp_path / "r")
    repo.git("init", "--quiet", "--object-format=sha256")
    commit = repo.commit({"a.txt": "a\n"})

    checkout = open_checkout(repo.path)

    assert checkout.head == commit
    assert read_at(checkout, commit, "a.txt") == b"a\n"


def test_a_folder_without_repository_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no git working tree") as caught:
        open_checkout(tmp_path)

    assert "--repo" in caught.value.remedy


def test_a_bare_repository_is_refused(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", "--bare", str(repo.path), str(tmp_path / "bare.git"))

    with pytest.raises(UsageError, match="no git working tree"):
        open_checkout(tmp_path / "bare.git")


def test_a_repository_without_commit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "new").mkdir()
    Repo(tmp_path / "new").git("init", "--quiet")

    with pytest.raises(UsageError, match="no commit to start from"):
        open_checkout(tmp_path / "new")


def test_a_broken_git_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()

    with pytest.raises(UsageError, match="no commit to start from"):
        open_checkout(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
def test_a_checkout_of_another_user_is_opened(repo: Repo) -> None:
    for path in (repo.path, *repo.path.rglob("*")):
        os.chown(path, 1001, 1001, follow_symlinks=False)

    checkout = open_checkout(repo.path)

    assert checkout.head
    assert read_at(checkout, checkout.head, "README.md") == b"# Shop\n"


def test_inherited_git_variables_are_ignored(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.bare")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "nonsense")

    checkout = open_checkout(repo.path)

    assert checkout.branch == "main"


def test_a_file_is_read_as_a_commit_has_it(repo: Repo) -> None:
    before = repo.git("rev-parse", "HEAD")
    after = repo.commit({"src/cart.py": "new\n"})
    repo.write({"src/cart.py": "not committed\n"})
    checkout = open_checkout(repo.path)

    assert read_at(checkout, before, "src/cart.py") == b"def total():\n    return 0\n"
    assert read_at(checkout, after, "src/cart.py") == b"new\n"


@pytest.mark.parametrize("path", ["src", "nowhere.py", "link", "*.md", ":(top)README.md", "src/../README.md"])
def test_only_regular_files_are_read(repo: Repo, path: str) -> None:
    (repo.path / "link").symlink_to("README.md")
    commit = repo.commit({})

    assert read_at(open_checkout(repo.path), commit, path) is None


def test_the_target_is_the_branch_that_the_run_was_started_for(repo: Repo) -> None:
    checkout = open_checkout(repo.path)

    assert target_branch(checkout, "refs/heads/release/2.0") == "release/2.0"
    assert target_branch(checkout, "develop") == "develop"
    assert target_branch(checkout, "") == "main"


def test_a_detached_clone_aims_at_the_default_branch_of_origin(repo: Repo, tmp_path: Path) -> None:
    repo.git("clone", "--quiet", str(repo.path), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone")
    clone.git("checkout", "--quiet", "--detach")

    assert target_branch(open_checkout(clone.path), "") == "main"


@pytest.mark.parametrize("source", ["refs/pull/7/merge", "refs/tags/v1", ""])
def test_a_run_without_a_branch_needs_a_configured_target(repo: Repo, source: str) -> None:
    repo.git("checkout", "--quiet", "--detach")

    with pytest.raises(UsageError, match="has no target branch") as caught:
        target_branch(open_checkout(repo.path), source)

    assert "pull_request.target" in caught.value.remedy
