"""The locks are the whole truth: nothing in an install is left to be resolved."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted(ROOT.glob("requirements*.lock"))
_REQUIREMENT = re.compile(r"[A-Za-z0-9._-]+==[^ ;\\]+( ; [^\\]+)? \\(\n    --hash=sha256:[0-9a-f]{64}( \\)?)+")


def requirements(lock: Path) -> list[str]:
    text = re.sub(r"(?m)^ *#.*\n", "", lock.read_text("utf-8"))
    return re.split(r"\n(?=\S)", text.strip())


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_of_a_lock_names_one_version_without_extras_by_its_hashes(lock: Path) -> None:
    assert [line for line in requirements(lock) if not _REQUIREMENT.fullmatch(line)] == []


def test_all_locks_name_the_same_versions() -> None:
    known: dict[str, str] = {}
    for lock in LOCKS:
        for line in requirements(lock):
            name, version, marker = re.split(r"==| ", line.partition(" \\")[0] + " ", maxsplit=2)
            assert known.setdefault(name + marker, version) == version, f"{lock.name}: {name}"


def test_every_install_from_a_lock_resolves_nothing() -> None:
    files = [ROOT / "Makefile", ROOT / "Dockerfile", *(ROOT / ".ci").iterdir(), *(ROOT / "action").glob("*.*")]
    lines = [line for file in files for line in file.read_text("utf-8").splitlines() if "--require-hashes" in line]
    assert lines
    assert [line for line in lines if "--no-deps" not in line] == []
