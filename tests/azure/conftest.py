from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devops_emulator.server import Emulator, running
from redimento.azure.boards import AzureBoard
from redimento.azure.client import AzureClient, Outward
from redimento.azure.pipelines import JobEnvironment, job_environment
from redimento.azure.repos import AzurePullRequests
from tests.azure.hostile import Pauses, Serve, serving


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve scripts of faults on loopback during a test."""
    with ExitStack() as stack:
        yield lambda *script, tls=None: stack.enter_context(serving(script, tls))


@dataclass(frozen=True)
class Connected:
    """A job in the project `My Shop` of an emulated organisation, and its adapters."""

    emulator: Emulator
    job: JobEnvironment
    client: AzureClient
    board: AzureBoard
    pull_requests: AzurePullRequests
    said: list[str]


def connect(emulator: Emulator, outward: Outward = "send", repository: str = "web") -> Connected:
    job = job_environment(emulator.environment[repository])
    said: list[str] = []
    client = AzureClient(
        job.collection_url,
        job.token,
        outward=outward,
        project=job.project,
        project_id=job.project_id,
        sleep=Pauses(),
    )
    board = AzureBoard(client, job.project, said.append)
    pull_requests = AzurePullRequests(client, job.project, job.project_id, job.repository_name, job.repository_id)
    return Connected(emulator, job, client, board, pull_requests, said)


SEED: dict[str, Any] = {
    "project": "My Shop",
    "process": "Agile",
    "people": ["Ann Archer <ann@contoso.com>", "Bob Baker <bob@contoso.com>", "Bob Baker <bob2@contoso.com>"],
    "work_items": [
        {"id": 3, "type": "Feature", "fields": {"System.Title": "Cart"}},
        {"id": 5, "type": "Bug", "fields": {"System.Title": "Wrong sum", "System.State": "Active"}},
        {
            "id": 7,
            "type": "User Story",
            "fields": {
                "System.Title": "Round the total",
                "System.Description": "<div>As a <b>buyer</b> …</div>",
                "Microsoft.VSTS.Common.AcceptanceCriteria": "<ul><li>It is rounded</li><li>It is shown</li></ul>",
                "System.State": "Active",
                "System.Tags": "ready; web",
                "System.AssignedTo": "Ann Archer <ann@contoso.com>",
            },
            "comments": [
                {"text": "<p>Half up, <i>please</i></p>", "author": "Ann Archer <ann@contoso.com>"},
                {"text": "Use `Decimal`, not `List<float>`", "format": "markdown"},
            ],
            "relations": [
                {"rel": "System.LinkTypes.Hierarchy-Reverse", "id": 3},
                {"rel": "System.LinkTypes.Related", "id": 5},
            ],
        },
        {
            "id": 8,
            "type": "Task",
            "fields": {"System.Title": "Tidy up", "System.Description": "Show <br> **as text**"},
            "markdown": ["System.Description"],
        },
    ],
}


def git(folder: Path, *arguments: str) -> str:
    identity = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "PATH": os.environ["PATH"]}
    people = {f"GIT_{who}_{what}": "a@b.c" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    command = ["git", "-C", str(folder), *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**identity, **people})
    return done.stdout.strip()


def repository(folder: Path) -> Path:
    """Create a repository with `main` and two changed branches."""
    folder.mkdir()
    git(folder, "init", "-q", "-b", "main")
    (folder / "a.py").write_text("a = 1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    for number, branch in enumerate(("redimento/7-round", "redimento/8-tidy"), start=2):
        git(folder, "checkout", "-q", "-b", branch, "main")
        (folder / "a.py").write_text(f"a = {number}\n")
        git(folder, "commit", "-q", "-a", "-m", branch)
    git(folder, "checkout", "-q", "main")
    return folder


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return repository(tmp_path_factory.mktemp("git") / "source")


@pytest.fixture
def emulator(tmp_path: Path, source: Path) -> Iterator[Emulator]:
    """An organisation with a story, a bug, a task and a feature, and a repository with two changed branches."""
    seed = {**SEED, "repositories": [{"name": "web", "from": str(source)}]}
    with running(tmp_path / "organisation", seed=seed) as served:
        yield served


@pytest.fixture
def azure(emulator: Emulator) -> Connected:
    return connect(emulator)
