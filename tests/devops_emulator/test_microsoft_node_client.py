"""Microsoft's unmodified Node client, which sends enumeration values as numbers, unlike the Python one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

PACKAGE = "azure-devops-node-api"
VERSION = "17.0.1"


@pytest.fixture(scope="session")
def modules() -> Path:
    """The folder of the installed client, kept between sessions."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("Node and npm are not installed")
    folder = Path(tempfile.gettempdir()) / f"{PACKAGE}-{VERSION}-{os.getuid()}"
    if not (folder / "node_modules" / PACKAGE / "package.json").exists():
        folder.mkdir(mode=0o700, exist_ok=True)
        command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", f"{PACKAGE}@{VERSION}"]
        try:
            done = subprocess.run(
                [*command, "--prefix", str(folder)], capture_output=True, text=True, check=False, timeout=100
            )
        except subprocess.TimeoutExpired:
            pytest.skip(f"npm did not install {PACKAGE} in time")
        if done.returncode:
            pytest.skip(f"npm cannot install {PACKAGE}: {done.stderr[-200:]}")
    return folder / "node_modules"


def test_every_operation(rest: Any, modules: Path) -> None:
    done = subprocess.run(
        ["node", str(Path(__file__).with_name("microsoft_node_client.js")), rest.emulator.url, rest.emulator.token],
        env={**os.environ, "NODE_PATH": str(modules), "NODE_NO_WARNINGS": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "revisions": [2, 3],
        "created": "New",
        "comment": [2, "First"],
        "found": 3,
        "category": "Proposed",
        "attachment": True,
        "moved": True,
        "pushed": 1,
        "listed": [1],
        "label": "ai",
        "vote": 10,
        "thread": 1,
        "linked": ["7"],
        "iterations": 1,
        "merge": 3,
        "completed": 3,
        "build": [2, 2, ["item 7"]],
    }
