"""`redimento plan`: which work items get a job of their own, and how Azure Pipelines hears of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.batch.conftest import story
from tests.cli.conftest import Command, Said
from tests.run.conftest import Site

SAVED = "6a7b8c9d-0000-4000-8000-000000000001"
EVERYTHING = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project"
Job = Callable[..., Site]


def config(site: Site, **settings: Any) -> Path:
    file = site.tmp / "plan.yml"
    file.write_text(yaml.safe_dump(settings))
    return file


def variables(said: Said) -> dict[str, str]:
    """What the agent takes from the output: names and values, escapes undone (agent, CommandStringConvertor.cs)."""
    found = re.findall(
        r"^##vso\[task\.setvariable variable=(\w+);isOutput=true;\](.*)$", said.out + said.err, re.MULTILINE
    )
    codes = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%"))
    return {name: reduce(lambda text, code: text.replace(*code), codes, value) for name, value in found}


def legs(said: Said) -> list[str]:
    matrix = json.loads(variables(said)["matrix"])
    for leg, values in matrix.items():
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,99}", leg)  # learn.microsoft.com, jobs.job.strategy
        assert values == {"workItem": leg.removeprefix("item_")}
    return [values["workItem"] for values in matrix.values()]


def test_only_items_that_a_run_would_be_admitted_to_get_a_job(job: Job, plan: Command) -> None:
    site = job(
        story(7, Tags="ready"),
        story(8),
        story(9, State="New", Tags="Ready; web"),
        story(10, Tags="ready", Type="Feature"),
        {"id": 11, "type": "Bug", "fields": {"System.Title": "Nothing said", "System.Tags": "ready"}},
        story(12, Tags="ready", State="Closed"),
    )
    settings = config(site, work_items={"tags": ["ready"]})

    said = plan("--ids", "12, 9,7;7,8 10,99,7,11", "--config", settings)

    assert said.code == 0
    assert legs(said) == ["7", "9"]
    assert variables(said)["count"] == "2"
    assert "2 of 7 work items get a run." in said.out
    for number, reason in (
        (8, "it has none of the tags"),
        (10, "too large"),
        (12, "already done"),
        (99, "does not exist"),
    ):
        assert re.search(rf"^  {number}: .*{reason}", said.out, re.MULTILINE)


def test_a_query_that_sorts_decides_who_comes_first(job: Job, plan: Command) -> None:
    job(*map(story, (3, 5, 4)), queries={SAVED: f"{EVERYTHING} ORDER BY [System.Id] DESC"})

    assert legs(plan("--query", EVERYTHING)) == ["3", "4", "5"]
    assert legs(plan("--query", f"{EVERYTHING} ORDER BY [System.Id] DESC", "--most", "2")) == ["5", "4"]
    assert legs(plan("--saved-query", SAVED.upper())) == ["5", "4", "3"]


@pytest.mark.parametrize(
    "query", [f"{EVERYTHING} AND [System.Id] = 4711", f"{EVERYTHING} AND [System.State] = 'Closed'"]
)
def test_an_empty_set_is_no_failure_and_the_condition_of_the_jobs_sees_it(job: Job, plan: Command, query: str) -> None:
    job(story(7, State="Closed"))

    said = plan("--query", query)

    assert said.code == 0
    assert variables(said) == {"matrix": "{}", "count": "0"}


def test_five_hundred_ids_cost_few_requests_and_end_at_the_limit(job: Job, plan: Command) -> None:
    numbers = range(1, 501)
    site = job(*(story(number, Tags="ready" if number > 100 else "") for number in numbers))
    asked: list[str] = []
    site.watchers.append(lambda _method, path: asked.append(path.rpartition("/")[2]))

    said = plan(
        "--ids", ",".join(map(str, reversed(numbers))), "--config", config(site, work_items={"tags": ["ready"]})
    )

    assert legs(said) == [str(number) for number in range(101, 121)]
    assert "20 of 500 work items get a run. 380 more are left for a later plan (--most)." in said.out
    assert asked == ["workitemsbatch"] * 3


def test_foreign_text_is_neither_a_leg_nor_a_command(job: Job, plan: Command) -> None:
    title = "x ##vso[task.setvariable variable=matrix;isOutput=true;]{} \x1b[31m"
    site = job(story(7, Title=title), story(8, Title=title, State="New"))

    said = plan("--ids", "7,8", "--config", config(site, work_items={"states": ["Active"]}))

    assert legs(said) == ["7"]
    assert said.out.count("##vso[") == 2
    assert "\x1b" not in said.out
    as_json = plan("--ids", "7,8", "--json")
    assert as_json.json["matrix"] == {"item_7": {"workItem": "7"}, "item_8": {"workItem": "8"}}
    assert "##vso[task.setvariable variable=matrix" not in as_json.out
    assert legs(as_json) == ["7", "8"]


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        ([], {}, "No work items were given."),
        (["--ids", "$(ids)"], {"REDIMENTO_QUERY": "$(query)"}, "No work items were given."),
        (["--ids", " , "], {}, "No work items were given."),
        (["--ids", "7", "--query", EVERYTHING], {}, "Work items are given by --ids and by --query."),
        (
            [],
            {"REDIMENTO_IDS": "7", "REDIMENTO_SAVED_QUERY": SAVED},
            "Work items are given by --ids and by --saved-query.",
        ),
        (["--ids", "7,8; curl evil"], {}, "A value of --ids is not the number of a work item."),
        (["--ids", "7,0"], {}, "A value of --ids is not the number of a work item."),
        (["--ids", "2147483648"], {}, "A value of --ids is not the number of a work item."),
        (["--ids", "٣"], {}, "A value of --ids is not the number of a work item."),
        (["--ids", ",".join(map(str, range(1, 1_002)))], {}, "--ids has more than 1,000 numbers."),
        (["--saved-query", "../../_apis/projects"], {}, "The value of --saved-query is not the id of a query."),
        (["--query", "x" * 32_001], {}, "The query has more than 32,000 characters."),
    ],
)
def test_what_names_no_work_items_is_refused_before_anything_is_asked(
    plan: Command, monkeypatch: pytest.MonkeyPatch, *, arguments: list[str], environment: dict[str, str], sentence: str
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    said = plan(*arguments)

    assert said.code == 2
    assert sentence in said.err
    assert "curl" not in said.err


def test_the_variables_of_the_step_stand_for_options(job: Job, plan: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    job(story(7))
    monkeypatch.setenv("REDIMENTO_IDS", "7")
    monkeypatch.setenv("REDIMENTO_QUERY", "")
    monkeypatch.setenv("REDIMENTO_SAVED_QUERY", "$(savedQuery)")

    assert legs(plan()) == ["7"]


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("SELECT [System.Id] FROM Nonsense", "TF51006"),
        (EVERYTHING.replace("@project", "@nothing"), "TF51006"),
        (f"{EVERYTHING} AND [System.Nonsense] = 1", "TF51005"),
    ],
)
def test_a_query_that_the_service_refuses_is_an_error_with_its_reason_and_a_way_out(
    job: Job, plan: Command, query: str, number: str
) -> None:
    job(story(7))
    said = plan("--query", query)
    assert said.code == 2
    assert number in said.err
    assert "Correct the query" in said.err
    assert not variables(said)


def test_a_saved_query_that_is_hidden_is_an_error(job: Job, plan: Command) -> None:
    job(story(7))
    said = plan("--saved-query", SAVED)
    assert said.code == 3
    assert f"The saved query {SAVED} does not exist, or this job may not read it." in said.err


def test_on_a_desk_a_plan_is_a_table(job: Job, plan: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    site = job(story(7), story(8, State="Closed"))
    monkeypatch.delenv("TF_BUILD")

    said = plan("--ids", "7,8", "--config", config(site))

    assert "##vso" not in said.out
    assert said.out.splitlines()[0].strip() == "1 of 2 work items get a run."
    assert re.search(r"^7 +User Story +Active +Item 7 *$", said.out, re.MULTILINE)
    assert re.search(r"^8 .*it is already", said.out, re.MULTILINE)
