"""An agent with an emulated organisation and a model on loopback, on which the pipeline files are executed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.batch.conftest import story
from tests.models.gemini_server import GeminiServer, text
from tests.pipelines.agent import Agent, Job
from tests.pipelines.expander import expand_pipeline
from tests.pipelines.test_pipeline_files import EXAMPLE, HERE, KEYLESS, validate
from tests.run.conftest import GOOD_FIX, Site, agent_checkout, organise
from tests.security.test_who_gets_the_prompts import committed

__all__ = ["organise"]  # a fixture

KEY = "AQ.the-key-of-the-variable-group-0123456789"
BIN = Path(sys.executable).parent


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    with GeminiServer(text(GOOD_FIX)) as server:
        yield server


@pytest.fixture
def site(organise: Callable[..., Site]) -> Site:
    connection = {"name": "gemini", "id": KEYLESS["serviceConnection"]}
    items = [story(7), story(8), story(9, State="Closed")]
    site = organise({"work_items": items, "service_connections": [connection]})
    check = {"name": "tests", "run": "python3 run_tests.py", "junit": "report.xml"}
    committed(site, {"checks": {"isolation": "process", "commands": [check]}})
    return site


@pytest.fixture
def agent(site: Site) -> Agent:
    (site.tmp / "work").mkdir()

    def check_out(alias: str, folder: Path) -> None:
        if alias == "self":
            agent_checkout(site.emulator, folder)
        else:
            folder.symlink_to(HERE[alias])

    variables = {**site.emulator.environment["calc"], "BUILD_REASON": "ResourceTrigger"}
    groups = {"redimento": {"GEMINI-API-KEY": KEY}}
    return Agent(site.tmp / "work", variables, check_out, groups, path=f"{BIN}:/usr/local/bin:/usr/bin:/bin")


STAND_IN = """#!/bin/sh
# A Python that makes an environment and installs without an index, and writes down what it is asked for.
echo "$(basename "$0") $*" >>{log}
case "$*" in
  "-m venv "*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip "*" .") ln -s {bin}/redimento "$(dirname "$0")/redimento" ;;
  "-m pip "*) ;;
  *) exec {bin}/python3 "$@" ;;
esac
"""


@pytest.fixture
def bare(agent: Agent, tmp_path: Path) -> Path:
    """Let jobs find neither program nor account; return the file in which the machine writes down what it is asked for."""
    bin_, log = tmp_path / "bin", tmp_path / "asked"
    bin_.mkdir()
    for name in ("python3", "useradd", "sudo", "id"):
        script = STAND_IN.format(log=log, bin=BIN) if name == "python3" else f'#!/bin/sh\necho "{name} $*" >>{log}\n'
        if name == "id":
            script = '#!/bin/sh\n[ "$1" = -u ] && exec /usr/bin/id "$@"\nexit 1\n'
        (bin_ / name).write_text(script)
        (bin_ / name).chmod(0o755)
    agent.path = f"{bin_}:/usr/bin:/bin"
    assert shutil.which("redimento", path=agent.path) is None
    return log


@pytest.fixture
def run(agent: Agent, gemini: GeminiServer, tmp_path: Path) -> Callable[..., list[Job]]:
    """Expand the example with these parameters of the template, as a webhook or a person starts it, and execute it; after `before`, again."""

    def call(started: Mapping[str, Any], before: Sequence[Job] = (), **parameters: Any) -> list[Job]:
        pipeline = yaml.load(EXAMPLE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        # The key is in a vault, where names have no underscore.
        given = {"keyVariable": "GEMINI-API-KEY", "modelAddress": gemini.url, **parameters}
        pipeline["extends"]["parameters"] |= given
        if not pipeline["extends"]["parameters"]["image"]:
            del pipeline["extends"]["parameters"]["image"]
        (tmp_path / "azure-pipelines.yml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
        expanded = expand_pipeline(tmp_path / "azure-pipelines.yml", started, HERE)
        validate(expanded)
        jobs = agent.run(expanded, before)
        secrets = [KEY, agent.variables["SYSTEM_ACCESSTOKEN"]]
        assert [line for job in jobs for line in job.log if any(secret in line for secret in secrets)] == []
        return jobs

    return call


def changed(number: int) -> dict[str, Any]:
    """Return what a start by the service hook of a changed work item gives to the pipeline."""
    resource = {"id": "12", "workItemId": str(number), "fields": {"System.State": {"newValue": "Active"}}}
    return {"WebHook": {"eventType": "workitem.updated", "resource": resource}}


def pull_requests(site: Site) -> list[str]:
    rows = site.get("_apis/git/repositories/calc/pullrequests")["value"]
    return sorted(row["sourceRefName"].removeprefix("refs/heads/") for row in rows)
