"""An organisation as an administrator finds it: repositories, and a build account without any right."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests

from devops_emulator.routing import Watch
from devops_emulator.server import Emulator, running
from tests.adoption.examining import examine
from tests.cli.conftest import Command, Said, redimento
from tests.run.conftest import git, organise, sample, site, write_sample

__all__ = ["examine", "organise", "redimento", "sample", "site"]  # fixtures

ROOT = Path(__file__).parents[2]
ADA, BEN = "ada@example.com", "ben@example.com"
KEY = "AIzaSy-" + "a-secret-key-of-gemini-0123456789"
DENIED = [
    *("GenericRead", "GenericContribute", "CreateBranch", "PullRequestContribute"),
    *("WorkItemRead", "WorkItemWrite", "ViewBuilds"),
]


@dataclass
class Desk:
    """An administrator's desk: a clone of the repository, and the command."""

    emulator: Emulator
    folder: Path
    command: Command
    monkeypatch: pytest.MonkeyPatch
    watchers: list[Watch] = field(default_factory=list)

    def install(
        self, *arguments: str, person: str = ADA, key: str = KEY, image: str = "registry.example.com/redimento:1"
    ) -> Said:
        self.monkeypatch.setenv("AZURE_DEVOPS_EXT_PAT", self.emulator.tokens[person])
        self.monkeypatch.setenv("GEMINI_API_KEY", key)
        chosen = () if "--remove" in arguments or not image else ("--image", image)
        said = self.command("install", "--repo", str(self.folder), *chosen, *arguments)
        for secret in (self.emulator.tokens[person], KEY, *self.hook_names()):
            assert secret not in said.out + said.err
        return said

    def rest(self, method: str, path: str, *, person: str = ADA, status: int = 200, **options: Any) -> Any:
        encoded = base64.b64encode(f":{self.emulator.tokens[person]}".encode()).decode()
        answer = requests.request(
            method,
            f"{self.emulator.url}{path}",
            params={"api-version": options.pop("version", "7.1"), **options.pop("params", {})},
            headers={"Authorization": f"Basic {encoded}", "Accept": "application/json", **options.pop("headers", {})},
            timeout=60,
            **options,
        )
        assert answer.status_code in (status, 200, 201, 204), answer.text
        return answer.json() if answer.content else None

    def rows(self, path: str, **params: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.rest("GET", path, params=params)["value"]
        return found

    def hook_names(self) -> list[str]:
        connections = self.rows("Shop/_apis/serviceendpoint/endpoints", type="incomingwebhook")
        return [one["authorization"]["parameters"]["webhookname"] for one in connections]

    def everything(self) -> dict[str, Any]:
        """Return all that `install` makes, to compare."""
        permissions = {}
        definitions = self.rows("Shop/_apis/build/definitions", includeAllProperties="true")
        connections = self.rows("Shop/_apis/serviceendpoint/endpoints")
        for one in connections:
            path = f"Shop/_apis/pipelines/pipelinePermissions/endpoint/{one['id']}"
            permissions[one["name"]] = self.rest("GET", path, version="7.1-preview.1")["pipelines"]
        namespaces = ("2e9eb7ed-3c0a-47d4-87c1-0ffdd275fd87", "83e28ad4-2d72-4ceb-97b0-c7726d5502c3")
        return {
            "definitions": definitions,
            "connections": connections,
            "groups": self.rows("Shop/_apis/distributedtask/variablegroups"),
            "subscriptions": self.rows("_apis/hooks/subscriptions"),
            "pulls": self.rows("Shop/_apis/git/repositories/calc/pullrequests", **{"searchCriteria.status": "active"}),
            "branches": self.rows("Shop/_apis/git/repositories/calc/refs", filter="heads/"),
            "permissions": permissions,
            "entries": {name: self.rows(f"_apis/accesscontrollists/{name}") for name in namespaces},
        }


def templates_repository(folder: Path) -> Path:
    """Return a repository with the pipeline templates, tagged as a release."""
    (folder / "action").mkdir(parents=True)
    for name in ("azure-pipelines-template.yml", "action/checkout.yml", "action/steps.yml"):
        shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "Redimento")
    git(folder, "tag", "v0.1.0")
    return folder


@pytest.fixture
def desk_with(tmp_path: Path, redimento: Command, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Desk]]:
    """Make a desk; keyword arguments extend the seed."""
    with ExitStack() as stack:

        def make(**seed: Any) -> Desk:
            origin = write_sample(tmp_path / "origin")
            planted: Mapping[str, Any] = {
                "project": "Shop",
                "people": [f"Ada <{ADA}>", f"Ben <{BEN}>"],
                "deny": DENIED,
                "areas": ["Shop\\Cart", "Shop\\Stock"],
                "repositories": [
                    {"name": "calc", "from": str(origin), "protected": ["main"]},
                    {"name": "redimento", "from": str(templates_repository(tmp_path / "templates"))},
                ],
                "work_items": [
                    {
                        "id": 7,
                        "type": "User Story",
                        "fields": {
                            "System.Title": "add adds",
                            "System.State": "New",
                            "System.AreaPath": "Shop\\Cart",
                            "System.Description": "<p>calc.add subtracts. It should add.</p>",
                            "Microsoft.VSTS.Common.AcceptanceCriteria": "<ul><li>add(1, 1) is 2</li></ul>",
                        },
                    }
                ],
                **seed,
            }
            watchers: list[Watch] = []

            def watch(method: str, path: str) -> None:
                for watcher in watchers:
                    watcher(method, path)

            emulator = stack.enter_context(running(tmp_path / "organisation", seed=planted, watch=watch))
            folder = tmp_path / "desk"
            url = emulator.environment["calc"]["BUILD_REPOSITORY_URI"]
            header = f"http.{url}.extraheader=AUTHORIZATION: bearer {emulator.tokens[ADA]}"
            git(tmp_path, "clone", "-q", "--config", header, url, str(folder))
            return Desk(emulator, folder, redimento, monkeypatch, watchers)

        yield make


@pytest.fixture
def desk(desk_with: Callable[..., Desk]) -> Desk:
    return desk_with()
