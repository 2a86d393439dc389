"""The jobs template for many work items: a job that chooses, and a matrix of jobs."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pipelines.expander import expand_pipeline, load
from tests.pipelines.test_pipeline_files import HERE, KEYLESS, ROOT, TEMPLATE, leaves, validate

MANY = ROOT / "action" / "many.yml"


def expanded(tmp_path: Path, **parameters: Any) -> list[dict[str, Any]]:
    """The jobs of a pipeline that extends the template."""
    given = {"image": "registry.example.com/redimento:1", **parameters}
    caller = tmp_path / "azure-pipelines.yml"
    caller.write_text(
        yaml.safe_dump({"extends": {"template": "action/many.yml@redimento", "parameters": given}, "trigger": "none"})
    )
    pipeline = expand_pipeline(caller, {}, HERE)
    validate(pipeline)
    jobs: list[dict[str, Any]] = pipeline["jobs"]
    return jobs


def test_the_jobs_of_the_items_wait_for_the_plan_and_skip_an_empty_one(tmp_path: Path) -> None:
    plan, job = expanded(tmp_path, query="SELECT [System.Id] FROM WorkItems", maxParallel=3)

    (step,) = [each for each in plan["steps"] if "bash" in each]
    assert (plan["job"], step["name"]) == ("plan", "plan")
    assert step["target"]["settableVariables"] == ["matrix", "count"]
    assert job["dependsOn"] == "plan"
    assert job["condition"] == "and(succeeded(), ne(dependencies.plan.outputs['plan.count'], '0'))"
    assert job["strategy"] == {"matrix": "$[ dependencies.plan.outputs['plan.matrix'] ]", "maxParallel": "3"}


def test_each_leg_gets_its_number_and_names_of_its_own(tmp_path: Path) -> None:
    _, job = expanded(tmp_path, workItems="1,2")
    _, _, run, results, folder = job["steps"]

    assert run["env"]["REDIMENTO_WORK_ITEM"] == "$(workItem)"
    assert results["inputs"]["testRunTitle"] == "Redimento $(workItem)"
    assert folder["artifact"] == "redimento-$(workItem)-$(System.JobAttempt)"
    assert run["target"]["settableVariables"] == ["outcome", "pullRequestId", "pullRequestUrl", "branch", "costUsd"]


def test_one_item_has_no_matrix(tmp_path: Path) -> None:
    caller = tmp_path / "azure-pipelines.yml"
    template = {"template": TEMPLATE.name + "@redimento", "parameters": {"workItem": 7, "image": "x"}}
    caller.write_text(yaml.safe_dump({"jobs": [template]}))

    (job,) = expand_pipeline(caller, {}, HERE)["jobs"]

    assert not {"strategy", "dependsOn", "condition"} & job.keys()
    assert job["steps"][4]["artifact"] == "redimento-$(System.JobAttempt)"


def test_what_names_the_items_is_only_in_the_environment_of_one_step(tmp_path: Path) -> None:
    given = {"workItems": "POISON-1", "query": "POISON-2", "savedQuery": "POISON-3"}
    jobs = expanded(tmp_path, **given)

    places = {value: path for path, value in leaves(jobs) if "POISON" in value}
    names = ("REDIMENTO_IDS", "REDIMENTO_QUERY", "REDIMENTO_SAVED_QUERY")
    assert places == {
        f"POISON-{number}": ("0", "steps", "1", "env", name) for number, name in enumerate(names, start=1)
    }


def test_the_plan_has_the_token_and_no_key(tmp_path: Path) -> None:
    plan, job = expanded(tmp_path, workItems="1", variableGroup="redimento")

    assert [value for _, value in leaves(plan) if "GEMINI" in value] == []
    assert "variables" not in plan
    assert plan["steps"][0]["persistCredentials"] == "false"
    assert plan["steps"][1]["env"]["SYSTEM_ACCESSTOKEN"] == "$(System.AccessToken)"
    assert job["variables"] == [{"group": "redimento"}]


def test_every_parameter_of_the_template_for_one_item_reaches_the_jobs(tmp_path: Path) -> None:
    one = {parameter["name"] for parameter in load(TEMPLATE)["parameters"]} - {"workItem", "pullRequest"}
    declared = {parameter["name"] for parameter in load(MANY)["parameters"]}
    assert one <= declared
    _, job = expanded(tmp_path, workItems="1", registryConnection="registry", pool={"name": "Linux"}, **KEYLESS)
    assert job["pool"] == {"name": "Linux"}
    assert job["container"]["endpoint"] == "registry"
    assert job["steps"][2]["env"]["GOOGLE_CLOUD_PROJECT"] == "acme-ai"


@pytest.mark.parametrize("most", [20, 5])
def test_the_step_passes_its_limit_to_the_program(tmp_path: Path, most: int) -> None:
    program = tmp_path / "bin" / "redimento"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nprintf "%s|" "$@" "$REDIMENTO_IDS"\n')
    program.chmod(0o755)
    step = expanded(tmp_path, workItems="1,2; $(id)", most=most)[0]["steps"][1]
    environment = {name: value for name, value in step["env"].items() if name.startswith("REDIMENTO_")}

    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", step["bash"]],
        env={"PATH": f"{program.parent}:{os.environ['PATH']}", **environment},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == f"plan|--most|{most}|1,2; $(id)|", json.dumps(step)
