"""Play every part around a run: the organisation, the agent that checks out, the person who looks at the result."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import yaml
from rich.text import Text

from redimento.azure.client import AzureClient
from redimento.azure.pipelines import job_environment
from redimento.demo.google import Google, serving
from redimento.demo.story import Story, git
from redimento.errors import RedimentoError, UsageError
from redimento.models.access import find_key
from redimento.reporting.terminal import open_terminal

_HERE = Path(__file__).parent
_ITEM, _REPOSITORY = "7", "web"
_KEYLESS = (
    "There is no key, and none is needed: the job signs in with its identity. A recorded model answers in place of "
    "Vertex AI; set GEMINI_API_KEY to use Gemini."
)


def play(folder: Path | None, *, plain: bool = False) -> int:
    """Run the demo in `folder`, tell its story, and return the exit code of the run.

    Gemini answers if there is a key, a recording otherwise: that run has no secret, and signs in with its identity.
    """
    folder = (folder or Path(tempfile.mkdtemp(prefix="redimento-demo-"))).resolve()
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty.", "Name a folder that does not exist yet with --folder.")
    folder.mkdir(parents=True, exist_ok=True)
    console, key = open_terminal(plain=plain), find_key(os.environ)
    origin = _sample_repository(folder / "sample")
    with _organisation(folder, origin) as started:
        environment = started["environment"][_REPOSITORY]
        checkout = _agent_checkout(folder / "agent" / "s", environment)
        agent = job_environment(environment)
        with closing(AzureClient(agent.collection_url, agent.token)) as client:
            telling = Story(console, client, agent.project, checkout)
            telling.item(int(_ITEM))
            telling.code("shop/cart.py")
            telling.chapter("The run, as a pipeline starts it")
            console.print(Text("" if key else _KEYLESS))
            console.file.flush()
            with nullcontext(environment) if key else _without_key(started, environment) as step:
                outcome = _run(folder, checkout, step, ["--plain"] * plain)
            if outcome["pullRequestId"]:
                telling.change(outcome, agent.repository_id)
            telling.comment(int(_ITEM))
        telling.next(outcome, folder)
    return int(outcome["exitCode"])


def _sample_repository(folder: Path) -> Path:
    shutil.copytree(_HERE / "sample", folder, ignore=shutil.ignore_patterns("__pycache__"))
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "A cart and a stock")
    return folder


@contextmanager
def _organisation(folder: Path, origin: Path) -> Iterator[dict[str, Any]]:
    seed = yaml.safe_load((_HERE / "seed.yml").read_text("utf-8"))
    seed["repositories"][0]["from"] = str(origin)
    (folder / "seed.json").write_text(json.dumps(seed), encoding="utf-8")
    command = [sys.executable, "-m", "redimento", "emulator", "--folder", str(folder / "organisation")]
    with subprocess.Popen(  # noqa: S603  our own command
        [*command, "--seed", str(folder / "seed.json")], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None  # noqa: S101  it is a pipe
            line = server.stdout.readline()
            if not line:
                assert server.stderr is not None  # noqa: S101  it is a pipe
                raise UsageError(
                    f"The emulator did not start: {server.stderr.read().strip()}",
                    "Run `make demo`, which installs what it needs, or `pip install '.[demo]'` in Redimento's own folder.",
                )
            yield json.loads(line)
        finally:
            server.terminate()


def _agent_checkout(folder: Path, environment: Mapping[str, str]) -> Path:
    """Check out as an agent does: one commit, detached, no identity, no stored credentials."""
    folder.mkdir(parents=True)
    url = environment["BUILD_REPOSITORY_URI"]
    signed_in = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{url}.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: bearer {environment['SYSTEM_ACCESSTOKEN']}",
    }
    git(folder, "init", "--quiet")
    git(folder, "remote", "add", "origin", url)
    git(folder, "fetch", "--quiet", "--depth=1", "origin", "+refs/heads/main:refs/remotes/origin/main", more=signed_in)
    git(folder, "checkout", "--quiet", "--detach", "refs/remotes/origin/main")
    return folder


def _run(folder: Path, checkout: Path, environment: Mapping[str, str], more: Sequence[str]) -> dict[str, Any]:
    command = [sys.executable, "-m", "redimento", "run", "--work-item", _ITEM, "--repo", str(checkout), "--json"]
    command += ["--run-dir", str(folder / "run"), *more]
    # The checks need this Python, which has pytest; a job would find its tools on PATH.
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
    # Without TF_BUILD the run writes for a terminal, as a local run does, not for the agent.
    mine = {name: value for name, value in environment.items() if name != "TF_BUILD"}
    done = subprocess.run(  # noqa: S603  our own command
        command, env={**os.environ, **mine, "PATH": path}, stdout=subprocess.PIPE, text=True, check=False
    )
    if not done.stdout.strip():
        raise RedimentoError(
            "The run ended without an outcome; its messages are above.",
            "Please report it with these messages.",
        )
    outcome: dict[str, Any] = json.loads(done.stdout)
    return outcome


@contextmanager
def _without_key(started: Mapping[str, Any], environment: Mapping[str, str]) -> Iterator[Mapping[str, str]]:
    """Provide the environment of a step that signs in with its identity, to a Google that answers from a recording."""
    connection, project = "gemini", environment["SYSTEM_TEAMPROJECT"]
    with closing(AzureClient(started["url"], started["token"])) as client:
        issued = client.get("_apis/oidc/keys")
    texts = [file.read_text("utf-8") for file in sorted((_HERE / "answers").glob("*.md"))]
    google = Google(
        issuer=issued["issuer"],
        keys=issued["keys"],
        subject=f"sc://{started['url'].rstrip('/').rpartition('/')[2]}/{project}/{connection}",
        answer=lambda _request: texts.pop(0) if len(texts) > 1 else texts[0],
    )
    identifier = started["projects"][project]["service_connections"][connection]
    with serving(google):
        yield {**environment, **google.environment, "REDIMENTO_SERVICE_CONNECTION": identifier}
