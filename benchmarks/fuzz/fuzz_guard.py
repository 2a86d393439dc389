"""Fuzz plan, guard and writer on a temporary repository, with atheris.

    python benchmarks/fuzz/fuzz_guard.py -max_total_time=600 [CORPUS]

Every input is a list of edits whose paths are made of hostile fragments. It fails if it crashes, plans or touches a
protected file, writes outside the root, or leaves a different tree after it was restored.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["redimento"]):
    from redimento.change.edit import Change, Delete, Edit, Rename, Replace, WriteWhole
    from redimento.change.guards.paths import problem
    from redimento.change.guards.protected import is_protected
    from redimento.change.plan import plan
    from redimento.change.writer import recover, write
    from redimento.settings import ChangeSettings

_FILES = {
    "src/app.py": b"def total(prices):\r\n    return sum(prices)\r\n",
    "src/web.ts": b"export const a = 1;\n",
    "notes.txt": "caf\u00e9\n\nlast".encode("latin-1"),
    "config.yml": b"a: 1\n",
    "azure-pipelines.yml": b"steps:\n- script: make\n",
    ".gitattributes": b"* text=auto\n",
    "AGENTS.md": b"rules\n",
}
_FRAGMENTS = [
    "../", "/", "..\\", ".git", ".GIT", "link/", "sub/", "src/", "azure-pipelines.yml", "Azure-Pipelines.yml", ".gitattributes",
    "APP.py", "app.py", "con.txt", "a.", "a:b", "\0", "~", "outside.txt", "notes.txt", "new/", "deep/", "file.py", "link", "\u200c",
    "config.yml", "agents.md", "GIT~1", " ", "/config", "src/app.py", "\uff0e\uff0e/", "elsewhere", "x" * 300, ".", "AGENTS.md",
]  # fmt: skip
_TEXTS = [
    "", "a\n", "x = 1\n", "    return sum(prices)\n", "    return 2\n", "last", "steps:\n- script: id\n", "#!/bin/sh\n",
    "export const a = 2;\n", "a: 2\n", "\0", "\ud800", "key = 'AKIA" + "QWERTYUIOPASDFGH'\n", "def f(:\n", "# ... rest of the file ...\n",
]  # fmt: skip
_PLACE = Path(tempfile.mkdtemp(prefix="redimento-fuzz-"))
_ROOT = _PLACE / "root"
_JOURNAL = _PLACE / "journal.json"


def _prepare() -> None:
    for path, content in _FILES.items():
        (_ROOT / path).parent.mkdir(parents=True, exist_ok=True)
        (_ROOT / path).write_bytes(content)
    (_ROOT / ".git").mkdir()
    (_ROOT / ".git" / "config").write_text("[core]\n")
    (_ROOT / "sub" / ".git").mkdir(parents=True)
    (_PLACE / "outside.txt").write_text("outside\n")
    (_PLACE / "elsewhere").mkdir()
    (_ROOT / "link").symlink_to(_PLACE / "elsewhere")


def _state(*, outside_only: bool = False) -> str:
    """Return a digest of every name and content below `_PLACE`, except the journal."""
    digest = hashlib.sha256()
    for folder, folders, files in os.walk(_PLACE):
        folders.sort()
        if outside_only and folder == str(_PLACE):
            folders.remove("root")
        for name in sorted(files) + folders:
            path = Path(folder) / name
            if path == _JOURNAL:
                continue
            digest.update(str(path).encode("utf-8", "surrogateescape"))
            if path.is_file() and not path.is_symlink():
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _path(data: atheris.FuzzedDataProvider) -> str:
    pieces = [data.PickValueInList(_FRAGMENTS) for _ in range(data.ConsumeIntInRange(1, 3))]
    return "".join([*pieces, data.ConsumeUnicode(data.ConsumeIntInRange(0, 2))])


def _edit(data: atheris.FuzzedDataProvider) -> Edit:
    kind, path = data.ConsumeIntInRange(0, 3), _path(data)
    if kind == 0:
        return WriteWhole(path, data.PickValueInList(_TEXTS))
    if kind == 1:
        return Replace(path, data.PickValueInList(_TEXTS), data.PickValueInList(_TEXTS))
    return Delete(path) if kind == 2 else Rename(path, _path(data))


def one_input(content: bytes) -> None:
    """Plan, write and restore one list of edits; raise on what must never happen."""
    data = atheris.FuzzedDataProvider(content)
    partial = data.ConsumeBool()
    edits = [_edit(data) for _ in range(data.ConsumeIntInRange(1, 3))]
    change = plan(_ROOT, edits, ChangeSettings(), partial=partial).change
    for path in change.paths:
        if problem(path) or is_protected(path):
            raise AssertionError(f"planned {path!r}")
    if change.files:
        _write_and_restore(change)


def _write_and_restore(change: Change) -> None:
    write(_ROOT, change, _JOURNAL)
    if _state(outside_only=True) != _OUTSIDE:
        raise AssertionError(f"wrote outside: {change.paths!r}")
    if any((_ROOT / path).read_bytes() != content for path, content in _FILES.items() if path not in change.paths):
        raise AssertionError(f"changed more than {change.paths!r}")
    recover(_ROOT, _JOURNAL)
    if _state() != _WHOLE:
        raise AssertionError(f"not restored: {change.paths!r}")


if __name__ == "__main__":
    _prepare()
    _WHOLE, _OUTSIDE = _state(), _state(outside_only=True)
    atheris.Setup(sys.argv, one_input)
    try:
        atheris.Fuzz()
    finally:
        shutil.rmtree(_PLACE, ignore_errors=True)
