"""The writer: all or nothing, follows no link, and leaves a restorable tree when killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from redimento.change.edit import Change, FileChange
from redimento.change.writer import recover, settle, substituted, write
from redimento.errors import RedimentoError

CHANGE = Change(
    (
        FileChange("gone/only.txt", b"only\n", None),
        FileChange("new/deep/file.py", None, b"x = 1\n"),
        FileChange("run.sh", b"echo a\n", b"echo b\n", 0o100755),
        FileChange("src/a.py", b"a = 1\r\n", b"a = 2\r\n"),
    )
)


def tree(root: Path) -> dict[str, bytes | None]:
    """Map every file to its content, and every directory or dead link to None."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None for path in sorted(root.rglob("*"))
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    (root / "src").mkdir(parents=True)
    (root / "gone").mkdir()
    (root / "gone" / "only.txt").write_bytes(b"only\n")
    (root / "src" / "a.py").write_bytes(b"a = 1\r\n")
    (root / "run.sh").write_bytes(b"echo a\n")
    (root / "run.sh").chmod(0o750)
    return root


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "run" / "journal.json"


def test_a_change_is_written_and_restored(root: Path, journal: Path) -> None:
    before = tree(root)
    write(root, CHANGE, journal)
    assert tree(root) == {
        "new": None,
        "new/deep": None,
        "new/deep/file.py": b"x = 1\n",
        "run.sh": b"echo b\n",
        "src": None,
        "src/a.py": b"a = 2\r\n",
    }
    assert (root / "run.sh").stat().st_mode & 0o777 == 0o750
    recover(root, journal)
    assert tree(root) == before
    assert (root / "run.sh").stat().st_mode & 0o777 == 0o750
    assert not journal.exists()


def test_an_existing_empty_directory_stays(root: Path, journal: Path) -> None:
    (root / "new").mkdir()
    before = tree(root)
    write(root, Change((FileChange("new/a.txt", None, b"a\n"),)), journal)
    (root / "new" / "a.txt").unlink()
    recover(root, journal)
    assert tree(root) == before


def test_a_file_may_replace_a_folder_and_a_folder_a_file(root: Path, journal: Path) -> None:
    before = tree(root)
    change = Change(
        (
            FileChange("gone", None, b"now a file\n"),
            FileChange("gone/only.txt", b"only\n", None),
            FileChange("run.sh", b"echo a\n", None, 0o100755),
            FileChange("run.sh/inside", None, b"x\n"),
        )
    )
    write(root, change, journal)
    assert (root / "gone").read_bytes() == b"now a file\n"
    assert (root / "run.sh" / "inside").exists()
    assert recover(root, journal)
    assert tree(root) == before


def test_a_new_script_is_executable_and_other_files_are_not(root: Path, journal: Path) -> None:
    write(root, Change((FileChange("a", None, b"#!/bin/sh\n", 0o100755), FileChange("b", None, b"b\n"))), journal)
    assert (root / "a").stat().st_mode & 0o111
    assert not (root / "b").stat().st_mode & 0o111


def test_a_later_write_restores_what_it_no_longer_changes(root: Path, journal: Path) -> None:
    before = tree(root)
    write(root, CHANGE, journal)
    second = Change((FileChange("src/a.py", b"a = 1\r\n", b"a = 3\r\n"),))
    write(root, second, journal)
    assert tree(root) == before | {"src/a.py": b"a = 3\r\n"}
    recover(root, journal)
    assert tree(root) == before


@pytest.mark.parametrize("rounds", [1, 2])
def test_recover_restores_the_tree_after_any_number_of_writes(rounds: int, root: Path, journal: Path) -> None:
    before = tree(root)
    write(root, CHANGE, journal)
    if rounds == 2:
        write(root, Change((FileChange("src/a.py", b"a = 1\r\n", b"a = 3\r\n"),)), journal)
    assert recover(root, journal)
    assert tree(root) == before
    assert not recover(root, journal)


def test_a_settled_change_stays(root: Path, journal: Path) -> None:
    write(root, CHANGE, journal)
    after = tree(root)
    settle(journal)
    assert not recover(root, journal)
    assert tree(root) == after


def test_recover_leaves_what_somebody_else_changed(root: Path, journal: Path) -> None:
    write(root, CHANGE, journal)
    (root / "src" / "a.py").write_bytes(b"mine\n")
    assert recover(root, journal)
    assert (root / "src" / "a.py").read_bytes() == b"mine\n"
    assert (root / "run.sh").read_bytes() == b"echo a\n"


def test_a_damaged_journal_is_an_error_with_a_remedy(root: Path, journal: Path) -> None:
    journal.parent.mkdir()
    journal.write_text('{"entries": [')
    with pytest.raises(RedimentoError, match="cannot be read") as caught:
        recover(root, journal)
    assert "git" in caught.value.remedy


def test_substituted_files_return_after_an_exception(root: Path, journal: Path) -> None:
    write(root, CHANGE, journal)
    after = tree(root)

    def fail() -> None:
        before = {file.path: file.before for file in CHANGE.files if file.path != "run.sh"}
        with substituted(root, CHANGE, {**before, "not changed": b"?"}):
            assert (root / "src" / "a.py").read_bytes() == b"a = 1\r\n"
            assert not (root / "new").exists()
            assert (root / "gone" / "only.txt").exists()
            assert (root / "run.sh").read_bytes() == b"echo b\n"
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert tree(root) == after


@pytest.mark.parametrize(
    "obstacle", ["a link as folder", "a link as target", "a directory as target", "a file as folder"]
)
def test_nothing_is_written_if_one_file_cannot_be(obstacle: str, root: Path, journal: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    if obstacle == "a link as folder":
        (root / "z").symlink_to(outside)
    elif obstacle == "a link as target":
        (root / "z").mkdir()
        (root / "z" / "b.txt").symlink_to(outside / "b.txt")
    elif obstacle == "a directory as target":
        (root / "z" / "b.txt").mkdir(parents=True)
    else:
        (root / "z").write_text("file\n")
    before = tree(root)
    with pytest.raises(RedimentoError, match=r"z/b\.txt could not be written"):
        write(root, Change((*CHANGE.files, FileChange("z/b.txt", None, b"b\n"))), journal)
    assert tree(root) == before
    assert list(outside.iterdir()) == []


def test_a_link_swapped_in_after_the_plan_does_not_lead_outside(root: Path, journal: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_bytes(b"a = 1\r\n")
    (root / "src" / "a.py").unlink()
    (root / "src").rmdir()
    (root / "src").symlink_to(outside)
    with pytest.raises(RedimentoError):
        write(root, CHANGE, journal)
    assert (outside / "a.py").read_bytes() == b"a = 1\r\n"
    assert (root / "gone" / "only.txt").exists()


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from redimento.change import beneath
    from redimento.change.edit import Change, FileChange
    from redimento.change.writer import write

    root, journal, survives = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    calls = 0

    def audit(event, arguments):
        # os.rename and os.remove change the tree; the kill comes before one of them takes effect.
        global calls
        if event in {"os.rename", "os.remove"} and Path(str(arguments[0])).name != "journal.json.tmp":
            calls += 1
            if calls > survives:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)
    files = [FileChange(f"d{n}/f.txt", b"old\\n" if n % 2 else None, b"new\\n") for n in range(4)]
    files.append(FileChange("gone/only.txt", b"only\\n", None))
    write(root, Change(tuple(files)), journal)
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("survives", [0, 1, 3, 5, 8, 99])
def test_the_next_run_starts_clean_after_a_kill_at_any_moment(survives: int, root: Path, journal: Path) -> None:
    for number in (1, 3):
        (root / f"d{number}").mkdir()
        (root / f"d{number}" / "f.txt").write_bytes(b"old\n")
    before = tree(root)
    script = textwrap.dedent(KILLED)
    ended = subprocess.run([sys.executable, "-c", script, str(root), str(journal), str(survives)], check=False)
    assert ended.returncode == -signal.SIGKILL
    recover(root, journal)
    assert tree(root) == before


def test_only_the_owner_can_read_the_journal(root: Path, journal: Path) -> None:
    write(root, CHANGE, journal)
    assert journal.stat().st_mode & 0o077 == 0
    assert os.listdir(journal.parent) == ["journal.json"]  # noqa: PTH208  # names are enough


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can change owners")
def test_root_keeps_the_owner_of_files(root: Path, tmp_path: Path) -> None:
    (root / "mine.txt").write_bytes(b"old")
    for path in (root, root / "mine.txt"):
        os.chown(path, 1001, 1001)
    change = Change((FileChange("mine.txt", b"old", b"new"), FileChange("new/a.txt", None, b"x")))
    journal = tmp_path / "journal"

    write(root, change, journal)
    assert {(root / name).stat().st_uid for name in ("mine.txt", "new", "new/a.txt")} == {1001}
    recover(root, journal)
    assert (root / "mine.txt").stat().st_uid == 1001
