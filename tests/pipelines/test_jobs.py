"""The template with `isolation: jobs`: three jobs with rights of their own, executed one after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from redimento.demo.google import PROVIDER, Google
from redimento.demo.google import serving as serving_google
from tests.models.gemini_server import Answer, GeminiServer, text
from tests.pipelines.agent import Agent, Job
from tests.pipelines.conftest import BIN, KEY, changed, pull_requests
from tests.pipelines.test_pipeline_files import KEYLESS
from tests.run.conftest import GOOD_FIX, Site
from tests.run.test_reruns import comments, links

SIGN_IN, MAIN = "Sign in to Google", "Turn the work item into a pull request"
# A program that is killed once the model has been asked.
KILLED = f"""#!/bin/sh
case "$*" in *author*) ;; *) exec {BIN}/redimento "$@" ;; esac
{BIN}/redimento "$@" &
while kill -0 $! && ! grep -q . "$AGENT_TEMPDIRECTORY"/redimento/*/context.json 2>/dev/null; do sleep 0.1; done
kill -9 $!
wait $!
"""


def seen(job: Job) -> Iterator[str]:
    """Yield each value in the environment of each script of a job."""
    return (value for environment in job.environments.values() for value in environment.values())


def test_a_killed_author_is_told_and_a_second_attempt_of_the_failed_jobs_ends_in_a_pull_request(
    site: Site, agent: Agent, run: Callable[..., list[Job]], gemini: GeminiServer, tmp_path: Path
) -> None:
    gemini.answers = [Answer(how="hang")]
    (tmp_path / "redimento").write_text(KILLED)
    (tmp_path / "redimento").chmod(0o755)
    agent.path, path = f"{tmp_path}:{agent.path}", agent.path

    first = run(changed(7), isolation="jobs")

    assert [(job.name, job.result) for job in first] == [
        ("collect", "Succeeded"), ("author", "Failed"), ("deliver", "Failed")
    ], first[-1].log  # fmt: skip
    assert [*agent.artifacts] == ["collect-1", "author-1", "deliver-1"]
    assert pull_requests(site) == []
    (comment,) = comments(site)
    assert "The job that makes the change ended before it had a result" in comment
    assert links(site) == []

    gemini.answers, agent.path = [text(GOOD_FIX)], path
    collect, author, deliver = again = run(changed(7), first, isolation="jobs")

    assert collect is first[0]
    outcomes = ["continues", "continues", "delivered"]
    assert [job.variables["redimento.outcome"] for job in again] == outcomes, deliver.log
    assert pull_requests(site) == ["redimento/7-item-7"]
    assert [*agent.artifacts] == ["collect-1", "author-1", "deliver-1", "author-2", "deliver-2"]
    assert (collect.tests, author.tests, [*deliver.tests]) == ({}, {}, ["Redimento"])
    assert "test_two" in deliver.tests["Redimento"][0]
    assert [len(job.summaries) for job in (*first, author, deliver)] == [0, 0, 1, 0, 1]
    # Whoever runs the checks never had the token, whoever has the token never had the key.
    token = agent.variables["SYSTEM_ACCESSTOKEN"]
    assert [(token in seen(job), KEY in seen(job)) for job in again] == [(True, False), (False, True), (True, False)]
    assert [KEY in job.secrets.values() for job in again] == [False, True, False]


@pytest.fixture
def google(site: Site, agent: Agent) -> Iterator[Google]:
    """Google's end of a sign-in with the service connection, and its model."""
    issued = site.client().get("_apis/oidc/keys")
    google = Google(issued["issuer"], issued["keys"], "sc://emulated/Shop/gemini", lambda _request: GOOD_FIX)
    with serving_google(google):
        agent.variables = {**agent.variables, "REDIMENTO_TOKEN_URL": google.url}
        yield google


def test_each_item_of_a_matrix_finds_what_its_own_leg_handed_over_also_without_image_and_key(
    site: Site, agent: Agent, bare: Path, google: Google, run: Callable[..., list[Job]]
) -> None:
    check_out, programs = agent.check_out, []

    def and_close_one_after_the_plan(alias: str, folder: Path) -> None:
        check_out(alias, folder)
        programs.extend([alias] if alias == "redimento" else [])
        if len(programs) == 2:
            site.change_item(state="Closed")

    agent.check_out = and_close_one_after_the_plan

    here = {"workloadIdentityProvider": PROVIDER, "vertexProject": google.project, "vertexLocation": "global"}
    keyless = {**KEYLESS, **here, "modelAddress": google.url}
    jobs = run({}, workItems="7,8", image="", isolation="jobs", **keyless)

    assert [f"{job.name} {job.leg} {job.variables.get('redimento.outcome')}" for job in jobs[1:]] == [
        *("collect item_7 skipped", "collect item_8 continues"),
        *("author item_7 None", "author item_8 continues"),
        *("deliver item_7 None", "deliver item_8 delivered"),
    ], jobs[-1].log
    assert {job.result for job in jobs} == {"Succeeded"}
    assert [*agent.artifacts] == ["collect-7-1", "collect-8-1", "author-8-1", "deliver-8-1"]
    assert pull_requests(site) == ["redimento/8-item-8"]
    assert [name for job in jobs for name in job.tests] == ["Redimento 8"]
    assert bare.read_text().count("--require-hashes") == len(jobs) == 7
    # In the job with the checks one step had the token, before them, and the step with them had that of Google.
    token, (lent,) = agent.variables["SYSTEM_ACCESSTOKEN"], google.tokens
    (author,) = (job for job in jobs if (job.name, job.leg) == ("author", "item_8"))
    assert [step for step, environment in author.environments.items() if token in environment.values()] == [SIGN_IN]
    assert [step for step, environment in author.environments.items() if lent in environment.values()] == [MAIN]


class Losing(dict[str, Path]):
    """Artifacts of a service that loses those of one job."""

    def __setitem__(self, name: str, folder: Path) -> None:
        if not name.startswith("author"):
            super().__setitem__(name, folder)


def test_an_author_whose_artifact_is_lost_is_told(
    site: Site, agent: Agent, run: Callable[..., list[Job]], gemini: GeminiServer
) -> None:
    gemini.answers, agent.artifacts = [text(GOOD_FIX)], Losing()

    *_, author, deliver = run(changed(7), isolation="jobs")

    assert (author.result, deliver.result, pull_requests(site), links(site)) == ("Succeeded", "Failed", [], [])
    (comment,) = comments(site)
    assert "The job that makes the change ended before it had a result" in comment


def test_where_there_is_nothing_to_author_no_further_job_starts(agent: Agent, run: Callable[..., list[Job]]) -> None:
    collect, *others = run(changed(9), isolation="jobs")

    assert collect.variables["redimento.outcome"] == "skipped"
    assert (len(collect.summaries), collect.issues, [*agent.artifacts]) == (1, [], ["collect-1"])
    assert [job.result for job in others] == ["Skipped", "Skipped"]

    collect, *others = run({"workItem": "0", "pullRequest": "0"}, isolation="jobs")

    assert collect.result == "Succeeded", collect.log
    assert any("would work" in line for line in collect.log)
    assert [job.result for job in others] == ["Skipped", "Skipped"]


def test_remarks_on_a_pull_request_are_refused_before_anything_is_done(
    agent: Agent, run: Callable[..., list[Job]]
) -> None:
    collect, *others = run({"pullRequest": "12"}, isolation="jobs")

    assert "no remarks on a pull request are taken up" in collect.issues[0]
    assert collect.steps[MAIN] == "Skipped"
    assert [job.result for job in (collect, *others)] == ["Failed", "Skipped", "Skipped"]
