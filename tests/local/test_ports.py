from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from redimento.context.tree import Entry, Tree
from redimento.delivery.pull_request import PullRequests, PullRequestText
from redimento.errors import NotThereError, UsageError
from redimento.local.board import FileBoard
from redimento.local.folder_tree import FolderTree
from redimento.local.pull_requests import FolderPullRequests
from redimento.run_folder import RunFolder, open_run_folder
from redimento.settings import Reviewer
from redimento.work_items.attachment import LARGEST, open_all
from redimento.work_items.board import Board
from redimento.work_items.item import Attachment
from redimento.work_items.mark import Mark

WANTED = PullRequestText(
    source_branch="redimento/7-round", target_branch="main", title="Round totals", description="Why\n", draft=True,
    work_item_id=7, labels=("redimento",), reviewers=(Reviewer("anna@example.com"),),
)  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "item.md"
    path.write_text("---\nid: 7\nstate: New\n---\n# Round totals\n\nThey are off.\n", "utf-8")
    return path


def test_the_board_has_only_the_item_of_its_file(tmp_path: Path, file: Path) -> None:
    board: Board = FileBoard(file, open_run_folder(tmp_path / "run"))
    assert board.load(7).title == "Round totals"
    with pytest.raises(NotThereError, match="holds work item 7, not 8"):
        board.load(8)


def test_files_beside_the_item_are_its_attachments(tmp_path: Path, file: Path) -> None:
    (tmp_path / "a shot.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR...IEND")
    (tmp_path / "boom.log").write_text("line 2", "utf-8")
    file.write_text("---\nid: 7\nattachments: [boom.log]\n---\n# Round totals\n\nSee ![it](a%20shot.png).\n", "utf-8")
    board = FileBoard(file, open_run_folder(tmp_path / "run"))
    picture, log = open_all(board.load(7), (), board.read)
    assert (picture.name, picture.picture is not None) == ("a shot.png", True)
    assert (log.name, log.text) == ("boom.log", "line 2")


@pytest.mark.parametrize(
    "name",
    ["../secret.txt", "/etc/passwd", "link.txt", "none.txt", "folder", "a\0b", "https://example.com/a", "x" * 5000],
)
def test_no_other_file_is_an_attachment(tmp_path: Path, name: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "items"
    (folder / "folder").mkdir(parents=True)
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    board = FileBoard(folder / "item.md", open_run_folder(tmp_path / "run"))
    with pytest.raises(UsageError):
        board.read(Attachment(name, ""))


def test_a_large_file_is_no_attachment(tmp_path: Path) -> None:
    (tmp_path / "film").write_bytes(bytes(LARGEST + 1))
    with pytest.raises(UsageError, match="more than 4 MB"):
        FileBoard(tmp_path / "item.md", open_run_folder(tmp_path / "run")).read(Attachment("film", ""))


def test_only_one_run_wins_the_claim(tmp_path: Path, file: Path) -> None:
    first, second = (FileBoard(file, open_run_folder(tmp_path / "run")) for _ in range(2))
    item = first.load(7)
    assert first.claim(item, "1")
    assert first.claim(item, "1")
    assert second.claim(item, "2") is None
    second.release(7, "2")
    assert second.claim(item, "2") is None
    first.release(7, "1")
    assert second.claim(item, "2")


def test_the_claim_of_a_process_that_died_is_void(tmp_path: Path, file: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path; from redimento.local.board import FileBoard\n"
        "from redimento.run_folder import open_run_folder\n"
        "board = FileBoard(Path(sys.argv[1]), open_run_folder(Path(sys.argv[2]))); print(bool(board.claim(board.load(7), 'dead')), flush=True)\n"
        "os.kill(os.getpid(), 9)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script, str(file), str(tmp_path / "run")], capture_output=True, text=True, check=False
    )
    assert (ended.stdout, ended.returncode) == ("True\n", -9)
    board = FileBoard(file, open_run_folder(tmp_path / "run"))
    assert board.claim(board.load(7), "alive")


def test_the_comment_is_rewritten_in_place(tmp_path: Path, file: Path) -> None:
    board = FileBoard(file, open_run_folder(tmp_path / "run"))
    first = board.comment(7, "Redimento, web", "one")
    assert board.comment(7, "Redimento, web", "two") == first
    assert Path(first.removeprefix("file://")).read_text("utf-8") == "two"
    assert board.comment(7, "Redimento, ../../api", "three") != first
    assert len(list((tmp_path / "run").iterdir())) == 2


def test_changes_of_state_and_tags_are_recorded_once(tmp_path: Path, file: Path) -> None:
    board, run = FileBoard(file, open_run_folder(tmp_path / "run")), tmp_path / "run"
    item, _ = board.mark(board.load(7), Mark("New"))
    assert not (run / "state.txt").exists()
    for mark in (
        Mark("category:InProgress", "working"),
        Mark("category:InProgress"),
        Mark("Resolved", without=("working",)),
    ):
        item, _ = board.mark(item, mark)
    assert (run / "state.txt").read_text("utf-8") == "New\ncategory:InProgress\nResolved\n"
    assert "working" not in (run / "tags.txt").read_text("utf-8")


def test_a_pull_request_is_a_folder_and_is_updated(tmp_path: Path) -> None:
    port: PullRequests = FolderPullRequests(RunFolder(tmp_path))
    assert port.find(WANTED.source_branch, "main") is None
    made = port.open(WANTED)
    assert port.find(WANTED.source_branch, "main") == made
    assert port.find(WANTED.source_branch, "other") is None
    assert (tmp_path / "pull-requests/1/pull-request.md").read_text("utf-8") == "# Draft: Round totals\n\nWhy\n"
    again = port.open(replace(WANTED, draft=False, title="Round all totals"))
    assert (again.id, again.draft, again.title, again.url) == (1, False, "Round all totals", made.url)
    assert [each.name for each in (tmp_path / "pull-requests").iterdir()] == ["1"]
    data = json.loads((tmp_path / "pull-requests/1/pull-request.json").read_text("utf-8"))
    assert (data["work_item_id"], data["labels"], data["reviewers"]) == (7, ["redimento"], ["anna@example.com"])


def test_a_closed_pull_request_is_found_but_not_reopened(tmp_path: Path) -> None:
    port = FolderPullRequests(RunFolder(tmp_path))
    port.open(WANTED)
    path = tmp_path / "pull-requests/1/pull-request.json"
    path.write_text(path.read_text("utf-8").replace('"active"', '"completed"'), "utf-8")
    found = port.find(WANTED.source_branch, "main")
    assert found is not None
    assert found.status == "completed"
    assert port.open(WANTED).id == 2
    newest = port.find(WANTED.source_branch, "main")
    assert newest is not None
    assert newest.id == 2


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"status": "odd"}'])
def test_a_damaged_pull_request_is_named(tmp_path: Path, content: str) -> None:
    folder = tmp_path / "pull-requests" / "1"
    folder.mkdir(parents=True)
    (folder / "pull-request.json").write_text(content, "utf-8")
    with pytest.raises(UsageError, match="does not describe a pull request"):
        FolderPullRequests(RunFolder(tmp_path)).find("a", "b")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "config").write_text("secret")
    (root / "src" / "b.py").write_bytes(b"b\r\n")
    (root / "a.txt").write_text("aa")
    (root / ".gitignore").write_text("a.txt\n")
    (tmp_path / "outside.txt").write_text("out")
    (root / "link.txt").symlink_to(tmp_path / "outside.txt")
    (root / "linked").symlink_to(tmp_path)
    os.mkfifo(root / "pipe")
    (root / os.fsdecode(b"bad\xff")).write_text("x")
    return root


def test_a_folder_shows_its_regular_files(folder: Path) -> None:
    tree: Tree = FolderTree(folder)
    assert list(tree.entries()) == [Entry(".gitignore", 6), Entry("a.txt", 2), Entry("src/b.py", 3)]
    assert list(tree.history(10)) == []


def test_only_files_in_the_folder_are_read(folder: Path) -> None:
    wanted = [
        "src/b.py",
        "link.txt",
        "linked/outside.txt",
        "../outside.txt",
        "/etc/passwd",
        ".git/config",
        "pipe",
        "src",
        "no",
        "",
        "a\0",
        "\ud800",
        "a.txt",
    ]
    assert list(FolderTree(folder).read(wanted)) == [("src/b.py", b"b\r\n"), ("a.txt", b"aa")]


def test_unreadable_files_are_left_out(folder: Path) -> None:
    (folder / "src").chmod(0)
    try:
        shown = [entry.path for entry in FolderTree(folder).entries()]
        assert "a.txt" in shown
        assert ("src/b.py" in shown) == (os.geteuid() == 0)  # root reads everything
    finally:
        (folder / "src").chmod(0o755)
