from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from redimento.change.edit import Change, FileChange
from redimento.errors import GitError
from redimento.repository.checkout import open_checkout
from redimento.repository.commits import commit_change, commit_message, history, patch, same_tree
from tests.repository.conftest import Repo


def commit(repo: Repo, *files: FileChange, message: str = "Change\n", base: str = "") -> str:
    checkout = open_checkout(repo.path)
    return commit_change(
        checkout,
        Change(files),
        parents=(checkout.head,),
        message=lambda _tree: message,
        author_name="Redimento",
        author_email="redimento@example.com",
        base=base,
    )


def snapshot(folder: Path) -> dict[str, str]:
    files = [path for path in folder.rglob("*") if path.is_file() and ".git/objects" not in str(path)]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() + str(path.stat().st_mtime_ns) for path in files}


def test_a_commit_holds_the_change_and_nothing_of_the_working_tree(repo: Repo) -> None:
    repo.write({"README.md": "not to be committed\n", "new.txt": "staged by somebody\n"})
    repo.git("add", "new.txt")
    before = snapshot(repo.path)

    made = commit(
        repo,
        FileChange("docs/totals.md", None, b"# Totals\n"),
        FileChange("run.sh", b"exit 0\n", None),
        FileChange("src/cart.py", b"old", b"new\n"),
    )

    assert snapshot(repo.path) == before
    assert repo.git("diff", "--name-status", "--no-renames", "HEAD", made).split() == [
        *("A", "docs/totals.md", "D", "run.sh", "M", "src/cart.py")
    ]
    assert repo.git("show", f"{made}:src/cart.py") == "new"
    assert repo.git("log", "-1", "--format=%an <%ae> %cn <%ce> %P", made) == (
        f"Redimento <redimento@example.com> Redimento <redimento@example.com> {repo.git('rev-parse', 'HEAD')}"
    )


def test_file_modes_are_kept_and_new_ones_taken(repo: Repo) -> None:
    (repo.path / "run.sh").chmod(0o755)
    repo.commit({})

    made = commit(
        repo,
        FileChange("run.sh", b"exit 0\n", b"exit 1\n", mode=0o100755),
        FileChange("src/cart.py", b"", b"new\n"),
        FileChange("tool.sh", None, b"exit 0\n", mode=0o100755),
    )

    lines = repo.git("ls-tree", "-r", "--format=%(path) %(objectmode)", made).splitlines()
    modes = dict(line.split(" ", 1) for line in lines)
    assert modes == {"README.md": "100644", "run.sh": "100755", "src/cart.py": "100644", "tool.sh": "100755"}


def test_a_folder_can_take_the_place_of_a_file(repo: Repo) -> None:
    made = commit(repo, FileChange("run.sh", b"exit 0\n", None), FileChange("run.sh/all", None, b"exit 0\n"))

    assert repo.git("show", f"{made}:run.sh/all") == "exit 0"


def test_a_commit_can_have_another_base_and_two_parents(repo: Repo) -> None:
    base = repo.git("rev-parse", "HEAD")
    repo.commit({"later.txt": "later\n"})
    checkout = open_checkout(repo.path)

    made = commit_change(
        checkout,
        Change((FileChange("src/cart.py", b"", b"new\n"),)),
        parents=(base, checkout.head),
        message="Merge\n".format,
        author_name="R",
        author_email="r@example.com",
        base=base,
    )

    assert repo.git("diff", "--name-only", base, made) == "src/cart.py"
    assert repo.git("log", "-1", "--format=%P", made) == f"{base} {checkout.head}"


def test_line_ends_are_stored_as_the_attributes_ask(repo: Repo) -> None:
    repo.commit({".gitattributes": "*.cs text eol=crlf\n*.bat -text\n", "A.cs": "one\n", "b.bat": "one\r\n"})

    made = commit(repo, FileChange("A.cs", b"", b"one\r\ntwo\r\n"), FileChange("b.bat", b"", b"one\r\ntwo\r\n"))

    assert Repo(repo.path).git("cat-file", "-s", f"{made}:A.cs") == "8"
    assert Repo(repo.path).git("cat-file", "-s", f"{made}:b.bat") == "10"


def test_a_file_with_a_filter_is_refused(repo: Repo) -> None:
    repo.commit({".gitattributes": "secrets/** filter=git-crypt\n"})

    with pytest.raises(GitError, match="uses the git filter 'git-crypt'"):
        commit(repo, FileChange("secrets/key.txt", None, b"plain\n"))


@pytest.mark.parametrize(
    "path", ["../outside.txt", "/etc/passwd", "a/../../x", ".git/hooks/pre-push", "sub/.GIT/config"]
)
def test_a_path_outside_the_repository_is_refused(repo: Repo, path: str, tmp_path: Path) -> None:
    before = snapshot(tmp_path)

    with pytest.raises(GitError):
        commit(repo, FileChange(path, None, b"x\n"))

    assert snapshot(tmp_path) == before


def test_the_same_content_makes_the_same_tree(repo: Repo) -> None:
    one = commit(repo, FileChange("a.txt", None, b"a\n"), message="One\n")
    two = commit(repo, FileChange("a.txt", None, b"a\n"), message="Two\n")
    checkout = open_checkout(repo.path)

    assert same_tree(checkout, one, two)
    assert not same_tree(checkout, one, checkout.head)


def test_a_patch_of_any_bytes_applies_to_the_base(repo: Repo, tmp_path: Path) -> None:
    repo.commit({"latin.txt": "caf\xe9\n".encode("latin-1"), "logo.png": b"\x89PNG\0\xff"})
    files = (
        FileChange("größe.txt", None, "Größe\n".encode()),
        FileChange("latin.txt", b"", "caf\xe9s\n".encode("latin-1")),
        FileChange("logo.png", b"", b"\x89PNG\0\xfe"),
        FileChange("run.sh", b"", None),
    )
    made = commit(repo, *files)

    text = patch(open_checkout(repo.path), Change(files))

    (tmp_path / "change.patch").write_text(text)
    repo.git("apply", "--index", str(tmp_path / "change.patch"))
    assert repo.git("write-tree") == repo.git("rev-parse", f"{made}^{{tree}}")


def test_a_patch_of_text_can_be_read(repo: Repo) -> None:
    change = Change((FileChange("src/cart.py", b"", "# Größe\n".encode()),))

    assert "+# Größe\n" in patch(open_checkout(repo.path), change)


def test_trailers_are_read_back_and_git_agrees(repo: Repo) -> None:
    message = commit_message(
        "Round\ntotals",
        "Why it matters.\n\nRedimento-Work-Item: 999",
        {"Redimento-Work-Item": "7", "Redimento-Run": "two\nlines"},
    )

    made = commit(repo, FileChange("a.txt", None, b"a\n"), message=message)

    parsed = subprocess.run(
        ["git", "interpret-trailers", "--parse"], input=message, capture_output=True, text=True, check=True
    )
    assert parsed.stdout == "Redimento-Work-Item: 7\nRedimento-Run: two lines\n"
    assert history(open_checkout(repo.path), made, 1)[0].trailers == {
        "Redimento-Work-Item": "7",
        "Redimento-Run": "two lines",
    }
    assert repo.git("log", "-1", "--format=%s", made) == "Round totals"


def test_a_commit_without_trailers_has_none(repo: Repo) -> None:
    checkout = open_checkout(repo.path)

    assert history(checkout, checkout.head, 1)[0].trailers == {}


def test_control_characters_of_a_title_do_not_stop_the_commit(repo: Repo) -> None:
    message = commit_message("A \x00title\x1b[31m", "body\x00 \ud800", {"Key": "1"})

    made = commit(repo, FileChange("a.txt", None, b"a\n"), message=message)

    assert repo.git("log", "-1", "--format=%s", made) == "A title[31m"


def test_a_rename_that_changes_letter_case_alone_is_committed(repo: Repo) -> None:
    base = commit(repo, FileChange("Docs/Readme.md", None, b"a\n"))
    gone, new = FileChange("Docs/Readme.md", b"a\n", None), FileChange("docs/README.md", None, b"a\n")
    changed = commit(repo, gone, new, base=base)
    names = repo.git("ls-tree", "-r", "--name-only", changed).split("\n")
    assert "docs/README.md" in names
    assert "Docs/Readme.md" not in names


def test_names_with_marks_are_committed(repo: Repo) -> None:
    paths = ["{{cookiecutter.slug}}/a b;(c)[d]'&,@#%+!.py", "~x/=y.py"]
    changed = commit(repo, *(FileChange(path, None, b"a\n") for path in sorted(paths)))
    names = repo.git("ls-tree", "-r", "-z", "--name-only", changed).split("\0")
    assert set(paths) <= set(names)
