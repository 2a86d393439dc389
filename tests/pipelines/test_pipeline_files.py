from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import check_jsonschema
import jsonschema
import pytest
import yaml
from check_jsonschema.transforms.azure_pipelines import traverse_data

from redimento.models.access import find_access
from redimento.settings import ModelSettings
from redimento.settings.rules import SECRET_VARIABLES
from tests.pipelines.expander import ExpansionError, expand_pipeline, load

ROOT = Path(__file__).parents[2]
TEMPLATE = ROOT / "azure-pipelines-template.yml"
EXAMPLE = ROOT / "action" / "azure-pipelines.yml"
FILES = [TEMPLATE, *sorted((ROOT / "action").glob("*.yml"))]
HERE = {"redimento": ROOT}

UPDATED = {"eventType": "workitem.updated", "resource": {"id": "12", "workItemId": "987654321"}}
REMARKED = {"resource": {"comment": {"id": "1"}, "pullRequest": {"pullRequestId": "12"}}}
CREATED = {"eventType": "workitem.created", "resource": {"id": "987654321"}}


@cache
def schema() -> Any:
    folder = Path(check_jsonschema.__file__).parent / "builtin_schemas" / "vendor"
    return json.loads((folder / "azure-pipelines.json").read_text(encoding="utf-8"))


def leaves(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from leaves(value, (*path, key))
    elif isinstance(node, list):
        for number, value in enumerate(node):
            yield from leaves(value, (*path, str(number)))
    else:
        yield path, str(node)


def expanded(**values: Any) -> dict[str, Any]:
    return expand_pipeline(EXAMPLE, values, HERE)


def steps(pipeline: dict[str, Any]) -> list[dict[str, Any]]:
    (job,) = pipeline["jobs"]
    found: list[dict[str, Any]] = job["steps"]
    return found


def in_schema(text: str) -> str:
    """Return a file without the expression in a job's name, which Azure's own examples have and its schema does not."""
    return text.replace("job: ${{ part }}", "job: part")


def validate(document: Any) -> None:
    """Validate against Microsoft's schema, with every scalar as text as Azure reads it: `fetchDepth: 0` is valid."""
    jsonschema.Draft7Validator(schema()).validate(with_booleans(traverse_data(document)))


def with_booleans(node: Any) -> Any:
    """Return a document in which `continueOnError` is a boolean: the schema takes no text there, though Azure does."""
    if isinstance(node, dict):
        return {
            key: value == "true" if key == "continueOnError" else with_booleans(value) for key, value in node.items()
        }
    return [with_booleans(each) for each in node] if isinstance(node, list) else node


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_is_valid_in_microsofts_schema(file: Path, tmp_path: Path) -> None:
    (tmp_path / file.name).write_text(in_schema(file.read_text("utf-8")), "utf-8")
    validate(load(tmp_path / file.name))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_has_no_yaml_anchors_which_azure_does_not_know(file: Path) -> None:
    tokens = yaml.scan(file.read_text(encoding="utf-8"))
    assert not [token for token in tokens if isinstance(token, yaml.AnchorToken | yaml.AliasToken)]


def test_the_schema_finds_a_misspelt_key() -> None:
    pipeline = expanded(workItem="7")
    steps(pipeline)[0]["persistCredential"] = "false"

    with pytest.raises(jsonschema.ValidationError):
        validate(pipeline)


@pytest.mark.parametrize("values", [{"workItem": "987654321"}, {"WebHook": UPDATED}, {"WebHook": CREATED}])
def test_every_trigger_gives_a_valid_pipeline_for_the_item(values: dict[str, Any]) -> None:
    pipeline = expanded(**values)

    validate(pipeline)
    (run,) = [step for step in steps(pipeline) if "SYSTEM_ACCESSTOKEN" in step.get("env", {})]
    assert run["env"]["REDIMENTO_WORK_ITEM"] == "987654321"


@pytest.mark.parametrize("values", [{"pullRequest": "12"}, {"WebHook": REMARKED}])
def test_a_comment_on_a_pull_request_gives_a_pipeline_for_its_remarks(values: dict[str, Any]) -> None:
    pipeline = expanded(**values)

    validate(pipeline)
    run = steps(pipeline)[2]
    assert run["env"]["REDIMENTO_PULL_REQUEST"] == "12"
    assert run["env"]["REDIMENTO_WORK_ITEM"] == "0"


def test_the_number_queued_by_hand_wins() -> None:
    run = steps(expanded(workItem="5", WebHook=UPDATED))[2]

    assert run["env"]["REDIMENTO_WORK_ITEM"] == "5"


def test_a_run_without_any_number_is_left_to_the_program_to_refuse() -> None:
    assert steps(expanded())[2]["env"]["REDIMENTO_WORK_ITEM"] == "0"


@pytest.mark.parametrize("text", ["7; curl evil", "$(System.AccessToken)", "7\n- bash: evil", "../7", "${{ 7 }}"])
def test_a_payload_without_a_number_starts_nothing(text: str) -> None:
    with pytest.raises(ExpansionError, match="not a valid number"):
        expanded(WebHook={"resource": {"workItemId": text}})


def test_the_number_is_only_in_the_environment_of_one_step() -> None:
    places = [path for path, value in leaves(expanded(WebHook=UPDATED)) if "987654321" in value]

    assert places == [("jobs", "0", "steps", "2", "env", "REDIMENTO_WORK_ITEM")]


def test_no_other_text_of_the_payload_reaches_the_pipeline() -> None:
    hook = {"resource": {**UPDATED["resource"], "fields": {"System.Title": "POISON"}}, "message": "POISON"}  # type: ignore[dict-item]

    assert not [path for path, value in leaves(expanded(WebHook=hook)) if "POISON" in value]


@pytest.mark.parametrize("secret", ["$(System.AccessToken)", "$(GEMINI_API_KEY)"])
def test_a_secret_is_mapped_on_exactly_one_step(secret: str) -> None:
    pipeline = expanded(workItem="7")
    name = secret.strip("$()").replace(".", "").upper()

    assert [path for path, value in leaves(pipeline) if value == secret] == [
        ("jobs", "0", "steps", "2", "env", "SYSTEM_ACCESSTOKEN" if "SYSTEM" in name else "GEMINI_API_KEY")
    ]
    assert sum(value.lower().count(secret.strip("$()").lower()) for _, value in leaves(pipeline)) == 1


KEYLESS = {
    "serviceConnection": "11111111-2222-3333-4444-555555555555",
    "workloadIdentityProvider": "projects/123/locations/global/workloadIdentityPools/azure-devops/providers/acme",
    "vertexProject": "acme-ai",
    "vertexLocation": "europe-west4",
}


def test_a_job_that_signs_in_with_its_identity_maps_no_key(tmp_path: Path) -> None:
    caller = tmp_path / "azure-pipelines.yml"
    given = {"workItem": 7, "image": "registry.example.com/redimento:1", **KEYLESS}
    template = {"template": "azure-pipelines-template.yml@redimento", "parameters": given}
    caller.write_text(yaml.safe_dump({"jobs": [template]}))
    pipeline = expand_pipeline(caller, {}, HERE)
    validate(pipeline)
    env = steps(pipeline)[2]["env"]
    assert "GEMINI_API_KEY" not in env
    assert {name: value for name, value in env.items() if value and "$(" not in value} == {
        "REDIMENTO_WORK_ITEM": "7",
        "REDIMENTO_PULL_REQUEST": "0",
        "REDIMENTO_PART": "redimento",
        "REDIMENTO_SERVICE_CONNECTION": KEYLESS["serviceConnection"],
        "REDIMENTO_WORKLOAD_IDENTITY_PROVIDER": KEYLESS["workloadIdentityProvider"],
        "GOOGLE_CLOUD_PROJECT": "acme-ai",
        "GOOGLE_CLOUD_LOCATION": "europe-west4",
    }
    job = {"SYSTEM_OIDCREQUESTURI": "https://dev.azure.com/acme/1", "SYSTEM_ACCESSTOKEN": "a-token"}
    found = find_access(ModelSettings(), {**{name: str(value) for name, value in env.items()}, **job}, committed=True)
    assert (found.key, found.host) == ("", "europe-west4-aiplatform.googleapis.com")


def test_the_token_is_not_stored_in_the_checkout() -> None:
    checkout = steps(expanded(workItem="7"))[0]

    assert checkout["checkout"] == "self"
    assert checkout["persistCredentials"] == "false"


def test_the_job_runs_in_the_image_without_the_docker_socket() -> None:
    (job,) = expanded(workItem="7")["jobs"]

    assert job["container"] == {"image": "IMAGE", "mapDockerSocket": "false", "options": "--cap-add NET_ADMIN"}


def test_the_caller_chooses_pool_registry_secrets_and_time_limit(tmp_path: Path) -> None:
    caller = tmp_path / "azure-pipelines.yml"
    caller.write_text(
        """
jobs:
- template: azure-pipelines-template.yml@redimento
  parameters:
    workItem: 7
    image: example/redimento:1
    registryConnection: registry
    variableGroup: secrets
    pool: { name: Linux }
    timeoutInMinutes: 90
    fetchDepth: 0
"""
    )

    pipeline = expand_pipeline(caller, {}, HERE)

    validate(pipeline)
    (job,) = pipeline["jobs"]
    assert job["container"]["endpoint"] == "registry"
    assert job["variables"] == [{"group": "secrets"}]
    assert job["pool"] == {"name": "Linux"}
    assert job["timeoutInMinutes"] == "90"
    assert job["steps"][0]["fetchDepth"] == "0"


def test_the_example_at_the_top_of_the_template_works(tmp_path: Path) -> None:
    comments = [line for line in TEMPLATE.read_text(encoding="utf-8").splitlines() if line.startswith("#   ")]
    (tmp_path / "azure-pipelines.yml").write_text("\n".join(line[4:] for line in comments) + "\n")

    pipeline = expand_pipeline(tmp_path / "azure-pipelines.yml", {"WebHook": CREATED}, HERE)

    validate(pipeline)
    assert steps(pipeline)[2]["env"]["REDIMENTO_WORK_ITEM"] == "987654321"


def test_the_steps_work_in_a_job_of_the_caller(tmp_path: Path) -> None:
    caller = tmp_path / "azure-pipelines.yml"
    caller.write_text(
        """
steps:
- template: action/checkout.yml@redimento
- task: UsePythonVersion@0
- template: action/steps.yml@redimento
  parameters:
    workItem: 7
"""
    )

    pipeline = expand_pipeline(caller, {}, HERE)

    validate(pipeline)
    assert [next(iter(step)) for step in pipeline["steps"]] == [
        *("checkout", "checkout", "bash", "task"),
        *("task", "bash", "bash", "task", "publish"),
    ]


def test_two_checkouts_leave_the_repository_where_the_step_runs() -> None:
    own, program = steps(expand({"workItem": 7}))[:2]

    # learn.microsoft.com, "Build.Repository.LocalPath": of several checkouts, it names that of self if it has a path.
    assert (own["checkout"], own["path"]) == ("self", "s")
    assert (program["checkout"], program["path"]) == ("redimento", "redimento")
    assert program["persistCredentials"] == "false"


def expand(given: dict[str, Any]) -> dict[str, Any]:
    """Return the pipeline of a template with these parameters."""
    return expand_pipeline(
        TEMPLATE, {name: str(value) if isinstance(value, int) else value for name, value in given.items()}, HERE
    )


@pytest.mark.parametrize("image", [{}, {"image": "IMAGE", "registryConnection": "registry"}])
@pytest.mark.parametrize(
    "what",
    [
        {},
        {"workItem": 7},
        {"pullRequest": 12},
        {"workItems": "1,2", "most": 5},
        {"query": "SELECT"},
        {"savedQuery": "id"},
    ],
)
@pytest.mark.parametrize("key", [{"variableGroup": "redimento"}, {"keyVariable": "GEMINI-API-KEY"}, KEYLESS])
@pytest.mark.parametrize("isolation", ["step", "jobs"])
def test_every_combination_of_parameters_gives_a_valid_pipeline(
    image: dict[str, Any], what: dict[str, Any], key: dict[str, Any], isolation: str
) -> None:
    given = {**image, **what, **key, "isolation": isolation}
    pipeline = expand(given)

    validate(pipeline)
    every = [(path, value) for path, value in leaves(pipeline) if "$[" not in value]
    assert not [value for _, value in every if "${{" in value]
    many = {"workItems", "query", "savedQuery"} & what.keys()
    parts = {"step": ["redimento"], "jobs": ["collect", "author", "deliver"]}[isolation]
    assert [job["job"] for job in pipeline["jobs"]] == [*(["plan"] if many else []), *parts]
    for job in pipeline["jobs"]:
        assert ("container" in job) == bool(image)
        assert all("checkout" not in step or step["persistCredentials"] == "false" for step in job["steps"])
        # Secrets are mapped once, and only where they are needed.
        found = [
            value for _, value in leaves(job) if re.fullmatch(r"\$\((System\.AccessToken|GEMINI.API.KEY)\)", value)
        ]
        authors = job["job"] in ("redimento", "author")
        assert found.count("$(System.AccessToken)") == (0 if job["job"] == "author" and key is not KEYLESS else 1)
        assert len(found) - found.count("$(System.AccessToken)") == (1 if authors and key is not KEYLESS else 0)
        # A job gets all secrets of its groups, mapped or not.
        assert [each["group"] for each in job.get("variables", []) if "group" in each] == (
            ["redimento"] if authors and "variableGroup" in key else []
        )
        assert ("NET_ADMIN" in str(job.get("container"))) == (bool(image) and authors)
        assert ("Cache@2" in str(job["steps"])) == authors
        # By its own name an artifact could take the place of the checkout: a job that was taken over chooses it.
        assert "download" not in str([list(step) for step in job["steps"]])
        places = [each["inputs"].get("targetPath", "") for each in job["steps"] if "Download" in each.get("task", "")]
        assert all(place.startswith("$(Pipeline.Workspace)/redimento-") for place in places)


def test_what_names_the_items_is_only_in_the_environment_of_one_step() -> None:
    poisoned = expand({"workItems": "POISON-1", "query": "POISON-2", "savedQuery": "POISON-3", "image": "IMAGE"})

    places = {value: path for path, value in leaves(poisoned) if "POISON" in value}
    names = ("REDIMENTO_IDS", "REDIMENTO_QUERY", "REDIMENTO_SAVED_QUERY")
    assert places == {
        f"POISON-{number}": ("jobs", "0", "steps", "1", "env", name) for number, name in enumerate(names, start=1)
    }


def test_what_runs_share_is_restored_before_the_run_and_its_failure_stops_nothing() -> None:
    pipeline = expanded(workItem="7")
    cache, run = steps(pipeline)[1:3]

    assert cache["task"] == "Cache@2"
    assert cache["continueOnError"] == "true"
    assert cache["inputs"]["path"] == "$(Pipeline.Workspace)/redimento-store"
    # A cache is never overwritten: each attempt of each job has a key of its own, and finds the newest by its beginning.
    assert {"$(System.JobId)", "$(Build.BuildId)", "$(System.JobAttempt)"} <= set(
        re.findall(r"\$\([\w.]+\)", cache["inputs"]["key"])
    )
    assert cache["inputs"]["key"].startswith(cache["inputs"]["restoreKeys"])
    assert "${PIPELINE_WORKSPACE:-$AGENT_TEMPDIRECTORY}/redimento-store" in run["bash"]
    for name in (each for each in SECRET_VARIABLES if each.startswith("REDIMENTO_")):
        assert run["env"][name] == f"$({name})"


def test_the_step_can_set_only_the_output_variables() -> None:
    run = steps(expanded(workItem="7"))[2]

    assert run["name"] == "redimento"
    assert run["target"]["settableVariables"] == [
        "outcome",
        "pullRequestId",
        "pullRequestUrl",
        "branch",
        "costUsd",
        "digest",
        "next",
    ]


def test_only_the_webhook_and_people_start_the_example() -> None:
    pipeline = expanded(workItem="7")

    assert pipeline["trigger"] == pipeline["pr"] == "none"
    assert [hook["webhook"] for hook in pipeline["resources"]["webhooks"]] == ["WebHook"]


def test_a_script_contains_no_macro_and_no_expression() -> None:
    for file in FILES:
        for path, value in leaves(load(file)):
            if path[-1] in {"bash", "script"}:
                assert not re.search(r"\$\(|\$\{\{", value), path


@pytest.mark.parametrize(("debug", "code"), [("", 3), ("$(System.Debug)", 0), ("False", 0), ("True", 3), ("true", 0)])
def test_with_diagnostics_the_step_says_first_what_would_stop_a_run(tmp_path: Path, debug: str, code: int) -> None:
    program = tmp_path / "bin" / "redimento"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" "$REDIMENTO_WORK_ITEM"; exit {code}\n')
    program.chmod(0o755)

    done = subprocess.run(
        ["bash", "--noprofile", "--norc", "-c", steps(expanded(workItem="7"))[2]["bash"]],
        env={
            "PATH": f"{program.parent}:{os.environ['PATH']}",
            "AGENT_TEMPDIRECTORY": str(tmp_path),
            "REDIMENTO_PART": "redimento",
            "REDIMENTO_WORK_ITEM": "7",
            "REDIMENTO_PULL_REQUEST": "0",
            "SYSTEM_DEBUG": debug,
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == ("doctor 7\n" if debug.lower() == "true" else "") + "run 7\n"
    assert done.returncode == code


def test_the_readme_lists_every_parameter_and_its_default() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (.+?) \|", (ROOT / "action" / "README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    declared = {parameter["name"]: parameter.get("default") for parameter in load(TEMPLATE)["parameters"]}

    assert [name for name, _ in rows] == list(declared)
    assert {name: default for name, default in rows if default.isdigit()} == {
        name: default for name, default in declared.items() if isinstance(default, str) and default.isdigit()
    }
