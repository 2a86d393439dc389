"""The pipeline around the step: its variables, and the lines by which a step speaks to the agent."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from redimento.azure.address import below
from redimento.errors import UsageError
from redimento.text.foreign import neutralise

# A macro that the agent could not expand stays as it was written: a variable that does not exist, a secret not mapped.
_UNEXPANDED = re.compile(r"\$\(.*\)", re.DOTALL)
_AZURE_REPOS = "TfsGit"


@dataclass(frozen=True)
class JobEnvironment:
    """What the agent tells a job (docs/pipelines/build/variables.md); "" where it tells nothing."""

    collection_url: str
    project: str
    project_id: str
    repository_id: str
    repository_name: str
    token: str = field(repr=False)
    build_id: str = ""

    @property
    def build_url(self) -> str:
        """The page of this run, "" outside of a pipeline."""
        if not self.build_id:
            return ""
        return f"{below(self.collection_url, self.project, '_build', 'results')}?buildId={self.build_id}"


_NEEDED = {
    "SYSTEM_COLLECTIONURI": "the address of the organisation",
    "SYSTEM_TEAMPROJECT": "the project's name",
    "SYSTEM_TEAMPROJECTID": "the project's id",
    "BUILD_REPOSITORY_ID": "the repository's id",
    "BUILD_REPOSITORY_NAME": "the repository's name",
    "SYSTEM_ACCESSTOKEN": "the job's token, mapped on the step by env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)",
}


def job_environment(environ: Mapping[str, str]) -> JobEnvironment:
    """Read the job's variables; a value such as `$(Name)` that was never expanded counts as unset.

    Raises UsageError that names every variable that is missing, or the kind of repository that is not supported.
    """
    value = partial(variable, environ)
    provider = value("BUILD_REPOSITORY_PROVIDER") or _AZURE_REPOS
    if provider != _AZURE_REPOS:
        raise UsageError(
            f"The repository of this job is of the kind '{neutralise(provider)}', which is not supported.",
            "Redimento opens pull requests in Azure Repos (TfsGit): run it in a pipeline whose repository is there.",
        )
    collection_url = value("SYSTEM_COLLECTIONURI") or value("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI")
    missing = [
        f"{name} ({meaning})"
        for name, meaning in _NEEDED.items()
        if not (collection_url if name == "SYSTEM_COLLECTIONURI" else value(name))
    ]
    if missing:
        raise UsageError(
            f"The environment lacks what is needed to reach Azure DevOps: {'; '.join(missing)}.",
            "A job of Azure Pipelines has these variables. On a desk use --work-item-file, or set them yourself.",
        )
    return JobEnvironment(
        collection_url=collection_url.rstrip("/") + "/",
        project=value("SYSTEM_TEAMPROJECT"),
        project_id=value("SYSTEM_TEAMPROJECTID"),
        repository_id=value("BUILD_REPOSITORY_ID"),
        repository_name=value("BUILD_REPOSITORY_NAME"),
        token=value("SYSTEM_ACCESSTOKEN"),
        build_id=value("BUILD_BUILDID"),
    )


def variable(environ: Mapping[str, str], name: str) -> str:
    """Return the value of a variable, "" when it is unset or a macro such as `$(Name)` that was never expanded."""
    text = environ.get(name, "").strip()
    return "" if _UNEXPANDED.fullmatch(text) else text


def in_pipeline(environ: Mapping[str, str]) -> bool:
    """Tell whether this process runs in a job of Azure Pipelines."""
    return environ.get("TF_BUILD", "").strip().lower() == "true"


def group(title: str) -> str:
    return f"##[group]{_one_line(title)}"


def endgroup() -> str:
    return "##[endgroup]"


def log_issue(kind: Literal["error", "warning"], message: str, *, path: str = "", line: int | None = None) -> str:
    """Return the command that lists `message` on the run's page; a path inside the repository becomes a link there."""
    number = "" if line is None else str(line)
    return _command("task.logissue", neutralise(message), type=kind, sourcepath=neutralise(path), linenumber=number)


def set_variable(name: str, value: str) -> str:
    """Return the command that sets an output variable of this step, which later steps and jobs read."""
    return _command("task.setvariable", value, variable=name, isOutput="true")


def set_progress(percent: int, text: str) -> str:
    return _command("task.setprogress", neutralise(text), value=str(min(max(percent, 0), 100)))


def upload_summary(file: Path) -> str:
    """Return the command that shows a Markdown file on the run's page; the file must exist when the line is printed."""
    return _command("task.uploadsummary", str(file.absolute()))


def _command(name: str, data: str, **properties: str) -> str:
    told = "".join(f"{key}={_escaped(value)};" for key, value in properties.items() if value)
    return f"##vso[{name}{' ' if told else ''}{told}]{_escaped(data)}"


def _escaped(text: str) -> str:
    """Escape what would end a property or a line, the escape sign first (agent, CommandStringConvertor.cs)."""
    for sign, code in (("%", "%AZP25"), (";", "%3B"), ("\r", "%0D"), ("\n", "%0A"), ("]", "%5D")):
        text = text.replace(sign, code)
    return text


def _one_line(text: str) -> str:
    return " ".join(neutralise(text).split())
