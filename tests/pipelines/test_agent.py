"""The pipeline files at work: an agent executes their steps against an emulated organisation and a model on loopback."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.batch.conftest import story
from tests.models.gemini_server import Answer, GeminiServer, text
from tests.pipelines.agent import Agent, Job
from tests.pipelines.expander import expand_pipeline
from tests.pipelines.test_pipeline_files import EXAMPLE, HERE, validate
from tests.run.conftest import GOOD_FIX, Site, agent_checkout, git, organise
from tests.run.test_revise import ask, revised
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
    site = organise({"work_items": [story(7), story(8), story(9, State="Closed")]})
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


@pytest.fixture
def run(agent: Agent, gemini: GeminiServer, tmp_path: Path) -> Callable[..., list[Job]]:
    """Expand the example with these parameters of the template, as a webhook or a person starts it, and execute it."""

    def call(started: Mapping[str, Any], **parameters: Any) -> list[Job]:
        pipeline = yaml.load(EXAMPLE.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)
        # The key is in a vault, where names have no underscore.
        given = {"keyVariable": "GEMINI-API-KEY", "modelAddress": gemini.url, **parameters}
        pipeline["extends"]["parameters"] |= given
        if not pipeline["extends"]["parameters"]["image"]:
            del pipeline["extends"]["parameters"]["image"]
        (tmp_path / "azure-pipelines.yml").write_text(yaml.safe_dump(pipeline, sort_keys=False))
        expanded = expand_pipeline(tmp_path / "azure-pipelines.yml", started, HERE)
        validate(expanded)
        jobs = agent.run(expanded)
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


def test_a_changed_item_becomes_a_pull_request_and_a_comment_on_it_a_commit(
    site: Site, agent: Agent, run: Callable[..., list[Job]], gemini: GeminiServer
) -> None:
    (job,) = run(changed(7))

    assert (job.result, job.variables["redimento.outcome"]) == ("Succeeded", "delivered"), job.log
    assert pull_requests(site) == ["redimento/7-item-7"]
    assert job.tags == ["work-item-7"]
    assert job.number.endswith("work item 7 Item 7")
    assert len(job.summaries) == 1
    assert "test_two" in job.tests["Redimento"][0]
    assert [*agent.artifacts] == ["redimento-1"]
    assert agent.cache

    clone = site.clone()
    (clone / "notes.md").write_text("mine\n")
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "Mine")
    git(clone, "push", "-q", "origin", "HEAD:mallory/notes")  # whoever has pushed may ask
    ask(site, "/redimento Say what it adds.", line=2)
    gemini.answers = [text(revised("It says so.", "Done."))]
    agent.artifacts.clear()
    (job,) = run({"WebHook": {"resource": {"comment": {"id": "1"}, "pullRequest": {"pullRequestId": "1"}}}})

    assert job.result == "Succeeded", job.log
    assert "# The sum" in git(site.clone("redimento/7-item-7"), "show", "HEAD:calc.py")


def test_each_item_of_a_query_gets_a_job_and_names_of_its_own(
    site: Site, agent: Agent, run: Callable[..., list[Job]]
) -> None:
    plan, *legs = run({}, query="SELECT [System.Id] FROM WorkItems ORDER BY [System.Id]")

    assert plan.outputs["plan.count"] == "2"  # the third is closed
    assert [leg.name for leg in legs] == ["redimento item_7", "redimento item_8"]
    assert [leg.variables["redimento.outcome"] for leg in legs] == ["delivered", "delivered"], legs[1].log
    assert pull_requests(site) == ["redimento/7-item-7", "redimento/8-item-8"]
    assert [*agent.artifacts] == ["redimento-7-1", "redimento-8-1"]
    assert [*legs[0].tests, *legs[1].tests] == ["Redimento 7", "Redimento 8"]
    assert legs[0].number == ""

    _, job = run({}, workItems="9")
    assert job.result == "Skipped"


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


def test_without_an_image_the_agent_installs_the_program_and_makes_the_account(
    site: Site, agent: Agent, run: Callable[..., list[Job]], tmp_path: Path
) -> None:
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

    (job,) = run(changed(7), image="")

    assert job.variables.get("redimento.outcome") == "delivered", job.log
    assert pull_requests(site) == ["redimento/7-item-7"]
    asked = log.read_text()
    assert "--no-deps --require-hashes --only-binary :all: --requirement requirements.lock" in asked
    assert "useradd --no-log-init --user-group --create-home --shell /usr/sbin/nologin redimento-checks" in asked
    assert (Path(job.variables["PIPELINE_WORKSPACE"]).stat().st_mode & 0o001) == 1
    assert job.issues == [issue for issue in job.issues if "own account" in issue]  # of checks.isolation: process


def test_a_run_that_is_skipped_publishes_its_folder_and_no_tests(agent: Agent, run: Callable[..., list[Job]]) -> None:
    (job,) = run(changed(9))

    assert job.variables["redimento.outcome"] == "skipped"
    assert (job.result, job.issues, job.tests, len(job.summaries)) == ("Succeeded", [], {}, 1)
    assert [*agent.artifacts] == ["redimento-1"]


def test_queued_by_hand_without_a_number_it_says_whether_a_run_would_work(
    agent: Agent, run: Callable[..., list[Job]]
) -> None:
    (job,) = run({"workItem": "0", "pullRequest": "0"})

    assert job.result == "Succeeded", job.log
    assert any("would work" in line for line in job.log)
    assert (job.tests, agent.artifacts, job.issues) == ({}, {}, [])


def test_a_killed_run_still_shows_a_summary_and_publishes_its_folder(
    agent: Agent, run: Callable[..., list[Job]], gemini: GeminiServer, tmp_path: Path
) -> None:
    gemini.answers = [Answer(how="hang")]
    (tmp_path / "redimento").write_text(
        f"""#!/bin/sh
{BIN}/redimento "$@" &
while ! grep -q . "$AGENT_TEMPDIRECTORY"/redimento/*/context.json 2>/dev/null; do sleep 0.1; done
kill -9 $!
"""
    )
    (tmp_path / "redimento").chmod(0o755)
    agent.path = f"{tmp_path}:{agent.path}"

    (job,) = run(changed(7))

    (summary,) = job.summaries
    assert "ended from outside" in summary
    assert (job.tests, [*agent.artifacts]) == ({}, ["redimento-1"])
