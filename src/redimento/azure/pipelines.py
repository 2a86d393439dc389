"""The pipeline around the step: its variables, and the logging commands that the agent reads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from redimento.azure.address import below, organisation
from redimento.delivery.rights import Account
from redimento.errors import UsageError
from redimento.text.foreign import neutralise, one_line

# The agent leaves a macro as written when it cannot expand it: an undefined variable, or a secret that is not mapped.
_UNEXPANDED = re.compile(r"\$\(.*\)", re.DOTALL)
_AZURE_REPOS = "TfsGit"
# learn.microsoft.com/azure/devops/pipelines/process/run-number: what a number must not contain, or end with, and its length.
_FORBIDDEN_IN_NUMBER = re.compile(r"[\x00-\x1f\"/:<>'\\|?@*]")
_LONGEST_NUMBER = 255


@dataclass(frozen=True)
class JobEnvironment:
    """The predefined variables of a job (docs/pipelines/build/variables.md); "" where unset."""

    collection_url: str
    project: str
    project_id: str
    repository_id: str
    repository_name: str
    token: str = field(repr=False)
    build_id: str = ""
    reason: str = ""
    repository_url: str = ""

    @property
    def by_hand(self) -> bool:
        """Whether a person queued the build: a change of a work item starts it as `ResourceTrigger`."""
        return self.reason in ("", "Manual", "UserCreated")

    @property
    def build_url(self) -> str:
        """The page of this run, "" outside a pipeline."""
        if not self.build_id:
            return ""
        return f"{below(self.collection_url, self.project, '_build', 'results')}?buildId={self.build_id}"


_NEEDED = {
    "SYSTEM_COLLECTIONURI": "the address of the organisation",
    "SYSTEM_TEAMPROJECT": "the project's name",
    "SYSTEM_TEAMPROJECTID": "the project's id",
    "BUILD_REPOSITORY_ID": "the repository's id",
    "BUILD_REPOSITORY_NAME": "the repository's name",
    "SYSTEM_ACCESSTOKEN": "the job's token, mapped on the step with env: SYSTEM_ACCESSTOKEN: $(System.AccessToken)",
}


def job_environment(environ: Mapping[str, str]) -> JobEnvironment:
    """Return the job's variables; an unexpanded macro such as `$(Name)` counts as unset.

    Raises UsageError that names every missing variable, or the unsupported kind of repository.
    """
    value = partial(variable, environ)
    provider = value("BUILD_REPOSITORY_PROVIDER") or _AZURE_REPOS
    if provider != _AZURE_REPOS:
        raise UsageError(
            f"This job's repository is of the kind '{neutralise(provider)}', which is not supported.",
            "Redimento opens pull requests in Azure Repos (TfsGit): run it in a pipeline with a repository there.",
        )
    collection_url = _collection(environ)
    missing = [
        f"{name} ({meaning})"
        for name, meaning in _NEEDED.items()
        if not (collection_url if name == "SYSTEM_COLLECTIONURI" else value(name))
    ]
    if missing:
        raise UsageError(
            f"The environment lacks variables that are needed to reach Azure DevOps: {'; '.join(missing)}.",
            "A job of Azure Pipelines has them. For a local run use --work-item-file, or set them yourself.",
        )
    return JobEnvironment(
        collection_url=collection_url.rstrip("/") + "/",
        project=value("SYSTEM_TEAMPROJECT"),
        project_id=value("SYSTEM_TEAMPROJECTID"),
        repository_id=value("BUILD_REPOSITORY_ID").lower(),
        repository_name=value("BUILD_REPOSITORY_NAME"),
        token=value("SYSTEM_ACCESSTOKEN"),
        build_id=value("BUILD_BUILDID"),
        reason=value("BUILD_REASON"),
        repository_url=value("BUILD_REPOSITORY_URI"),
    )


def variable(environ: Mapping[str, str], name: str) -> str:
    """Return the value of a variable, "" when it is unset or an unexpanded macro such as `$(Name)`."""
    text = environ.get(name, "").strip()
    return "" if _UNEXPANDED.fullmatch(text) else text


def account(environ: Mapping[str, str]) -> Account:
    """Return the account of the job's token, to be named in errors."""
    value = partial(variable, environ)
    return Account(organisation(_collection(environ)), value("SYSTEM_TEAMPROJECT"), value("SYSTEM_TEAMPROJECTID"))


def _collection(environ: Mapping[str, str]) -> str:
    return variable(environ, "SYSTEM_COLLECTIONURI") or variable(environ, "SYSTEM_TEAMFOUNDATIONCOLLECTIONURI")


def in_pipeline(environ: Mapping[str, str]) -> bool:
    """Return whether this process runs in a job of Azure Pipelines."""
    return environ.get("TF_BUILD", "").strip().lower() == "true"


def group(title: str) -> str:
    return f"##[group]{one_line(title)}"


def endgroup() -> str:
    return "##[endgroup]"


def log_issue(kind: Literal["error", "warning"], message: str, *, path: str = "", line: int | None = None) -> str:
    """Return the command that shows `message` on the run's page, with a link if `path` is inside the repository."""
    number = "" if line is None else str(line)
    return _command("task.logissue", neutralise(message), type=kind, sourcepath=neutralise(path), linenumber=number)


def set_variable(name: str, value: str) -> str:
    """Return the command that sets an output variable of this step for later steps and jobs."""
    return _command("task.setvariable", value, variable=name, isOutput="true")


def set_secret(name: str, value: str) -> str:
    """Return the command that sets a variable of this job, which the agent hides in its log."""
    return _command("task.setvariable", value, variable=name, isSecret="true")


def set_progress(percent: int, text: str) -> str:
    return _command("task.setprogress", neutralise(text), value=str(min(max(percent, 0), 100)))


def upload_summary(file: Path) -> str:
    """Return the command that shows a Markdown file on the run's page; the file must exist when the line is printed."""
    return _command("task.uploadsummary", str(file.absolute()))


def name_run(environ: Mapping[str, str], item_id: int, title: str) -> Iterator[str]:
    """Yield the commands that name the run after its work item and give it the tag `work-item-7`.

    A job of several, as of a matrix, adds its tag only. The number that the run had stays in front, as no two runs may have
    the same. Where `target.commands` is `restricted` the agent ignores both commands, with a warning.
    """
    if not item_id:
        return
    yield _command("build.addbuildtag", f"work-item-{item_id}")
    number = variable(environ, "BUILD_BUILDNUMBER")
    name = f"work item {item_id} {_FORBIDDEN_IN_NUMBER.sub(' ', neutralise(title))}"
    whole = " ".join(f"{number} {name}".split())[:_LONGEST_NUMBER].rstrip(" .")
    # A second attempt of a job begins with the number that the first gave.
    if (
        number
        and f"work item {item_id}" not in number
        and variable(environ, "SYSTEM_TOTALJOBSINPHASE") in ("", "0", "1")
    ):
        yield _command("build.updatebuildnumber", whole)


def _command(name: str, data: str, **properties: str) -> str:
    fields = "".join(f"{key}={_escaped(value)};" for key, value in properties.items() if value)
    return f"##vso[{name}{' ' if fields else ''}{fields}]{_escaped(data)}"


def _escaped(text: str) -> str:
    """Escape the characters that end a property or a line, `%` first (agent, CommandStringConvertor.cs)."""
    for sign, code in (("%", "%AZP25"), (";", "%3B"), ("\r", "%0D"), ("\n", "%0A"), ("]", "%5D")):
        text = text.replace(sign, code)
    return text
