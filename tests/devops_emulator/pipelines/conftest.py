from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

PIPELINE = """
trigger: none
parameters:
- { name: workItem, type: number, default: 0 }
resources:
  webhooks:
  - webhook: WebHook
    connection: incoming
    filters:
    - { path: eventType, value: workitem.updated }
variables:
- group: secrets
steps:
- script: echo
"""
FILE = "azure-pipelines.yml"


@pytest.fixture
def organisation(
    serve: Callable[[Path, Any], AbstractContextManager[Any]],
    seed: Mapping[str, Any],
    git: Callable[..., str],
    tmp_path: Path,
) -> Iterator[Callable[..., Any]]:
    """Serve the seeded organisation, its repository with a pipeline file; keyword arguments extend the seed."""
    with ExitStack() as stack:

        def make(file: str = PIPELINE, **more: Any) -> Any:
            home = tmp_path / "web"
            home.mkdir()
            git("init", "--quiet", "--initial-branch=main", cwd=home)
            (home / "readme.md").write_text("# Web\n")
            if file:
                (home / FILE).write_text(file)
            git("add", ".", cwd=home)
            git("commit", "--quiet", "-m", "Start", cwd=home)
            planted = {**seed, "repositories": [{"name": "web", "from": str(home)}], **more}
            return stack.enter_context(serve(tmp_path / "organisation", planted))

        yield make


def definition_body(rest: Any, **more: Any) -> dict[str, Any]:
    repository = {"id": rest.emulator.projects["Shop Floor"]["repositories"]["web"], "type": "TfsGit"}
    return {"name": "web", "repository": repository, "process": {"type": 2, "yamlFilename": FILE}, **more}


def connection_body(rest: Any, **parameters: Any) -> dict[str, Any]:
    project = {"id": rest.emulator.projects["Shop Floor"]["id"], "name": "Shop Floor"}
    return {
        "name": "incoming",
        "type": "incomingwebhook",
        "url": "https://dev.azure.com/",
        "authorization": {
            "scheme": "None",
            "parameters": {"webhookname": "guess-me-not", "secret": "", "header": "", **parameters},
        },
        "serviceEndpointProjectReferences": [{"projectReference": project, "name": "incoming", "description": "Ours"}],
    }


def group_body(rest: Any, **variables: Any) -> dict[str, Any]:
    project = {"id": rest.emulator.projects["Shop Floor"]["id"], "name": "Shop Floor"}
    return {
        "name": "secrets",
        "type": "Vsts",
        "variables": {"KEY": {"value": "s3cret", "isSecret": True}, **variables},
        "variableGroupProjectReferences": [{"projectReference": project, "name": "secrets"}],
    }
