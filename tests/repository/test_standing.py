"""What a branch changes in the checkout, as a merge would: also in a shallow clone, and after its target moved."""

from __future__ import annotations

import pytest

from redimento.errors import ConflictError, GitError
from redimento.repository.checkout import open_checkout
from redimento.repository.standing import change_of
from tests.repository.conftest import Repo, make_repo

START: dict[str, str | bytes] = {
    "cart.py": "one\ntwo\nthree\n",
    "old.txt": "x\n",
    ".gitattributes": "*.bat text eol=crlf\n",
}


@pytest.fixture
def branched(repo: Repo) -> tuple[Repo, str]:
    """A repository with a branch that is one commit ahead, and the commit that it started from."""
    base = repo.commit(START, "Start")
    repo.git("checkout", "--quiet", "-b", "work")
    repo.write({"cart.py": "one\ntwo\nTHREE\n", "new.py": "n = 1\n", "run.bat": "echo\r\n"})
    repo.git("rm", "--quiet", "old.txt")
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "-m", "Work")
    repo.git("checkout", "--quiet", "--detach", base)
    return repo, base


def files(repo: Repo, base: str) -> dict[str, tuple[bytes | None, bytes | None]]:
    change = change_of(open_checkout(repo.path), repo.git("rev-parse", "work"), base)
    return {file.path: (file.before, file.after) for file in change.files}


def test_it_is_what_the_branch_adds_edits_and_deletes(branched: tuple[Repo, str]) -> None:
    assert files(*branched) == {
        "cart.py": (b"one\ntwo\nthree\n", b"one\ntwo\nTHREE\n"),
        "new.py": (None, b"n = 1\n"),
        "old.txt": (b"x\n", None),
        "run.bat": (None, b"echo\r\n"),
    }


def test_a_moved_target_is_merged_even_without_its_history(branched: tuple[Repo, str]) -> None:
    repo, base = branched
    repo.commit({"cart.py": "ONE\ntwo\nthree\n", "other.py": "o = 1\n"}, "Move on")
    assert files(repo, base)["cart.py"] == (b"ONE\ntwo\nthree\n", b"ONE\ntwo\nTHREE\n")
    assert "other.py" not in files(repo, base)
    (repo.path / ".git" / "shallow").write_text(repo.git("rev-parse", "HEAD") + "\n")
    assert files(repo, base)["cart.py"] == (b"ONE\ntwo\nthree\n", b"ONE\ntwo\nTHREE\n")


def test_a_conflict_with_the_target_names_the_files(branched: tuple[Repo, str]) -> None:
    repo, base = branched
    repo.commit({"cart.py": "one\ntwo\ndrei\n"}, "Move on")
    with pytest.raises(ConflictError, match=r"conflicts with its target, in cart\.py"):
        files(repo, base)


def test_a_checkout_that_is_older_than_the_branch_is_refused(branched: tuple[Repo, str]) -> None:
    repo, base = branched
    repo.git("checkout", "--quiet", "--detach", f"{base}^")
    with pytest.raises(ConflictError, match="newer commit of its target"):
        files(repo, base)


@pytest.mark.parametrize("what", ["link", "mode", "submodule"])
def test_what_is_no_file_is_refused(branched: tuple[Repo, str], what: str) -> None:
    repo, base = branched
    repo.git("checkout", "--quiet", "work")
    if what == "link":
        (repo.path / "link").symlink_to("/etc/passwd")
    elif what == "mode":
        (repo.path / "cart.py").chmod(0o755)
    else:
        make_repo(repo.path / "sub", {"a": "b"})
    repo.git("add", "--all")
    repo.git("commit", "--quiet", "-m", "Odd")
    repo.git("checkout", "--quiet", "--detach", base)
    with pytest.raises(GitError, match="cannot go on from"):
        files(repo, base)
