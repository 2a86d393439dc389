"""The commands that start a server: the emulator's first line, and the demo from end to end."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Command

TOKEN = re.compile(rb"ya29\.|eyJ[A-Za-z0-9_-]{20}")
START = Path(__file__).parents[2] / "docs" / "start.md"
EMULATOR = [sys.executable, "-m", "redimento", "emulator"]


def test_the_emulator_first_prints_where_it_is(repository: Path, tmp_path: Path) -> None:
    seed = {"project": "Shop", "process": "Agile", "repositories": [{"name": "calc", "from": str(repository)}]}
    (tmp_path / "seed.json").write_text(json.dumps(seed))
    command = [*EMULATOR, "--folder", str(tmp_path / "org"), "--seed", str(tmp_path / "seed.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        said = json.loads(server.stdout.readline())
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)

    assert set(said) == {"url", "token", "tokens", "projects", "environment"}
    assert said["environment"]["calc"]["SYSTEM_ACCESSTOKEN"] == said["token"]
    assert said["environment"]["calc"]["SYSTEM_COLLECTIONURI"] == said["url"]


def test_a_wrong_seed_is_one_sentence(redimento: Command, tmp_path: Path) -> None:
    (tmp_path / "seed.yml").write_text("project: Shop\nwork_items: [{id: x}]\n")
    said = redimento("emulator", "--folder", tmp_path / "org", "--seed", tmp_path / "seed.yml")

    assert said.code == 2
    assert "seed" in said.err


@pytest.mark.timeout(400)
def test_the_demo_ends_in_a_pull_request(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "redimento", "demo", "--folder", str(tmp_path / "demo")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=360)

    assert done.returncode == 0, done.stderr
    made = (tmp_path / "demo" / "run" / "description.md").read_text("utf-8")
    shown = re.findall(r"^> ?(.*)$", START.read_text("utf-8").split("### The work item")[0], flags=re.MULTILINE)
    assert [line for line in shown if line not in made.splitlines()] == []
    for expected in (
        "Pull request 1 (ready for review)",
        "User Story 7 on the board, in state Active",
        "customers with WELCOME10 pay the full price",
        "The code before: shop/cart.py",
        "The reproduction: a test that fails on the code before",
        '    assert cart.total("WELCOME10") == 1800',
        "+PERCENT_OFF",
        "Acceptance criteria",
        "What the run says on the board",
        "report.html",
        "recorded model",
    ):
        assert expected in done.stdout
    report, serve, init = [line.strip() for line in done.stdout.splitlines()[-6:-1] if line.startswith("  ")]
    assert Path(urlsplit(report).path).is_file()
    assert subprocess.run(["sh", "-c", init], cwd=tmp_path, capture_output=True, check=False).returncode == 0
    with subprocess.Popen(["sh", "-c", f"exec {serve}"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert json.loads(server.stdout.readline())["url"].startswith("http://127.0.0.1:")
        server.terminate()
    # Nothing secret is set for it, and the tokens of its sign-in are in none of its files.
    assert "signed in as the job, without a key" in " ".join(done.stderr.split())
    written = [file.read_bytes() for file in (tmp_path / "demo" / "run").rglob("*") if file.is_file()]
    assert [
        content for content in (*written, done.stdout.encode(), done.stderr.encode()) if TOKEN.search(content)
    ] == []


def test_the_demo_needs_an_empty_folder(redimento: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    said = redimento("demo", "--folder", tmp_path)

    assert said.code == 2
    assert "not empty" in said.err
