"""The image as the agent of Azure Pipelines uses it: the agent's own sequence for a container job, then the step.

Source of the sequence: microsoft/azure-pipelines-agent, ContainerOperationProvider.cs.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from devops_emulator.server import Emulator, running
from redimento.demo.google import Google, serving
from tests.image.conftest import output
from tests.run.conftest import agent_checkout, git

# runc wants its limits named where it may not raise them.
RUN = ("podman", "--runtime=runc")
LIMITS = ("--network=host", "--ulimit=nofile=1024:1024", "--ulimit=nproc=4096:4096")
CHECK = """#!/bin/bash
status=0
{
    echo '<testsuite>'
    for test in tests/*.sh; do
        name=$(basename "$test" .sh)
        if bash "$test" >&2; then inner=; else inner='<failure message="wrong"/>'; status=1; fi
        echo "<testcase classname=\\"tests\\" name=\\"$name\\">$inner</testcase>"
    done
    echo '</testsuite>'
} >report.xml
exit $status
"""
ANSWER = """```json
{"summary": "add.sh adds.", "criteria": [{"id": 1, "status": "done", "tests": ["tests::two"], "note": "add.sh"}]}
```
```bash
add.sh
<<<<<<< SEARCH
echo $(($1 - $2))
=======
echo $(($1 + $2))
>>>>>>> REPLACE
```
```bash
tests/two.sh
<<<<<<< SEARCH
=======
test "$(bash add.sh 1 1)" = 2
>>>>>>> REPLACE
```
"""
ITEM = {
    "System.Title": "add adds",
    "System.State": "Active",
    "System.Description": "<p>add.sh subtracts. It should add.</p>",
    "Microsoft.VSTS.Common.AcceptanceCriteria": "<ul><li>add.sh 1 1 prints 2</li></ul>",
}


@contextmanager
def organisation(folder: Path, isolation: str) -> Iterator[tuple[Emulator, dict[str, str]]]:
    """Serve Azure DevOps and Google; yield the first, and the environment of a step that signs in without a key."""
    origin = folder / "origin"
    (origin / "tests").mkdir(parents=True)
    (origin / "add.sh").write_text("echo $(($1 - $2))\n")
    (origin / "tests" / "zero.sh").write_text('test "$(bash add.sh 0 0)" = 0\n')
    (origin / "check.sh").write_text(CHECK)
    checks = [{"name": "tests", "run": "bash check.sh", "junit": "report.xml"}]
    settings = {"checks": {"isolation": isolation, "commands": checks}}
    (origin / ".redimento.yml").write_text(json.dumps(settings))
    git(origin, "init", "--quiet")
    git(origin, "add", ".")
    git(origin, "commit", "--quiet", "-m", "A calculator")
    seed = {
        "project": "Shop",
        "repositories": [{"name": "calc", "from": str(origin)}],
        "service_connections": [{"name": "gemini"}],
        "work_items": [{"id": 7, "type": "User Story", "fields": ITEM}],
    }
    with running(folder / "organisation", seed=seed) as emulator:
        signed_in = {"Authorization": f"Bearer {emulator.token}"}
        issued = requests.get(f"{emulator.url}_apis/oidc/keys?api-version=7.1", headers=signed_in, timeout=60).json()
        google = Google(issued["issuer"], issued["keys"], "sc://emulated/Shop/gemini", lambda _request: ANSWER)
        with serving(google):
            yield (
                emulator,
                {
                    **emulator.environment["calc"],
                    **google.environment,
                    "REDIMENTO_SERVICE_CONNECTION": emulator.projects["Shop"]["service_connections"]["gemini"],
                    "REDIMENTO_WORK_ITEM": "7",
                    "AGENT_TEMPDIRECTORY": "/__w/_temp",
                    "BUILD_SOURCESDIRECTORY": "/__w/1/s",
                    "BUILD_REPOSITORY_LOCALPATH": "/__w/1/s",
                },
            )


def work_folder(emulator: Emulator, folder: Path, uid: int) -> Path:
    """Return the agent's folder on its host, with the checkout; all of it is the agent's account's."""
    agent_checkout(emulator, folder / "1" / "s")
    (folder / "_temp").mkdir()
    for path in [folder, *folder.rglob("*")]:
        os.lchown(path, uid, uid)
    return folder


@contextmanager
def job_container(image: str, work: Path, uid: int) -> Iterator[list[str]]:
    """Start a container as the agent does, give its account a name and sudo, and yield how it starts a step there."""
    node = work / "node"
    node.write_text("#!/bin/sh\nexec sleep 600\n")
    node.chmod(0o755)
    mounts = (f"--volume={work}:/__w", f"--volume={node}:/__a/externals/node/bin/node:ro")
    container = output(*RUN, "create", *LIMITS, "--cap-add=NET_ADMIN", *mounts, image, "/__a/externals/node/bin/node")
    try:
        output(*RUN, "start", container)
        root = (*RUN, "exec", "--user=0", container, "sh", "-c")
        output(*root, "command -v bash")
        if uid:
            known = subprocess.run(
                [*root, f"getent passwd {uid} | cut -d: -f1"], capture_output=True, text=True, check=True
            )
            name = known.stdout.strip() or "agent_azpcontainer"
            if not known.stdout.strip():
                output(*root, f"useradd -m -u {uid} {name}")
            output(*root, f"groupadd azure_pipelines_sudo && usermod -a -G azure_pipelines_sudo {name}")
            output(*root, "su -c \"echo '%azure_pipelines_sudo ALL=(ALL:ALL) NOPASSWD:ALL' >> /etc/sudoers\"")
        yield [
            *RUN,
            "exec",
            f"--user={uid}",
            "--workdir=/__w/1/s",
            "--env-file={file}",
            container,
            "redimento",
            "run",
            "--json",
        ]
    finally:
        output(*RUN, "rm", "--force", "--time=0", container)


def step(command: list[str], folder: Path, environment: dict[str, str]) -> dict[str, Any]:
    file = folder / "environment"
    file.write_text("".join(f"{name}={value}\n" for name, value in environment.items()))
    done = subprocess.run(
        [word.replace("{file}", str(file)) for word in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    outcome: dict[str, Any] = json.loads(done.stdout)
    return {**outcome, "log": done.stderr}


def pull_request(emulator: Emulator, outcome: dict[str, Any]) -> Any:
    path = f"{emulator.url}Shop/_apis/git/repositories/calc/pullrequests/{outcome['pullRequestId']}?api-version=7.1"
    return requests.get(path, headers={"Authorization": f"Bearer {emulator.token}"}, timeout=60).json()


@pytest.mark.parametrize("isolation", ["user", "process"])
@pytest.mark.parametrize("uid", [0, 999, 1000, 1001])
def test_container_job_reaches_a_pull_request(node_like: str, tmp_path: Path, uid: int, isolation: str) -> None:
    with organisation(tmp_path, isolation) as (emulator, environment):
        work = work_folder(emulator, tmp_path / "work", uid)
        with job_container(node_like, work, uid) as command:
            outcome = step(command, tmp_path, environment)
        opened = pull_request(emulator, outcome)
    assert not opened["isDraft"], opened["description"]
    assert ("redimento-checks" in outcome["log"]) == (isolation == "user")


def test_base_without_git_gets_it_and_reaches_a_pull_request(dotnet_like: str, tmp_path: Path) -> None:
    with organisation(tmp_path, "user") as (emulator, environment):
        work = work_folder(emulator, tmp_path / "work", 1001)
        with job_container(dotnet_like, work, 1001) as command:
            outcome = step(command, tmp_path, environment)
        assert not pull_request(emulator, outcome)["isDraft"]


def test_read_only_root_without_home_and_capabilities_reaches_a_pull_request(node_like: str, tmp_path: Path) -> None:
    with organisation(tmp_path, "process") as (emulator, environment):
        work = work_folder(emulator, tmp_path / "work", 1001)
        closed = ("--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--user=1001", "--env=HOME=")
        mount = (f"--volume={work}:/__w", "--workdir=/__w/1/s", "--env-file={file}")
        outcome = step(
            [*RUN, "run", "--rm", *LIMITS, *closed, *mount, node_like, "redimento", "run", "--json"],
            tmp_path,
            environment,
        )
        assert pull_request(emulator, outcome)["status"] == "active"


def in_image(image: str, *command: str) -> str:
    return output(*RUN, "run", "--rm", *LIMITS, "--user=1001", image, *command)


def test_python_loads_nothing_of_the_base(node_like: str) -> None:
    """Neither its libraries nor its packages, whatever PYTHONHOME, PYTHONPATH and LD_LIBRARY_PATH say."""
    script = (
        "import sys, ssl, re2, pydantic_core, tree_sitter, ctypes, redimento.models.keyless, google.genai\n"
        "print(*{line.split()[-1] for line in open('/proc/self/maps') if '.so' in line}, *sys.path)"
    )
    loaded = in_image(node_like, "/opt/redimento/bin/python3", "-I", "-c", script).split()
    assert len(loaded) > 30
    assert [path for path in loaded if not path.startswith("/opt/redimento/")] == []


def test_every_module_finds_what_it_imports(node_like: str) -> None:
    """The image leaves out parts of libraries; the demo and the previous SDK are not for it."""
    script = (
        "import importlib, pkgutil, redimento\n"
        "for module in pkgutil.walk_packages(redimento.__path__, 'redimento.'):\n"
        "    if not any(part in module.name for part in ('.demo', '__main__', 'generativeai', '_plugin')):\n"
        "        importlib.import_module(module.name)\n"
        "import git, redis, rich.console, websockets.asyncio.client"
    )
    in_image(node_like, "/opt/redimento/bin/python3", "-I", "-c", script)


def test_help_is_there_at_once(node_like: str) -> None:
    script = "t = time.monotonic(); subprocess.run(['redimento', '--help'], stdout=-3, check=True); print(time.monotonic() - t)"
    command = ("/opt/redimento/bin/python3", "-I", "-c", f"import subprocess, time\n{script}")
    fastest = min(float(in_image(node_like, *command)) for _ in range(5))
    assert fastest <= 0.3


def test_layers_are_small_and_code_has_one_of_its_own(node_like: str, tmp_path: Path) -> None:
    output("buildah", "push", "--quiet", node_like, f"oci:{tmp_path}/image:test")
    blobs = tmp_path / "image" / "blobs" / "sha256"
    index = json.loads((tmp_path / "image" / "index.json").read_text())
    manifest = json.loads((blobs / index["manifests"][0]["digest"].partition(":")[2]).read_text())
    sizes = [layer["size"] for layer in manifest["layers"]]
    prepared, dependencies, product, link = sizes[-4:]
    assert dependencies + product + link <= 25_000_000, sizes
    assert product < 2_000_000, sizes
    assert prepared < 25_000_000, sizes


def test_agent_finds_root_no_entrypoint_and_labels(node_like: str) -> None:
    (configured,) = json.loads(output("podman", "image", "inspect", node_like))
    assert configured["Config"]["User"] == "root"
    assert not configured["Config"].get("Entrypoint")
    assert configured["Labels"]["org.opencontainers.image.title"] == "Redimento"


def test_bill_of_materials_names_python_packages_and_the_libraries_below(node_like: str) -> None:
    document = json.loads(in_image(node_like, "cat", "/opt/redimento/sbom.cdx.json"))
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    names = {part["name"] for part in document["components"]}
    assert {"libc6", "libssl3", "python3.11-minimal", "google-genai", "pydantic_core"} <= names
    assert "cryptography" not in names
