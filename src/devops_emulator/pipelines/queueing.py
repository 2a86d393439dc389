"""Runs of YAML pipelines: queued by hand, through the runs interface, or by an incoming webhook."""

from __future__ import annotations

from typing import Any

from devops_emulator import people
from devops_emulator.faults import Fault, invalid
from devops_emulator.organisation import Organisation, find_project, now
from devops_emulator.pipelines import definitions
from devops_emulator.repos import git, repositories
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, collection, hrefs, served


def queue(call: Call, definition: Document, branch: str, parameters: Any) -> Document:
    """Queue a run that a person or a program asked for; raises Fault 403 without the right to, 400 without the file."""
    organisation = call.organisation
    project = find_project(organisation, definition["project"])
    needs = f"{{who}} needs Queue builds permissions for build pipeline {definition['id']} to perform the action."
    people.require(organisation, project, "QueueBuilds", f"Access denied. {needs}", definition=definition["id"])
    declared = (definitions.content(organisation, definition) or {}).get("parameters") or []
    if unknown := {*(parameters or {})} - {one.get("name") for one in declared}:
        raise Fault(400, "PipelineValidationException", f"Unexpected parameter '{min(unknown)}'.")
    return start(organisation, definition, branch, parameters=parameters or {})


def start(
    organisation: Organisation, definition: Document, branch: str = "", *, parameters: Document, reason: str = "manual"
) -> Document:
    """Queue a run of a pipeline's file on a branch, by default the definition's; raises Fault 400."""
    repository = organisation.store.find("repository", definition["repository"])
    if repository is None or definition["queueStatus"] == "disabled":
        raise invalid(f"The pipeline {definition['name']} cannot be run: it is disabled, or its repository is gone.")
    home = repositories.path(organisation, repository)
    wanted = branch or definition["branch"]
    commit = git.tip(home, wanted)
    file = definition["file"].lstrip("/")
    if commit is None or not git.text(home, "ls-tree", "--name-only", commit, "--", file):
        message = f"/{file}: File /{file} not found in repository {repository['name']} branch {wanted}."
        raise Fault(400, "PipelineValidationException", message)
    if wanted == definition["branch"]:
        definitions.read_triggers(organisation, definition)
    number, moment = organisation.store.next_number("build"), now()
    build = {
        "id": number,
        "definition": definition["id"],
        "project": definition["project"],
        "repository": repository["id"],
        "status": "notStarted",
        "reason": reason,
        "buildNumber": f"{moment[:10].replace('-', '')}.{number}",
        "queueTime": moment,
        "sourceBranch": wanted,
        "sourceVersion": commit,
        "templateParameters": {name: str(value) for name, value in parameters.items()},
        "tags": [],
    }
    organisation.store.put("build", number, build)
    return build


def _run(call: Call) -> Answer:
    body = call.object("resources", "templateParameters", "variables", "stagesToSkip", "previewRun")
    definition = definitions.find(call, call.values["pipelineId"])
    own = ((body.get("resources") or {}).get("repositories") or {}).get("self") or {}
    build = queue(call, definition, str(own.get("refName") or ""), body.get("templateParameters"))
    return Answer(_shape(call.organisation, definition, build))


def _list(call: Call) -> Answer:
    definition = definitions.find(call, call.values["pipelineId"])
    mine = [one for one in call.organisation.store.all("build") if one["definition"] == definition["id"]]
    return collection([_shape(call.organisation, definition, build) for build in reversed(mine)])


def _shape(organisation: Organisation, definition: Document, build: Document) -> Document:
    url = f"{organisation.url}{build['project']}/_apis/pipelines/{definition['id']}/runs/{build['id']}"
    pipeline = {"id": definition["id"], "name": definition["name"], "folder": definition["path"], "revision": 1}
    return {
        "id": build["id"],
        "name": build["buildNumber"],
        "state": "completed" if build["status"] == "completed" else "inProgress",
        "createdDate": build["queueTime"],
        "templateParameters": build.get("templateParameters", {}),
        "url": url,
        "pipeline": pipeline | {"url": url.rpartition("/runs")[0]},
        "_links": hrefs(self=url, web=f"{organisation.url}{build['project']}/_build/results?buildId={build['id']}"),
    }


RESOURCES = (served("runs", {"GET": _list, "POST": _run}),)
