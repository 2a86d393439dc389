"""The pipeline files at work: an agent executes their steps against an emulated organisation and a model on loopback."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.models.gemini_server import Answer, GeminiServer, text
from tests.pipelines.agent import Agent, Job
from tests.pipelines.conftest import BIN, changed, pull_requests
from tests.run.conftest import Site, git
from tests.run.test_revise import ask, revised


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
    assert [(leg.name, leg.leg) for leg in legs] == [("redimento", "item_7"), ("redimento", "item_8")]
    assert [leg.variables["redimento.outcome"] for leg in legs] == ["delivered", "delivered"], legs[1].log
    assert pull_requests(site) == ["redimento/7-item-7", "redimento/8-item-8"]
    assert [*agent.artifacts] == ["redimento-7-1", "redimento-8-1"]
    assert [*legs[0].tests, *legs[1].tests] == ["Redimento 7", "Redimento 8"]
    assert legs[0].number == ""

    _, job = run({}, workItems="9")
    assert job.result == "Skipped"


def test_without_an_image_the_agent_installs_the_program_and_makes_the_account(
    site: Site, bare: Path, run: Callable[..., list[Job]]
) -> None:
    (job,) = run(changed(7), image="")

    assert job.variables.get("redimento.outcome") == "delivered", job.log
    assert pull_requests(site) == ["redimento/7-item-7"]
    asked = bare.read_text()
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
