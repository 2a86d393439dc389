"""Locks whose files are removed with them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from redimento.locks import TakenError, held

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
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)  # cached by tempfile
    return folder


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_lock_is_held_once_and_leaves_no_file(temporary: Path) -> None:
    with held("one", "taken"), held("another", "taken"):
        assert len(files(temporary)) == 2
        with pytest.raises(TakenError, match="taken"), held("one", "taken"):
            pass
    assert files(temporary) == []
    with held("one", "taken"):
        pass


def test_a_lock_file_that_is_removed_while_it_is_opened_is_locked_anew() -> None:
    done = subprocess.run([sys.executable, "-c", RELEASED_MEANWHILE], capture_output=True, text=True, check=True)
    assert done.stdout == "taken\n"


def test_the_file_of_a_killed_process_is_taken_over(temporary: Path) -> None:
    script = "import os\nfrom redimento.locks import held\nwith held('one', 'taken'):\n    os.kill(os.getpid(), 9)"
    subprocess.run([sys.executable, "-c", script], check=False)
    assert len(files(temporary)) == 1
    with held("one", "taken"):
        pass
    assert files(temporary) == []


def test_a_link_in_the_place_of_a_lock_is_not_followed(tmp_path: Path, temporary: Path) -> None:
    with held("one", "taken"):
        (place,) = files(temporary)
    place.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"), held("one", "taken"):
        pass
    assert not os.path.lexists(tmp_path / "elsewhere")
