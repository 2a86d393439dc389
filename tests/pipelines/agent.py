"""Run the jobs of an expanded pipeline in order, as an agent does: as much of it as our own files use.

Variables and macros, the environment of a step, conditions, a matrix, logging commands, output variables, artifacts, jobs
that wait for others, and a second attempt of those that failed. Anything else is an error, so that a file cannot use what no test covers. Sources: learn.microsoft.com/azure/
devops/pipelines/process/{variables,conditions,phases}, .../build/variables, .../scripts/logging-commands, and
github.com/microsoft/azure-pipelines-agent.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.pipelines.expander import evaluate

_MACRO: Final = re.compile(r"\$\(([\w.-]+)\)")
_COMMAND: Final = re.compile(r"##vso\[([\w.]+)(?: ([^\]]*))?\](.*)")
_ESCAPES: Final = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%"))
# The values that an expression reads, by the name of what has them.
Roots = Mapping[str, Mapping[str, str]]
# What a job has from its machine; everything else comes from variables.
_MACHINE: Final = ("PATH", "HOME", "LANG", "TMPDIR", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")


@dataclass
class Job:
    """What a job, or a leg of it, did. `tests` are the files of published results, `number` is the name of the run."""

    name: str
    leg: str = ""
    result: str = "Succeeded"
    steps: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    summaries: list[str] = field(default_factory=list)
    tests: dict[str, list[str]] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    number: str = ""
    environments: dict[str, dict[str, str]] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    path: list[str] = field(default_factory=list)


@dataclass
class Agent:
    """An agent and what the service keeps of its runs.

    `variables`: those of the run, by the names that a step sees. `groups`: variable groups with their secrets. `check_out`
    fills a folder with the repository of an alias. Jobs find programs in `path` first.
    """

    folder: Path
    variables: Mapping[str, str]
    check_out: Callable[[str, Path], object]
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    path: str = ""
    cache: Path | None = None
    artifacts: dict[str, Path] = field(default_factory=dict)

    def run(self, pipeline: Mapping[str, Any], before: Sequence[Job] = ()) -> list[Job]:
        """Run all jobs and return them in order; after `before`, as "Rerun failed jobs" does: those without success."""
        done: list[Job] = []
        for job in pipeline["jobs"]:
            earlier = [each for each in before if each.name == job["job"]]
            if earlier and all(each.result == "Succeeded" for each in earlier):
                done += earlier
                continue
            needed = [one for name in job.get("dependsOn", []) for one in done if one.name == name]
            roots = _dependencies(needed)
            if not _holds(job.get("condition", "succeeded()"), _result(needed), roots):
                done.append(Job(job["job"], result="Skipped"))
                continue
            legs = _legs(job.get("strategy", {}).get("matrix"), _result(needed), roots)
            attempt = 1 + max(
                (int(each.variables["SYSTEM_JOBATTEMPT"]) for each in earlier if each.variables), default=0
            )
            shared = {"SYSTEM_JOBATTEMPT": str(attempt), "SYSTEM_TOTALJOBSINPHASE": str(len(legs))}
            done += [self._run_job(job, leg, {**shared, **values}, roots) for leg, values in legs.items()]
        return done

    def _run_job(self, job: Mapping[str, Any], leg: str, values: Mapping[str, str], roots: Roots) -> Job:
        place = self.folder / str(len([*self.folder.glob("*")]) + 1)
        (place / "_temp").mkdir(parents=True)
        checkouts = [step for step in job["steps"] if "checkout" in step]
        own = next(step for step in checkouts if step["checkout"] == "self")
        done = Job(job["job"], leg, variables={**self.variables, **values})
        done.secrets["SYSTEM_ACCESSTOKEN"] = done.variables.pop("SYSTEM_ACCESSTOKEN")
        for each in job.get("variables", []):
            if "group" in each:
                done.secrets |= self.groups[each["group"]]
            else:
                expression = each["value"].removeprefix("$[").removesuffix("]")
                done.variables[each["name"]] = str(evaluate(_with_values(expression, "", roots), {}))
        done.variables |= {
            "PIPELINE_WORKSPACE": str(place),
            "SYSTEM_DEFAULTWORKINGDIRECTORY": str(place / "s"),
            # Several checkouts, and no path: the folder above them.
            "BUILD_REPOSITORY_LOCALPATH": str(place / own.get("path", "s")),
            "AGENT_TEMPDIRECTORY": str(place / "_temp"),
        }
        for number, step in enumerate(job["steps"]):
            title = step.get("displayName", f"{next(iter(step))} {number}")
            if not _holds(step.get("condition", "succeeded()"), done.result, {"variables": done.variables}):
                done.steps[title] = "Skipped"
                continue
            ok = self._run_step(step, done, several=len(checkouts) > 1)
            done.steps[title] = "Succeeded" if ok else "Failed"
            done.result = done.result if ok or step.get("continueOnError") == "true" else "Failed"
        if done.result == "Succeeded":  # as the job's last act, Cache@2 saves
            self._keep(done.variables)
        return done

    def _run_step(self, step: Mapping[str, Any], job: Job, *, several: bool) -> bool:
        given = _with_macros(step, {**job.variables, **job.secrets})
        match given:
            case {"checkout": alias}:
                place = Path(job.variables["PIPELINE_WORKSPACE"])
                assert alias == "self" or several
                self.check_out(alias, place / step.get("path", f"s/{alias}" if several else "s"))
            case {"task": "Cache@2", "inputs": {"key": key, "restoreKeys": before, "path": path}}:
                assert "$(" not in key
                assert key.startswith(before)
                assert path == f"{job.variables['PIPELINE_WORKSPACE']}/redimento-store"
                if self.cache:
                    shutil.copytree(self.cache, path)
            case {"task": "PublishTestResults@2", "inputs": inputs}:
                found = [*Path(inputs["searchFolder"]).glob(inputs["testResultsFiles"])]
                if not found:
                    job.issues.append("warning: No test result files matching were found.")
                job.tests[inputs["testRunTitle"]] = [file.read_text() for file in found]
            case {"publish": folder, "artifact": name}:
                assert name not in self.artifacts, "an artifact is never overwritten"
                assert "$(" not in name
                assert [*Path(folder).iterdir()]
                self.artifacts[name] = Path(
                    shutil.copytree(folder, self.folder / "artifacts" / name, dirs_exist_ok=True)
                )
            case {"task": "DownloadPipelineArtifact@2", "inputs": {"artifactName": name, "targetPath": path}}:
                if name not in self.artifacts:
                    return False
                shutil.copytree(self.artifacts[name], path)
            case {"bash": script}:
                return self._run_script(script, given, job)
            case _:
                raise AssertionError(f"this agent does not know the step {step}")
        return True

    def _run_script(self, script: str, step: Mapping[str, Any], job: Job) -> bool:
        machine = {name: os.environ[name] for name in _MACHINE if name in os.environ}
        machine["PATH"] = ":".join((*job.path, self.path or machine["PATH"]))
        job.environments[step.get("displayName", "")] = environment = {
            **machine,
            **{name.upper().replace(".", "_"): value for name, value in job.variables.items()},
            **step.get("env", {}),
        }
        process = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", script],
            cwd=step.get("workingDirectory", job.variables["SYSTEM_DEFAULTWORKINGDIRECTORY"]),
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        for line in process.stdout.splitlines():
            command = _COMMAND.search(line)
            if not command or "isSecret=true" not in command[0]:
                job.log.append(line)
            if command:
                _obey(command, step, job)
        return process.returncode == 0

    def _keep(self, variables: Mapping[str, str]) -> None:
        store = Path(variables["PIPELINE_WORKSPACE"], "redimento-store")
        if store.is_dir():
            self.cache = store


def _obey(command: re.Match[str], step: Mapping[str, Any], job: Job) -> None:
    fields = dict(pair.split("=", 1) for pair in (command[2] or "").split(";") if pair)
    data = _unescaped(command[3])
    match command[1]:
        case "task.setvariable":
            _set_variable(fields, data, step, job)
        case "task.prependpath":
            job.path.insert(0, data)
        case "task.logissue":
            job.issues.append(f"{fields['type']}: {data}")
        case "task.uploadsummary":
            job.summaries.append(Path(data).read_text(encoding="utf-8"))
        case "build.addbuildtag":
            job.tags.append(data)
        case "build.updatebuildnumber":
            job.number = data
        case "task.setprogress":
            pass
        case name:
            raise AssertionError(f"this agent does not know the command {name}")


def _set_variable(fields: Mapping[str, str], data: str, step: Mapping[str, Any], job: Job) -> None:
    variable = fields["variable"]
    if variable not in step.get("target", {}).get("settableVariables", [variable]):
        job.issues.append(f"warning: {variable} may not be set here")
    elif fields.get("isSecret") == "true":
        job.secrets[variable] = data
    elif fields.get("isOutput") == "true":
        job.variables[f"{step['name']}.{variable}"] = job.outputs[f"{step['name']}.{variable}"] = data
    else:
        job.variables[variable] = data


def _dependencies(jobs: Sequence[Job]) -> Roots:
    """Return what expressions know of these jobs; an output of a leg has its name in front."""
    roots: dict[str, dict[str, str]] = {}
    for job in jobs:
        prefix = f"{job.leg}." if job.leg else ""
        outputs = roots.setdefault(f"dependencies.{job.name}.outputs", {})
        outputs |= {prefix + name: value for name, value in job.outputs.items()}
        results = {"": _result([each for each in jobs if each.name == job.name])}
        roots[f"dependencies.{job.name}.result"] = results
    return roots


def _result(jobs: Sequence[Job]) -> str:
    results = {job.result for job in jobs}
    return next((each for each in ("Failed", "Skipped") if each in results), "Succeeded")


def _legs(matrix: str | None, result: str, roots: Roots) -> dict[str, dict[str, str]]:
    if matrix is None:
        return {"": {}}
    found = re.fullmatch(r"\$\[ (.*) \]", matrix)
    assert found
    legs: dict[str, dict[str, str]] = json.loads(evaluate(_with_values(found[1], result, roots), {}))
    assert all(re.fullmatch(r"[A-Za-z]\w{0,99}", name) for name in legs)
    return legs


def _holds(condition: str, result: str, roots: Roots) -> bool:
    return bool(evaluate(_with_values(condition, result, roots), {}))


def _with_values(expression: str, result: str, roots: Roots) -> str:
    """Put values in place of what a runtime expression reads; what is missing is empty."""

    def quoted(text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    def as_json(found: re.Match[str]) -> str:
        return quoted(json.dumps(roots[found[1]], indent=2))

    expression = re.sub(r"convertToJson\(([\w.]+)\)", as_json, expression.strip())
    expression = re.sub(
        r"([\w.]+)\['([^']+)'\]", lambda found: quoted(roots.get(found[1], {}).get(found[2], "")), expression
    )
    expression = re.sub(r"dependencies\.\w+\.result", lambda found: quoted(roots[found[0]][""]), expression)
    states = {"always": True, "succeeded": result == "Succeeded", "succeededOrFailed": result != "Skipped"}
    return re.sub(r"(\w+)\(\)", lambda found: str(states[found[1]]).lower(), expression)


def _with_macros(node: Any, variables: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _with_macros(value, variables) for key, value in node.items()}
    if isinstance(node, list):
        return [_with_macros(value, variables) for value in node]
    if isinstance(node, int):  # a number of a payload
        return str(node)

    def value(found: re.Match[str]) -> str:  # one that is missing stays as it is
        names = (found[1], found[1].upper().replace(".", "_"))
        return next((variables[name] for name in names if name in variables), found[0])

    return _MACRO.sub(value, node)


def _unescaped(data: str) -> str:
    for code, sign in _ESCAPES:
        data = data.replace(code, sign)
    return data
