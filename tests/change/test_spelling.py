"""Unicode forms and letter case of paths, from the plan to the commit."""

from __future__ import annotations

from pathlib import Path

import pytest

from redimento.change.edit import Change, Delete, Edit, Rename, Replace, WriteWhole
from redimento.change.guards.paths import problem
from redimento.change.plan import plan
from redimento.change.writer import recover, write
from redimento.settings import ChangeSettings

NFC, NFD = "caf\u00e9", "cafe\u0301"


def tree(root: Path, *paths: str) -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("a\n")


def listed(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def planned(root: Path, *edits: Edit) -> Change:
    outcome = plan(root, edits, ChangeSettings())
    assert outcome.refusals == ()
    return outcome.change


@pytest.mark.parametrize(("stored", "asked"), [(NFD, NFC), (NFC, NFD)])
def test_another_unicode_form_means_the_file_that_exists(stored: str, asked: str, tmp_path: Path) -> None:
    tree(tmp_path, f"{stored}/{stored}.md")
    assert planned(tmp_path, Replace(f"{asked}/{asked}.md", "a\n", "b\n")).paths == (f"{stored}/{stored}.md",)
    assert planned(tmp_path, Delete(f"{asked}/{asked}.md")).paths == (f"{stored}/{stored}.md",)
    assert planned(tmp_path, WriteWhole(f"{asked}/new.md", "x\n")).paths == (f"{stored}/new.md",)
    assert planned(tmp_path, Rename(f"{asked}/{asked}.md", f"{asked}/b.md")).paths == (
        f"{stored}/b.md",
        f"{stored}/{stored}.md",
    )


def test_a_refusal_names_the_path_that_is_meant(tmp_path: Path) -> None:
    tree(tmp_path, f"{NFD}.md")
    outcome = plan(tmp_path, [Replace(f"{NFC}.md", "nowhere\n", "b\n")], ChangeSettings())
    assert [refusal.path for refusal in outcome.refusals] == [edit.path for edit in outcome.edits] == [f"{NFD}.md"]


def test_of_two_files_with_one_name_in_two_forms_each_is_itself(tmp_path: Path) -> None:
    tree(tmp_path, f"{NFC}.md", f"{NFD}.md")
    assert planned(tmp_path, Delete(f"{NFC}.md")).paths == (f"{NFC}.md",)
    assert planned(tmp_path, Delete(f"{NFD}.md")).paths == (f"{NFD}.md",)


@pytest.mark.parametrize(
    ("files", "renames"),
    [
        (["Readme.md", "b.md"], [("Readme.md", "README.md")]),
        (["Docs/a.md"], [("Docs/a.md", "docs/a.md")]),
        (["Docs/a.md", "Docs/deep/b.md"], [("Docs/a.md", "docs/a.md"), ("Docs/deep/b.md", "docs/Deep/b.md")]),
    ],
    ids=["file", "folder", "folders"],
)
def test_a_rename_may_change_letter_case_alone(
    files: list[str], renames: list[tuple[str, str]], tmp_path: Path
) -> None:
    root, journal = tmp_path / "root", tmp_path / "journal"
    tree(root, *files)
    change = planned(root, *(Rename(old, new) for old, new in renames))
    after = sorted((set(files) | {new for _, new in renames}) - {old for old, _ in renames})
    write(root, change, journal)
    assert listed(root) == after
    again = plan(root, [Replace(renames[0][1], "a\n", "b\n")], ChangeSettings(), already=change)
    assert again.refusals == ()
    assert recover(root, journal)
    assert listed(root) == sorted(files)
    write(root, change, journal)
    recover(root, journal)
    assert listed(root) == sorted(files)


@pytest.mark.parametrize(
    ("files", "edits"),
    [
        (["Docs/a.md", "Docs/b.md"], [Rename("Docs/a.md", "docs/a.md")]),
        (["Readme.md"], [WriteWhole("README.md", "x\n")]),
        (["Readme.md", "b.md"], [Rename("b.md", "README.md")]),
        (["Readme.md"], [Rename("Readme.md", "README.md"), WriteWhole("Readme.md", "x\n")]),
        (["a.md"], [Rename("a.md", "B.md"), WriteWhole("b.md", "x\n")]),
    ],
    ids=["a folder that stays", "a new file", "another file", "both", "two new"],
)
def test_names_that_differ_in_case_are_otherwise_refused(files: list[str], edits: list[Edit], tmp_path: Path) -> None:
    tree(tmp_path, *files)
    outcome = plan(tmp_path, edits, ChangeSettings())
    assert outcome.refusals
    assert outcome.change.files == ()


@pytest.mark.parametrize(("first", "second"), [("A.md", "a.md"), ("a.md", "A.md")])
def test_of_two_spellings_the_one_that_stands_already_stays(first: str, second: str, tmp_path: Path) -> None:
    already = planned(tmp_path, WriteWhole(first, "x\n"))
    outcome = plan(tmp_path, [WriteWhole(second, "y\n")], ChangeSettings(), already=already, partial=True)
    assert [refusal.path for refusal in outcome.refusals] == [second]
    assert outcome.change.paths == (first,)


@pytest.mark.parametrize("mark", "{}=;()[]'&,@#%+~! ")
def test_names_may_hold_marks(mark: str, tmp_path: Path) -> None:
    path = f"x{mark}x/{mark if mark != ' ' else ''}a{mark}b.py"
    assert problem(path) == ""
    tree(tmp_path, path)
    (tmp_path / path).write_text("a = 1\n")
    assert planned(tmp_path, Replace(path, "a = 1\n", "a = 2\n")).paths == (path,)


def test_a_cookiecutter_folder_may_be_named() -> None:
    assert problem("{{cookiecutter.slug}}/{% if a == 'b' %}x;y{% endif %}.py") == ""
