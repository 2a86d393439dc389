"""What `install` asks of Azure DevOps: described operations only, and names of any kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from devops_emulator.server import running
from redimento.azure import address
from redimento.errors import UsageError
from tests.adoption.conftest import ADA, Desk
from tests.cli.conftest import Command
from tests.pipelines.expander import expand_pipeline
from tests.pipelines.test_pipeline_files import HERE, UPDATED, validate
from tests.run.conftest import write_sample
from tests.specifications import SPECS, nearest

# Operations of areas whose descriptions are beside the others at their source, github.com/MicrosoftDocs/vsts-rest-api-specs:
# ims/7.1/identities, security/7.1/security, distributedTask/7.1/taskAgent, approvalsAndChecks/7.1/pipelinePermissions; and
# the areas of services, which Microsoft's clients ask for first.
ELSEWHERE = re.compile(
    r"GET /emulated/_apis/(resourceareas|identities)"
    r"|GET /emulated/_apis/accesscontrollists/[^/]+|POST /emulated/_apis/accesscontrolentries/[^/]+"
    r"|DELETE /emulated/_apis/permissions/[^/]+/\d+"
    r"|POST /emulated/_apis/distributedtask/variablegroups|(PUT|DELETE) /emulated/_apis/distributedtask/variablegroups/\d+"
    r"|GET /emulated/[^/]+/_apis/distributedtask/(variablegroups|queues)"
    r"|(GET|PATCH) /emulated/[^/]+/_apis/pipelines/pipelinepermissions/[^/]+/[^/]+"
)


@pytest.mark.skipif(not SPECS.is_dir(), reason="needs Microsoft's descriptions of the interface in ../shared/specs")
def test_every_request_is_a_described_operation(desk_with: Callable[..., Desk]) -> None:
    desk = desk_with(queues=["Linux"])
    seen: list[tuple[str, str]] = []
    desk.watchers.append(lambda method, path: seen.append((method, path.casefold())))
    desk.install("--yes", "--area", "Cart", "--pool", "Linux")
    desk.install("--remove", "--yes")
    desk.watchers.clear()
    strange = [
        f"{method} {path}"
        for method, path in seen
        if not nearest(method, path) and not ELSEWHERE.fullmatch(f"{method} {path}")
    ]
    assert len(seen) > 50
    assert strange == []


@pytest.mark.parametrize(
    ("project", "repository"),
    [("My Shop & Co", "cart's (new)"), ("Über%20Shop", "a + b #1"), ("Shop", 'x": y'), ("Shop", "${{ parameters.x }}")],
)
def test_names_of_any_kind_are_carried_through(
    project: str, repository: str, tmp_path: Path, redimento: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    origin = write_sample(tmp_path / "origin")
    seed = {
        "project": project,
        "people": [f"Ada <{ADA}>"],
        "deny": ["GenericContribute"],
        "areas": [f"{project}\\A & B\\C+D"],
        "repositories": [{"name": repository, "from": str(origin)}, {"name": "redimento", "from": str(origin)}],
    }
    with running(tmp_path / "organisation", seed=seed) as emulator:
        url = emulator.environment[repository]["BUILD_REPOSITORY_URI"]
        options = ["--url", url, "--repo", origin, "--image", 'i"mage:1', "--area", "A & B/C+D"]
        ends = []
        for more in ([*options, "--yes"], options, ["--url", url, "--remove", "--yes"]):
            monkeypatch.setenv("AZURE_DEVOPS_EXT_PAT", emulator.tokens[ADA])
            monkeypatch.setenv("GEMINI_API_KEY", "a-key-of-gemini")
            done = redimento("install", *more)
            assert done.code == 0, done.out + done.err
            ends.append(done.out.splitlines()[-1])
    assert ends[1] == "Nothing to change."


@pytest.mark.parametrize("image", ["registry.example.com/redimento:1", ""])
def test_the_proposed_file_is_a_valid_pipeline(desk: Desk, tmp_path: Path, image: str) -> None:
    desk.install("--yes", "--pool", "Default", *(["--registry-connection", "none"] if image else []), image=image)
    query = {"path": "/azure-pipelines-redimento.yml", "versionDescriptor.version": "redimento/install"}
    path = "Shop/_apis/git/repositories/calc/items"
    text = desk.rest("GET", path, params={**query, "includeContent": "true"})["content"]
    file = tmp_path / "azure-pipelines.yml"
    file.write_text(text)
    pipeline = expand_pipeline(file, {"WebHook": UPDATED}, HERE)
    validate(pipeline)
    (job,) = pipeline["jobs"]
    assert job["pool"] == {"name": "Default"}
    assert job.get("container", {}).get("endpoint") == ("none" if image else None)
    assert yaml.safe_load(text)["resources"]["repositories"][0]["name"] == "Shop/redimento"


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("https://dev.azure.com/acme/Shop/_git/web", ("https://dev.azure.com/acme/", "Shop", "web")),
        (
            "https://ann@dev.azure.com/acme/My%20Shop/_git/my%20web",
            ("https://dev.azure.com/acme/", "My Shop", "my web"),
        ),
        ("https://dev.azure.com/acme/_git/web", ("https://dev.azure.com/acme/", "web", "web")),
        ("https://acme.visualstudio.com/Shop/_git/web", ("https://dev.azure.com/acme/", "Shop", "web")),
        ("https://acme.visualstudio.com/_git/web", ("https://dev.azure.com/acme/", "web", "web")),
        ("git@ssh.dev.azure.com:v3/acme/Shop/web", ("https://dev.azure.com/acme/", "Shop", "web")),
        ("https://tfs.acme.com/tfs/Main/Shop/_git/web/", ("https://tfs.acme.com/tfs/Main/", "Shop", "web")),
    ],
)
def test_the_address_of_a_repository_names_organisation_and_project(url: str, found: tuple[str, str, str]) -> None:
    assert address.of_repository(url) == found


@pytest.mark.parametrize(
    "url", ["", "https://github.com/a/b", "ssh://acme.com/a/b/_git/c", "https:///_git/x", "https://[/_git/x"]
)
def test_another_address_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="not the address of a repository in Azure Repos"):
        address.of_repository(url)
