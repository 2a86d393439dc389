"""Run the jobs of an expanded pipeline in order, as an agent does: as much of it as our own files use.

Variables and macros, the environment of a step, conditions, a matrix, logging commands, output variables, and the tasks
that publish. Anything else is an error, so that a file cannot use what no test covers. Sources: learn.microsoft.com/azure/
devops/pipelines/process/{variables,conditions,phases}, .../build/variables, .../scripts/logging-commands, and
github.com/microsoft/azure-pipelines-agent.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.pipelines.expander import evaluate

_MACRO: Final = re.compile(r"\$\(([\w.-]+)\)")
_COMMAND: Final = re.compile(r"##vso\[([\w.]+)(?: ([^\]]*))?\](.*)")
_ESCAPES: Final = (("%3B", ";"), ("%0D", "\r"), ("%0A", "\n"), ("%5D", "]"), ("%AZP25", "%"))
# What a job has from its machine; everything else comes from variables.
_MACHINE: Final = ("PATH", "HOME", "LANG", "TMPDIR", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM")


@dataclass
class Job:
    """What a job did. `tests` are the files of published results, `number` is the name of the run."""

    name: str
    result: str = "Succeeded"
    steps: dict[str, str] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    issues: list[str] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    summaries: list[str] = field(default_factory=list)
    tests: dict[str, list[str]] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    number: str = ""
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

    def run(self, pipeline: Mapping[str, Any]) -> list[Job]:
        """Run all jobs; return them in order."""
        done: list[Job] = []
        for job in pipeline["jobs"]:
            needed = [each for each in done if each.name == job.get("dependsOn")]
            earlier = Job("", "Failed" if any(each.result == "Failed" for each in needed) else "Succeeded")
            outputs = {f"dependencies.{each.name}.outputs": each.outputs for each in needed}
            if not _holds(job.get("condition", "succeeded()"), earlier, outputs):
                done.append(Job(job["job"], "Skipped"))
                continue
            legs = _legs(job.get("strategy", {}).get("matrix"), earlier, outputs)
            done += [self._run_job(job, leg, values, len(legs)) for leg, values in legs.items()]
        return done

    def _run_job(self, job: Mapping[str, Any], leg: str, values: Mapping[str, str], of: int) -> Job:
        place = self.folder / str(len([*self.folder.glob("*")]) + 1)
        (place / "_temp").mkdir(parents=True)
        checkouts = [step for step in job["steps"] if "checkout" in step]
        own = next(step for step in checkouts if step["checkout"] == "self")
        done = Job(f"{job['job']} {leg}".strip(), variables={**self.variables, **values})
        done.secrets["SYSTEM_ACCESSTOKEN"] = done.variables.pop("SYSTEM_ACCESSTOKEN")
        for group in job.get("variables", []):
            done.secrets |= self.groups[group["group"]]
        done.variables |= {
            "PIPELINE_WORKSPACE": str(place),
            "SYSTEM_DEFAULTWORKINGDIRECTORY": str(place / "s"),
            # Several checkouts, and no path: the folder above them.
            "BUILD_REPOSITORY_LOCALPATH": str(place / own.get("path", "s")),
            "AGENT_TEMPDIRECTORY": str(place / "_temp"),
            "SYSTEM_TOTALJOBSINPHASE": str(of),
        }
        for number, step in enumerate(job["steps"]):
            title = step.get("displayName", f"{next(iter(step))} {number}")
            if not _holds(step.get("condition", "succeeded()"), done, {"variables": done.variables}):
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
                self.artifacts[name] = Path(folder)
            case {"bash": script}:
                return self._run_script(script, given, job)
            case _:
                raise AssertionError(f"this agent does not know the step {step}")
        return True

    def _run_script(self, script: str, step: Mapping[str, Any], job: Job) -> bool:
        machine = {name: os.environ[name] for name in _MACHINE if name in os.environ}
        machine["PATH"] = ":".join((*job.path, self.path or machine["PATH"]))
        visible = {name.upper().replace(".", "_"): value for name, value in job.variables.items()}
        process = subprocess.run(
            ["bash", "--noprofile", "--norc", "-c", script],
            cwd=step.get("workingDirectory", job.variables["SYSTEM_DEFAULTWORKINGDIRECTORY"]),
            env={**machine, **visible, **step.get("env", {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        for line in process.stdout.splitlines():
            job.log.append(line)
            if command := _COMMAND.search(line):
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
            variable = fields["variable"]
            if variable not in step.get("target", {}).get("settableVariables", [variable]):
                job.issues.append(f"warning: {variable} may not be set here")
            elif fields.get("isOutput") == "true":
                job.variables[f"{step['name']}.{variable}"] = job.outputs[f"{step['name']}.{variable}"] = data
            else:
                job.variables[variable] = data
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


def _legs(matrix: str | None, job: Job, roots: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    if matrix is None:
        return {"": {}}
    found = re.fullmatch(r"\$\[ (.*) \]", matrix)
    assert found
    legs: dict[str, dict[str, str]] = json.loads(evaluate(_with_values(found[1], job, roots), {}))
    assert all(re.fullmatch(r"[A-Za-z]\w{0,99}", name) for name in legs)
    return legs


def _holds(condition: str, job: Job, roots: Mapping[str, Mapping[str, str]]) -> bool:
    return bool(evaluate(_with_values(condition, job, roots), {}))


def _with_values(expression: str, job: Job, roots: Mapping[str, Mapping[str, str]]) -> str:
    """Put values in place of what a runtime expression reads; what is missing is empty."""

    def value(found: re.Match[str]) -> str:
        assert found[1] in roots, expression
        return "'" + roots[found[1]].get(found[2], "").replace("'", "''") + "'"

    expression = re.sub(r"([\w.]+)\['([^']+)'\]", value, expression)
    return expression.replace("always()", "true").replace("succeeded()", str(job.result == "Succeeded").lower())


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
