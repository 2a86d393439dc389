"""A change is judged by the commit that it goes onto, whatever the disk holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from redimento.change import writer
from redimento.change.edit import Change, Delete, Edit, FileChange, Rename, Replace, WriteWhole
from redimento.change.plan import Plan, plan
from redimento.repository.base import CommitBase
from redimento.repository.checkout import open_checkout
from redimento.repository.commits import commit_change
from redimento.repository.tree import GitTree
from redimento.settings import ChangeSettings
from tests.repository.conftest import Repo, make_repo

LARGEST = 100_000


def base_of(repo: Repo, *, uncommitted: bool = False) -> CommitBase:
    checkout = open_checkout(repo.path)
    return CommitBase(GitTree(checkout, checkout.head), uncommitted=uncommitted)


def planned(repo: Repo, *edits: Edit, already: Change | None = None, uncommitted: bool = False) -> Plan:
    base = base_of(repo, uncommitted=uncommitted)
    return plan(repo.path, edits, ChangeSettings(), base=base, already=already or Change())


def refused(repo: Repo, *edits: Edit) -> str:
    found = planned(repo, *edits)
    assert found.change.files == ()
    return " ".join(refusal.reason for refusal in found.refusals)


def committed(repo: Repo, change: Change) -> str:
    checkout = open_checkout(repo.path)
    return commit_change(
        checkout,
        change,
        parents=(checkout.head,),
        message=lambda _: "Change\n",
        author_name="R",
        author_email="r@example.com",
    )


def status(repo: Repo, change: Change) -> list[str]:
    return repo.git("diff", "--name-status", "--no-renames", "HEAD", committed(repo, change)).splitlines()


def disk(repo: Repo) -> dict[str, bytes]:
    files = (path for path in repo.path.rglob("*") if ".git" not in path.relative_to(repo.path).parts)
    return {str(path.relative_to(repo.path)): path.read_bytes() if path.is_file() else b"/" for path in files}


def with_submodule(repo: Repo, path: str) -> None:
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.git('rev-parse', 'HEAD')},{path}")
    repo.git("commit", "--quiet", "-m", "Add a submodule")


@pytest.fixture
def sparse(tmp_path: Path) -> Repo:
    """A cone checkout of `src` only, with attributes, ignore rules and a script outside it."""
    repo = make_repo(
        tmp_path / "sparse",
        {
            "src/a.py": "x = 1\n",
            "docs/guide.md": "# Guide\n\nx is 1\n",
            "docs/.gitattributes": "win.txt text eol=crlf\nutf16.txt text working-tree-encoding=UTF-16LE\n",
            "docs/win.txt": "one\ntwo\n",
            "docs/utf16.txt": "Größe\n".encode("utf-16-le"),
            "docs/.gitignore": "/out/\n",
            "docs/run.sh": "#!/bin/sh\n",
            "lib/b.py": "y = 1\n",
        },
    )
    (repo.path / "docs" / "run.sh").chmod(0o755)
    repo.commit({})
    repo.git("sparse-checkout", "set", "--cone", "src")
    assert not (repo.path / "docs").exists()
    return repo


@pytest.mark.parametrize("left", ["nothing", "an empty folder"])
@pytest.mark.parametrize("path", ["vendor/lib", "vendor/lib/new.py", "vendor/lib/deep/new.py"])
def test_nothing_is_written_at_or_below_a_submodule_that_is_not_checked_out(repo: Repo, path: str, left: str) -> None:
    with_submodule(repo, "vendor/lib")
    if left == "an empty folder":
        (repo.path / "vendor" / "lib").mkdir(parents=True)

    assert "vendor/lib" in refused(repo, WriteWhole(path, "q = 1\n"))
    assert refused(repo, Rename("README.md", path))


def test_the_rest_of_a_change_goes_on_without_the_submodule(repo: Repo) -> None:
    with_submodule(repo, "vendor/lib")
    edits = (WriteWhole("vendor/lib/new.py", "q = 1\n"), Replace("src/cart.py", "return 0", "return 1"))

    found = plan(repo.path, edits, ChangeSettings(), base=base_of(repo), partial=True)

    assert status(repo, found.change) == ["M\tsrc/cart.py"]


@pytest.mark.parametrize("path", ["latest", "latest/new.py"])
def test_nothing_is_written_at_or_below_a_link_that_the_disk_lacks(repo: Repo, path: str) -> None:
    (repo.path / "latest").symlink_to("src")
    repo.commit({})
    (repo.path / "latest").unlink()

    assert "latest" in refused(repo, WriteWhole(path, "q = 1\n"))


def test_a_file_does_not_take_the_place_of_a_folder_of_the_commit_nor_the_other_way_round(sparse: Repo) -> None:
    assert "is a directory" in refused(sparse, WriteWhole("docs", "text\n"))
    assert "docs/guide.md" in refused(sparse, WriteWhole("docs/guide.md/more.md", "text\n"))


def test_a_file_outside_the_cone_is_edited_as_the_commit_has_it_and_leaves_the_disk_again(
    sparse: Repo, tmp_path: Path
) -> None:
    before = disk(sparse)

    change = planned(sparse, Replace("docs/guide.md", "x is 1\n", "x is 2\n")).change

    assert change.files == (FileChange("docs/guide.md", b"# Guide\n\nx is 1\n", b"# Guide\n\nx is 2\n", skipped=True),)
    writer.write(sparse.path, change, tmp_path / "journal")
    assert (sparse.path / "docs" / "guide.md").read_bytes() == b"# Guide\n\nx is 2\n"
    again = planned(sparse, Replace("docs/guide.md", "x is 2\n", "x is 3\n"), already=change).change
    assert (again.files[0].before, again.files[0].after) == (b"# Guide\n\nx is 1\n", b"# Guide\n\nx is 3\n")
    with writer.substituted(sparse.path, change, {"docs/guide.md": change.files[0].before}):
        assert not (sparse.path / "docs" / "guide.md").exists()
    assert status(sparse, change) == ["M\tdocs/guide.md"]
    assert writer.recover(sparse.path, tmp_path / "journal")
    assert disk(sparse) == before
    assert sparse.git("status", "--porcelain") == ""


def test_a_whole_file_outside_the_cone_counts_as_a_modification_with_all_limits(tmp_path: Path) -> None:
    repo = make_repo(tmp_path / "repo", {"src/a.py": "x = 1\n", "docs/long.md": "line\n" * 100})
    repo.git("sparse-checkout", "set", "--cone", "src")

    assert "would shrink" in refused(repo, WriteWhole("docs/long.md", "short\n"))


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ((Delete("docs/guide.md"),), ["D\tdocs/guide.md"]),
        ((Rename("docs/guide.md", "docs/manual.md"),), ["D\tdocs/guide.md", "A\tdocs/manual.md"]),
        ((Rename("docs/run.sh", "src/run.sh"),), ["D\tdocs/run.sh", "A\tsrc/run.sh"]),
        ((WriteWhole("docs/new.md", "new\n"), Delete("lib/b.py")), ["A\tdocs/new.md", "D\tlib/b.py"]),
    ],
)
def test_files_outside_the_cone_are_deleted_and_renamed(
    sparse: Repo, edits: tuple[Edit, ...], expected: list[str]
) -> None:
    change = planned(sparse, *edits).change

    assert status(sparse, change) == expected
    assert all(file.mode == (0o100755 if file.path.endswith(".sh") else 0o100644) for file in change.files)


def test_a_file_outside_the_cone_comes_with_its_line_ends_and_encoding(sparse: Repo) -> None:
    edits = (Replace("docs/win.txt", "two\n", "three\n"), Replace("docs/utf16.txt", "Größe\n", "Maß\n"))

    change = planned(sparse, *edits[:1]).change

    assert change.files[0].before == b"one\r\ntwo\r\n"
    assert change.files[0].after == b"one\r\nthree\r\n"
    committed_as = committed(sparse, change)
    assert sparse.git("cat-file", "blob", f"{committed_as}:docs/win.txt") == "one\nthree"
    found = base_of(sparse).look(sparse.path, ["docs/utf16.txt"], LARGEST)["docs/utf16.txt"]
    assert (found.encoding, found.content) == ("UTF-16LE", "Größe\n".encode("utf-16-le"))


def test_a_sparse_index_is_understood(sparse: Repo) -> None:
    sparse.git("sparse-checkout", "set", "--cone", "--sparse-index", "src")

    assert planned(sparse, Replace("docs/guide.md", "x is 1\n", "x is 2\n")).change.files[0].skipped


def test_a_file_outside_the_cone_that_is_too_large_is_refused(sparse: Repo) -> None:
    found = plan(sparse.path, [Delete("docs/guide.md")], ChangeSettings(max_file_bytes=10), base=base_of(sparse))

    assert "sparse checkout" in found.refusals[0].reason


def test_case_and_form_are_compared_with_files_outside_the_cone(sparse: Repo) -> None:
    assert 'differs from "docs"' in refused(sparse, WriteWhole("Docs/new.md", "text\n"))


def test_an_unchanging_file_that_the_disk_lacks_is_edited_as_the_commit_has_it(repo: Repo) -> None:
    repo.git("update-index", "--assume-unchanged", "README.md")
    (repo.path / "README.md").unlink()

    assert planned(repo, Replace("README.md", "# Shop\n", "# Store\n")).change.files[0].skipped


def spoil(repo: Repo) -> None:
    repo.write({"src/cart.py": "changed\n"})


def stage(repo: Repo) -> None:
    spoil(repo)
    repo.git("add", "src/cart.py")


def hide(repo: Repo) -> None:
    repo.git("update-index", "--assume-unchanged", "src/cart.py")
    spoil(repo)


def remove(repo: Repo) -> None:
    (repo.path / "src" / "cart.py").unlink()


def make_executable(repo: Repo) -> None:
    (repo.path / "src" / "cart.py").chmod(0o755)


@pytest.mark.parametrize("happened", [spoil, stage, hide, remove, make_executable])
def test_a_file_that_a_person_changed_is_refused(repo: Repo, happened: Callable[[Repo], None]) -> None:
    happened(repo)
    index = (repo.path / ".git" / "index").read_bytes()

    assert "uncommitted changes" in refused(repo, WriteWhole("src/cart.py", "mine\n"))
    assert (repo.path / ".git" / "index").read_bytes() == index


def test_line_ends_that_git_converts_are_no_change_of_a_person(repo: Repo) -> None:
    repo.commit({".gitattributes": "*.txt text eol=crlf\n", "a.txt": "one\ntwo\n"})
    repo.write({"a.txt": "one\r\ntwo\r\n"})

    assert status(repo, planned(repo, Replace("a.txt", "two\n", "three\n")).change) == ["M\ta.txt"]


def test_a_file_that_git_does_not_track_is_in_the_way(repo: Repo) -> None:
    repo.write({"notes.txt": "mine\n"})

    assert "not in the repository" in refused(repo, WriteWhole("notes.txt", "new\n"))


def test_what_will_not_be_committed_may_touch_local_work(repo: Repo) -> None:
    with_submodule(repo, "vendor/lib")
    repo.write({"notes.txt": "mine\n", "src/cart.py": "changed\n"})
    edits = (Replace("notes.txt", "mine\n", "new\n"), Replace("src/cart.py", "changed\n", "again\n"))

    assert planned(repo, *edits, uncommitted=True).change.paths == ("notes.txt", "src/cart.py")
    assert planned(repo, WriteWhole("vendor/lib/a.py", "q = 1\n"), uncommitted=True).refusals


@pytest.mark.parametrize(
    ("attributes", "path"),
    [
        ({".gitattributes": "*.csv filter=lfs -text\n"}, "data.csv"),
        ({".gitattributes": "[attr]big filter=lfs\n*.csv big\n"}, "deep/data.csv"),
        ({"secrets/.gitattributes": "* filter=git-crypt\n"}, "secrets/key.txt"),
    ],
)
@pytest.mark.parametrize("file", ["an existing file", "a new file"])
def test_a_file_behind_a_filter_is_refused_and_its_pattern_known(
    repo: Repo, attributes: dict[str, str | bytes], path: str, file: str
) -> None:
    repo.commit({**attributes, **({path: "pointer\n"} if file == "an existing file" else {})})
    for rules in attributes:  # those of the commit count
        (repo.path / rules).unlink()

    assert "git filter" in refused(repo, WriteWhole(path, "text\n"))
    assert base_of(repo).filtered in {("*.csv",), ("secrets/**/*",)}


def test_files_without_a_filter_have_no_patterns(repo: Repo) -> None:
    assert base_of(repo).filtered == ()
    repo.commit({".gitattributes": "# *.a filter=x\n*.csv -filter\n*.py text\n"})
    assert base_of(repo).filtered == ()


def test_a_new_file_that_gitignore_excludes_is_refused(repo: Repo) -> None:
    repo.commit({".gitignore": "dist/\n*.log\n!keep.log\n", "sub/.gitignore": "made.*\n"})
    (repo.path / ".gitignore").unlink()

    for path in ("dist/app.js", "a.log", "deep/a.log", "sub/made.py"):
        assert ".gitignore" in refused(repo, WriteWhole(path, "1\n"))
    assert planned(repo, WriteWhole("keep.log", "1\n"), WriteWhole("other/made.py", "a = 1\n")).refusals == ()


def test_rules_outside_the_cone_exclude_new_files(sparse: Repo) -> None:
    assert ".gitignore" in refused(sparse, WriteWhole("docs/out/page.html", "text\n"))


def test_the_users_own_rules_exclude_nothing(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "git").mkdir()
    (tmp_path / "git" / "ignore").write_text("*.txt\n")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (repo.path / ".git" / "info" / "exclude").write_text("*.txt\n")

    assert planned(repo, WriteWhole("a.txt", "a\n")).refusals == ()


def test_a_new_file_beside_tracked_files_that_are_ignored_is_let_through_and_marked(repo: Repo) -> None:
    repo.write({".gitignore": "dist/\n", "dist/app.js": "1\n"})
    repo.git("add", "--force", "--all")
    repo.git("commit", "--quiet", "-m", "Keep the build")

    change = planned(repo, WriteWhole("dist/more.js", "2\n"), Replace("dist/app.js", "1\n", "2\n")).change

    assert [(file.path, file.excepted) for file in change.files] == [("dist/app.js", False), ("dist/more.js", True)]
    assert status(repo, change) == ["M\tdist/app.js", "A\tdist/more.js"]
    assert ".gitignore" in refused(repo, WriteWhole("dist/other/more.js", "2\n"))


def test_a_file_that_another_rule_excludes_is_refused(repo: Repo) -> None:
    repo.write({".gitignore": "*.gen.py\n.env\n", "a.gen.py": "x = 1\n"})
    repo.git("add", "--force", "--all")
    repo.git("commit", "--quiet", "--message", "Generated")
    assert ".gitignore" in refused(repo, WriteWhole(".env", "A=1\n"))
    assert planned(repo, WriteWhole("b.gen.py", "x = 1\n")).refusals == ()


def test_a_file_that_is_deleted_and_written_anew_keeps_its_mode(repo: Repo) -> None:
    change = planned(repo, Delete("run.sh"), WriteWhole("run.sh", "#!/bin/sh\n")).change

    assert change.files == (FileChange("run.sh", b"exit 0\n", b"#!/bin/sh\n", 0o100644),)
    assert status(repo, change) == ["M\trun.sh"]


def test_a_clone_without_file_modes_still_commits_them(repo: Repo) -> None:
    (repo.path / "run.sh").chmod(0o755)
    repo.commit({})
    repo.git("config", "core.filemode", "false")
    (repo.path / "run.sh").chmod(0o644)

    change = planned(repo, Rename("run.sh", "go.sh"), WriteWhole("new.sh", "#!/bin/sh\n")).change

    modes = repo.git("ls-tree", "-r", "--format=%(path) %(objectmode)", committed(repo, change)).splitlines()
    assert {"go.sh 100755", "new.sh 100755"} <= set(modes)


def test_a_path_of_many_folders_is_judged_in_time(repo: Repo) -> None:
    path = "/".join("a" * 500)

    assert planned(repo, WriteWhole(path, "1\n")).change.paths == (path,)


def test_nothing_is_written_where_a_partial_clone_lacks_the_rules(tmp_path: Path) -> None:
    origin = make_repo(
        tmp_path / "origin",
        {"src/a.py": "a = 1\n", "docs/.gitattributes": "*.bin filter=lfs\n", "docs/b.md": "b\n", "lib/c.md": "c\n"},
    )
    origin.git("config", "uploadpack.allowFilter", "true")
    origin.git("clone", "-q", "--filter=blob:none", "--sparse", origin.path.as_uri(), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone")
    clone.git("sparse-checkout", "set", "src")

    assert "docs/.gitattributes" in refused(clone, WriteWhole("docs/new.bin", "1\n"))
    assert "missing from the clone" in refused(clone, Delete("lib/c.md"))
    assert planned(clone, Replace("src/a.py", "a = 1\n", "a = 2\n")).change.paths == ("src/a.py",)


@pytest.mark.parametrize("line", ["* filter=x", "*.txt text working-tree-encoding=UTF-16", "[attr]big filter=lfs"])
def test_a_change_may_not_put_files_behind_a_conversion_even_if_the_settings_allow_its_file(
    repo: Repo, line: str
) -> None:
    repo.commit({".gitattributes": "*.csv filter=lfs\n"})
    edits = (Replace(".gitattributes", "*.csv filter=lfs\n", f"*.csv filter=lfs\n{line}\n"), WriteWhole("a.txt", "a\n"))
    settings = ChangeSettings(allow=(".gitattributes",))

    found = plan(repo.path, edits, settings, base=base_of(repo), partial=True)

    assert [refusal.path for refusal in found.refusals] == [".gitattributes"]
    assert status(repo, found.change) == ["A\ta.txt"]
    harmless = Replace(".gitattributes", "*.csv filter=lfs\n", "*.csv filter=lfs\n*.md text\n")
    assert plan(repo.path, [harmless], settings, base=base_of(repo)).refusals == ()


@pytest.mark.parametrize(
    ("encoding", "content", "fits"),
    [
        ("UTF-16LE-BOM", b"\xff\xfea\0", True),
        ("UTF-16LE-BOM", b"a\0", False),
        ("utf-16le", b"a\0", True),
        ("UTF-16LE", b"\xff\xfea\0", False),
        ("UTF-16", b"\xfe\xff\0a", True),
        ("UTF-16LE", b"abc", False),
        ("SHIFT_JIS", "\u8868".encode("shift_jis"), True),
        ("SHIFT_JIS", b"\xff\xff", False),
        ("no-such-encoding", b"a", False),
    ],
)
def test_a_file_is_renamed_only_if_git_can_store_it_in_the_declared_encoding(
    repo: Repo,
    encoding: str,
    content: bytes,
    fits: bool,  # noqa: FBT001  # a parameter of the test
) -> None:
    repo.commit({".gitattributes": f"*.new text working-tree-encoding={encoding}\n", "a.old": content})

    found = planned(repo, Rename("a.old", "a.new"))

    if fits:
        assert status(repo, found.change) == ["A\ta.new", "D\ta.old"]
    else:
        assert [refusal.path for refusal in found.refusals] == ["a.new"]
