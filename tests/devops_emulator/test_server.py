from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from devops_emulator.faults import StartError
from devops_emulator.server import running


def test_a_restart_serves_the_same_organisation(tmp_path: Path, seed: Any, serve: Any) -> None:
    with serve(tmp_path, seed) as rest:
        rest.patch_item(7, {"op": "add", "path": "/fields/System.Title", "value": "Kept"})
        first = rest.emulator
    with serve(tmp_path, None) as rest:
        again = rest.emulator
        assert again.token == first.token
        assert again.projects == first.projects
        assert again.environment["web"]["BUILD_BUILDID"] == first.environment["web"]["BUILD_BUILDID"]
        item = rest("GET", "_apis/wit/workitems/7", params={"$expand": "relations"})
        assert item["fields"]["System.Title"] == "Kept"
        assert item["relations"][0]["url"].startswith(again.url)


def test_without_a_seed_an_organisation_is_empty(tmp_path: Path, serve: Any) -> None:
    with serve(tmp_path / "new", None) as rest:
        assert (rest.emulator.projects, rest.emulator.environment) == ({}, {})
        assert rest("GET", "_apis/projects")["count"] == 0


def test_only_one_of_many_writers_of_a_revision_wins(rest: Any) -> None:
    revision = rest("GET", "_apis/wit/workitems/7")["rev"]

    def claim(number: int) -> int:
        return requests.patch(
            f"{rest.emulator.url}_apis/wit/workitems/7?api-version=7.1",
            json=[
                {"op": "test", "path": "/rev", "value": revision},
                {"op": "add", "path": "/fields/System.Tags", "value": f"claim {number}"},
            ],
            headers={"Authorization": f"Bearer {rest.emulator.token}", "Content-Type": "application/json-patch+json"},
            timeout=100,
        ).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = sorted(pool.map(claim, range(8)))
    assert answers == [200] + [412] * 7


def test_a_port_in_use_is_reported(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"Port {port} of 127.0.0.1 cannot be used"), running(tmp_path, port=port):
            pass
    with pytest.raises(StartError, match="Port 70000 does not exist"), running(tmp_path, port=70_000):
        pass


@pytest.mark.parametrize(("version", "word"), [("git version 2.34.1", "git version 2.34.1"), (None, "no git")])
def test_an_old_or_missing_git_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str | None, word: str
) -> None:
    if version is not None:
        program = tmp_path / "git"
        program.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartError, match=f"{word}.* install git 2.38"), running(tmp_path / "organisation"):
        pass


def test_a_folder_that_is_a_file_is_reported(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("", encoding="utf-8")
    with pytest.raises(StartError, match="cannot hold an organisation"), running(file):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serving_starts_with_one_json_line_and_ends_cleanly(tmp_path: Path, seed: Any, number: signal.Signals) -> None:
    file = tmp_path / "seed.json"
    file.write_text(json.dumps(seed), encoding="utf-8")
    program = (
        "import sys; from pathlib import Path; from devops_emulator.server import serve;"
        "serve(Path(sys.argv[1]), 0, Path(sys.argv[2]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path / "organisation"), str(file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
    ) as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        assert set(started) == {"url", "token", "tokens", "projects", "environment"}
        answer = requests.get(
            f"{started['url']}_apis/projects?api-version=7.1",
            headers={"Authorization": f"Bearer {started['token']}"},
            timeout=100,
        )
        assert answer.json()["count"] == 1
        process.send_signal(number)
        rest_of_output, errors = process.communicate(timeout=100)
        assert (process.returncode, rest_of_output, errors) == (0, "", "")
