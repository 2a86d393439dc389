from __future__ import annotations

from pathlib import Path

import pytest

from redimento.errors import UsageError
from redimento.repository.checkout import open_checkout
from redimento.repository.worktrees import worktree
from tests.repository.conftest import Repo, Server


def test_a_worktree_holds_a_commit_and_a_working_git(repo: Repo, tmp_path: Path) -> None:
    (repo.path / "link").symlink_to("README.md")
    (repo.path / "run.sh").chmod(0o755)
    first = repo.commit({".gitattributes": "*.bat eol=crlf\n", "a.bat": "one\n"})
    repo.commit({"later.txt": "later\n"})
    status = repo.git("status", "--porcelain=v2", "--branch")

    with worktree(open_checkout(repo.path), first, tmp_path / "try") as folder:
        inside = Repo(folder)
        assert inside.git("rev-parse", "HEAD") == first
        assert inside.git("status", "--porcelain") == ""
        assert not (folder / "later.txt").exists()
        assert (folder / "link").readlink() == Path("README.md")
        assert (folder / "run.sh").stat().st_mode & 0o111
        assert (folder / "a.bat").read_bytes() == b"one\r\n"
        inside.commit({"README.md": "tried\n"})

    assert not folder.exists()
    assert repo.git("status", "--porcelain=v2", "--branch") == status
    assert repo.git("worktree", "list").count("\n") == 0


def test_a_worktree_knows_no_remote_and_no_stored_token(job: Repo, server: Server, tmp_path: Path) -> None:
    job.git("config", f"http.{server.url}.extraheader", "Authorization: Bearer stored-token")
    checkout = open_checkout(job.path)

    with worktree(checkout, checkout.head, tmp_path / "try") as folder:
        assert Repo(folder).git("remote") == ""
        assert "stored-token" not in Repo(folder).git("config", "--list")
        assert Repo(folder).git("log", "--format=%s") == "Note 2"


def test_a_worktree_is_deleted_after_an_error_with_everything_in_it(repo: Repo, tmp_path: Path) -> None:
    checkout = open_checkout(repo.path)
    folder = tmp_path / "try"

    def run_checks_that_fail() -> None:
        with worktree(checkout, checkout.head, folder):
            (folder / "cache" / "module").mkdir(parents=True)
            (folder / "cache" / "module" / "file").write_text("x\n")
            (folder / "cache" / "module").chmod(0o500)
            (folder / "cache").chmod(0o500)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_checks_that_fail()

    assert not folder.exists()


def test_a_folder_in_use_is_refused_and_kept(repo: Repo, tmp_path: Path) -> None:
    checkout = open_checkout(repo.path)
    (tmp_path / "notes.txt").write_text("mine\n")

    with pytest.raises(UsageError, match="is not empty"), worktree(checkout, checkout.head, tmp_path):
        pass

    assert (tmp_path / "notes.txt").exists()
