"""A commit that would not be the change that was judged is never made."""

from __future__ import annotations

import pytest

from redimento.change.edit import Change, FileChange
from redimento.errors import GitError, RedimentoError
from redimento.repository.checkout import open_checkout
from redimento.repository.commits import commit_change
from tests.repository.conftest import Repo


def commit(repo: Repo, *files: FileChange) -> str:
    checkout = open_checkout(repo.path)
    parents = (checkout.head,)
    return commit_change(
        checkout, Change(files), parents=parents, message=lambda _: "C\n", author_name="R", author_email="r@example.com"
    )


@pytest.mark.parametrize(
    "file",
    [
        FileChange("README.md", None, b"new\n"),  # it exists
        FileChange("nowhere.txt", b"old\n", b"new\n"),  # it does not
        FileChange("nowhere.txt", b"old\n", None),
        FileChange("run.sh", b"exit 0\n", b"exit 1\n", mode=0o100755),  # it is not executable
    ],
    ids=["added", "modified", "deleted", "mode"],
)
def test_a_commit_with_other_kinds_or_modes_than_the_change_is_a_defect(repo: Repo, file: FileChange) -> None:
    with pytest.raises(RedimentoError, match=f"differs in {file.path}") as raised:
        commit(repo, file, FileChange("src/cart.py", b"", b"new\n"))
    assert raised.value.exit_code == 1
    assert "Nothing was pushed" in raised.value.remedy


def test_a_file_below_a_submodule_does_not_replace_it(repo: Repo) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.git('rev-parse', 'HEAD')},vendor/lib")
    repo.git("commit", "--quiet", "-m", "Add a submodule")

    with pytest.raises(GitError, match="does not accept a path"):
        commit(repo, FileChange("vendor/lib/new.py", None, b"q = 1\n"))


def test_a_link_is_never_replaced_by_a_file(repo: Repo) -> None:
    (repo.path / "latest").symlink_to("src")
    repo.commit({})

    with pytest.raises(RedimentoError, match="differs in latest"):
        commit(repo, FileChange("latest", b"src", b"text\n"))


def test_what_git_normalises_is_the_same(repo: Repo) -> None:
    repo.commit(
        {
            ".gitattributes": "*.txt text=auto\n*.cs ident text eol=crlf\n*.u16 text working-tree-encoding=UTF-16LE-BOM\n*.sj text working-tree-encoding=SHIFT_JIS\n",
            "a.txt": "one\n",
            "b.cs": "// $Id$\n",
        }
    )
    u16 = b"\xff\xfe" + "Gr\u00f6\u00dfe\r\n".encode("utf-16-le")

    made = commit(
        repo,
        FileChange("a.txt", b"one\n", b"one\r\ntwo\r\n"),
        FileChange("b.cs", b"// $Id: 1 $\r\n", b"// $Id: 1 $\r\nx\r\n"),
        FileChange("c.u16", None, u16),
        FileChange("d.sj", None, "\u8868~\\\n".encode("shift_jis")),
    )

    assert repo.git("diff", "--name-status", "HEAD", made).split() == [
        *("M", "a.txt", "M", "b.cs", "A", "c.u16", "A", "d.sj")
    ]
    assert repo.git("cat-file", "blob", f"{made}:c.u16") == "Gr\u00f6\u00dfe"


def test_a_file_whose_line_ends_alone_differ_is_left_as_it_is(repo: Repo) -> None:
    repo.commit({".gitattributes": "*.md text=auto\n"})

    made = commit(repo, FileChange("README.md", b"# Shop\r\n", b"# Shop\n"), FileChange("a.txt", None, b"a\n"))

    assert repo.git("diff", "--name-status", "HEAD", made).split() == ["A", "a.txt"]
