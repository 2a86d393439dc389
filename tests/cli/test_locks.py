"""Locks whose files are removed with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from redimento.errors import UsageError
from redimento.locks import TakenError, held, own_folder

# The first holder ends between the open and the lock of the second: CPython raises an audit event for the lock.
RELEASED_MEANWHILE = """
import sys
from redimento.locks import TakenError, held

first = held("one", "taken")
first.__enter__()

def release_once(event, _):
    global first
    if event == "fcntl.flock" and first:
        ending, first = first, None
        ending.__exit__(None, None, None)

sys.addaudithook(release_once)
with held("one", "taken"):
    try:
        with held("one", "taken"):
            print("held twice")
    except TakenError as error:
        print(error)
"""


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_lock_is_held_once_and_leaves_no_file(home: Path) -> None:
    with held("one", "taken"), held("another", "taken"):
        assert len(files(home)) == 2
        with pytest.raises(TakenError, match="taken"), held("one", "taken"):
            pass
    assert files(home) == []
    with held("one", "taken"):
        pass


def test_a_lock_file_that_is_removed_while_it_is_opened_is_locked_anew() -> None:
    done = subprocess.run([sys.executable, "-c", RELEASED_MEANWHILE], capture_output=True, text=True, check=True)
    assert done.stdout == "taken\n"


def test_the_file_of_a_killed_process_is_taken_over(home: Path) -> None:
    script = "import os\nfrom redimento.locks import held\nwith held('one', 'taken'):\n    os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script], check=False)
    assert len(files(home)) == 1
    with held("one", "taken"):
        pass
    assert files(home) == []


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path: Path, home: Path) -> None:
    with held("one", "taken"):
        (place,) = files(home)
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"), held("one", "taken"):
        pass
    assert not os.path.lexists(tmp_path / "elsewhere")


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder in which every account may make another."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


def test_locks_are_where_no_other_account_can_make_the_folder_first(home: Path) -> None:
    with held("one", "taken"):
        (folder,) = (home / ".cache").iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700


def test_an_account_without_a_home_locks_in_the_temporary_folder(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/proc/1/nowhere")
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    with held("one", "taken"):
        assert files(shared)


def test_a_folder_of_ours_that_others_could_enter_is_closed(shared: Path) -> None:
    (shared / f"redimento-{os.getuid()}-x").mkdir(mode=0o777)
    assert own_folder(shared, "x").stat().st_mode & 0o777 == 0o700


def test_a_link_in_the_place_of_our_folder_is_refused(shared: Path, tmp_path: Path) -> None:
    (shared / f"redimento-{os.getuid()}-x").symlink_to(tmp_path)
    with pytest.raises(UsageError, match="is a link or belongs to another account"):
        own_folder(shared, "x")


@pytest.mark.skipif(os.geteuid() != 0, reason="making a folder of another account needs root")
def test_a_folder_that_another_account_made_first_is_refused(shared: Path) -> None:
    folder = shared / f"redimento-{os.getuid()}-x"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    with pytest.raises(UsageError, match="is a link or belongs to another account"):
        own_folder(shared, "x")


def test_a_place_where_every_account_can_replace_our_folder_is_refused(shared: Path) -> None:
    shared.chmod(0o777)
    with pytest.raises(UsageError, match="Every account can replace folders"):
        own_folder(shared, "x")
