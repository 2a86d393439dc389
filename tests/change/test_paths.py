"""Which paths a change may name: a hostile example for each rule, through the plan."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from redimento.change.edit import Delete, Edit, Rename, Replace, WriteWhole
from redimento.change.guards.paths import problem
from redimento.change.plan import plan
from redimento.settings import ChangeSettings

HOSTILE = {
    "parent": "../outside.txt",
    "parent inside": "src/../../outside.txt",
    "here": "./src/./a.py",
    "empty": "",
    "empty part": "src//a.py",
    "absolute": "/etc/passwd",
    "home": "~/.ssh/config",
    "backslash below here": "src\\.\\a.py",
    "backslash parent": "..\\outside.txt",
    "drive": "C:/Windows/a.txt",
    "stream": "a.txt:stream",
    "nul": "a\0.txt",
    "newline": "a\n.txt",
    "escape": "a\x1b[2J.txt",
    "git": ".git/config",
    "git in capitals": ".GIT/hooks/pre-commit",
    "git below": "sub/.git/config",
    "git with a dot": ".git./config",
    "git with a space": ".git /config",
    "git short name": "GIT~1/config",
    "git with an ignorable character": ".g\u200cit/config",
    "git in wide letters": ".\uff47\uff49\uff54/config",
    "short name": "AZURE-~1.YML",
    "device": "src/aux.py",
    "device without extension": "NUL",
    "device with a superscript": "com\u00b9.txt",
    "device with a space": "con .txt",
    "trailing dot": "src/a.py.",
    "trailing space": "src /a.py",
    "leading space": " .gitattributes",
    "right-to-left": "src/a\u202eyp.exe",
    "surrogate": "src/\ud800.py",
    "wildcard": "src/*.py",
    "angle": "src/<a>.py",
    "question mark": "a?.py",
    "pipe": "a|b",
    "long part": "a" * 256,
    "long part in bytes": "\u00e4" * 128,
    "long path": "/".join(["abcdefgh"] * 200),
}


def edits_of(path: str) -> list[Edit]:
    return [
        WriteWhole(path, "x\n"),
        Replace(path, "", "x\n"),
        Replace(path, "a\n", "b\n"),
        Delete(path),
        Rename("a.py", path),
    ]


@pytest.mark.parametrize("path", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_path_is_refused_for_every_kind_of_edit(path: str, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("a = 1\n")
    for edit in edits_of(path):
        planned = plan(tmp_path, [edit], ChangeSettings(allow=("*",)))
        assert planned.change.files == ()
        assert len(planned.refusals) == 1


@pytest.mark.parametrize(
    "path",
    [
        "src/a.py",
        "app/[slug]/page.tsx",
        "app/(group)/+page.svelte",
        ".editorconfig",
        "docs/r\u00e9sum\u00e9.md",
        "\u4f60\u597d.txt",
        "with space/a b.txt",
        "auxiliary.py",
        "console.ts",
        "a~b.txt",
        "@types/x.d.ts",
        "#x#",
    ],
)
def test_ordinary_paths_pass(path: str) -> None:
    assert problem(path) == ""


def test_a_link_in_the_path_is_refused(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("a = 1\n")
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(outside)
    for edit in edits_of("link/a.py"):
        planned = plan(root, [edit], ChangeSettings())
        assert planned.change.files == ()
        assert planned.refusals
    assert (outside / "a.py").read_text() == "a = 1\n"


def test_a_link_as_the_target_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real.py").write_text("a = 1\n")
    (tmp_path / "link.py").symlink_to("real.py")
    edits: list[Edit] = [WriteWhole("link.py", "x = 1\n"), Replace("link.py", "a = 1\n", "a = 2\n"), Delete("link.py")]
    for edit in edits:
        (refusal,) = plan(tmp_path, [edit], ChangeSettings()).refusals
        assert "link" in refusal.reason


def test_a_submodule_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vendor" / "lib").mkdir(parents=True)
    (tmp_path / "vendor" / "lib" / ".git").write_text("gitdir: ../../.git/modules/lib\n")
    (refusal,) = plan(tmp_path, [WriteWhole("vendor/lib/a.py", "x = 1\n")], ChangeSettings()).refusals
    assert "submodule" in refusal.reason


def test_a_directory_as_the_target_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    edits: list[Edit] = [WriteWhole("dir", "x\n"), Delete("dir")]
    for edit in edits:
        (refusal,) = plan(tmp_path, [edit], ChangeSettings()).refusals
        assert "directory" in refusal.reason


@pytest.mark.parametrize("path", ["SRC/b.py", "src/A.py", "src/\uff41.py"])
def test_a_path_that_differs_only_in_case_or_form_is_refused(path: str, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("a = 1\n")
    (refusal,) = plan(tmp_path, [WriteWhole(path, "x = 1\n")], ChangeSettings()).refusals
    assert "only in letter case or Unicode form" in refusal.reason


def test_two_new_paths_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    planned = plan(tmp_path, [WriteWhole("New.py", "x = 1\n"), WriteWhole("new.py", "x = 1\n")], ChangeSettings())
    assert planned.change.files == ()
    assert "only in letter case or Unicode form" in planned.refusals[0].reason


def test_two_new_folders_that_differ_only_in_case_are_refused(tmp_path: Path) -> None:
    planned = plan(tmp_path, [WriteWhole("New/a.py", "x = 1\n"), WriteWhole("new/b.py", "x = 1\n")], ChangeSettings())
    assert planned.change.files == ()
    assert "only in letter case or Unicode form" in planned.refusals[0].reason


def test_a_file_inside_a_file_is_refused(tmp_path: Path) -> None:
    planned = plan(tmp_path, [WriteWhole("a", "x\n"), WriteWhole("a/b", "x\n")], ChangeSettings())
    assert planned.change.files == ()
    assert "would be inside a, which is a file" in planned.refusals[0].reason


def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (refusal,) = plan(tmp_path, [Replace("pipe", "a\n", "b\n")], ChangeSettings()).refusals
    assert "not a regular file" in refusal.reason
