"""YAML pipelines: their definitions, and what their file on the default branch asks for (build.json, BuildDefinition)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from devops_emulator import people
from devops_emulator.faults import Fault, invalid
from devops_emulator.organisation import Organisation, find_project, now, project_reference
from devops_emulator.pipelines import endpoints, permissions
from devops_emulator.repos import git, repositories
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, collection, hrefs, members, served

_YAML = 2
_STATES = ("enabled", "paused", "disabled")
_GIVEN = ("name", "path", "type", "description", "queueStatus", "quality", "repository", "process", "queue", "triggers")
_SHOWN = ("id", "revision", "createdDate", "authoredBy", "project", "uri", "url", "_links")


def unauthorised(organisation: Organisation, definition: Document) -> list[str]:
    """Return the resources of a pipeline's file that it may not use yet."""
    project = find_project(organisation, definition["project"])
    found = content(organisation, definition) or {}
    missing = []
    connections = {one["name"].casefold(): one for one in endpoints.of_project(organisation, project)}
    for name in _named(found, "connection", "endpoint"):
        known = connections.get(name.casefold())
        if known is None or not permissions.allowed(organisation, "endpoint", known["id"], definition["id"]):
            missing.append(f"service connection {name}")
    groups = {one["name"].casefold(): one for one in organisation.store.all("variable_group")}
    for name in _named(found, "group", "variableGroup"):
        group = groups.get(name.casefold())
        allowed = group and permissions.allowed(organisation, "variablegroup", str(group["id"]), definition["id"])
        if not allowed:
            missing.append(f"variable group {name}")
    if project["settings"]["enforceReferencedRepoScopedToken"]:
        missing += _repositories(organisation, definition, found)
    return missing


def _repositories(organisation: Organisation, definition: Document, found: Document) -> Iterator[str]:
    for resource in _resources(found, "repositories"):
        project, _, name = str(resource.get("name") or "").rpartition("/")
        owner = find_project(organisation, project or definition["project"])
        for each in repositories.repositories_of(organisation, owner):
            same = each["name"].casefold() == name.casefold()
            if same and not permissions.allowed(
                organisation, "repository", f"{owner['id']}.{each['id']}", definition["id"]
            ):
                yield f"repository {name}"


def _named(value: Any, *keys: str) -> Iterator[str]:
    """Yield what stands under these keys anywhere in a file, unless it is an expression."""
    if isinstance(value, dict):
        for key, one in value.items():
            if key in keys and isinstance(one, str) and one and "${{" not in one:
                yield one
            yield from _named(one, *keys)
    elif isinstance(value, list):
        for one in value:
            yield from _named(one, *keys)


def content(organisation: Organisation, definition: Document) -> Document | None:
    """Return a pipeline's file on the default branch, None if it is not there or no mapping in YAML."""
    repository = organisation.store.find("repository", definition["repository"])
    if repository is None:
        return None
    home = repositories.path(organisation, repository)
    try:
        text = git.text(home, "show", f"{definition['branch']}:{definition['file'].lstrip('/')}")
        found = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506  plain text only
    except (git.GitError, yaml.YAMLError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read_triggers(organisation: Organisation, definition: Document) -> None:
    """Take over the incoming webhooks that a pipeline's file declares on the default branch.

    The service does so when the file arrives there, and when a run is queued from there; until then a webhook is not found
    (github.com/MicrosoftDocs/azure-devops-docs pull request 12901 and issue 13450).
    """
    definition["webhooks"] = [
        {
            "connection": str(hook.get("connection") or ""),
            "filters": [one for one in _list_of(hook.get("filters")) if isinstance(one, dict)],
        }
        for hook in _resources(content(organisation, definition), "webhooks")
    ]
    organisation.store.put("definition", definition["id"], definition)


def _resources(found: Document | None, kind: str) -> list[Document]:
    """Return the resources of a kind that a file declares, whatever else stands there."""
    resources = (found or {}).get("resources")
    declared = _list_of(resources.get(kind)) if isinstance(resources, dict) else []
    return [one for one in declared if isinstance(one, dict)]


def _list_of(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def pushed(organisation: Organisation, repository: Document, branch: str) -> None:
    """Read the triggers of the pipelines whose default branch a push moved."""
    for definition in organisation.store.all("definition"):
        if definition["repository"] == repository["id"] and definition["branch"] == branch:
            read_triggers(organisation, definition)


def _given(call: Call) -> Document:
    body = call.object(*_GIVEN, *_SHOWN)
    process = members(body.get("process") or {}, ("type", "yamlFilename"))
    given = members(body.get("repository") or {}, ("id", "name", "type", "defaultBranch", "url", "properties"))
    if not str(body.get("name") or "").strip() or body.get("type", "build") not in ("build", 2):
        raise invalid("A pipeline has a name and the type build.")
    if process.get("type") != _YAML or not process.get("yamlFilename") or not isinstance(process["yamlFilename"], str):
        raise invalid("This organisation has only YAML pipelines: process.type is 2, and yamlFilename names the file.")
    if str(given.get("type") or "").casefold() != "tfsgit":
        raise invalid("This organisation has only pipelines of repositories of the type TfsGit.")
    repository = repositories.find_repository(call.organisation, str(given.get("id") or ""), call.values["project"])
    home = repositories.path(call.organisation, repository)
    branch = str(given.get("defaultBranch") or git.default_branch(home))
    queue = (body.get("queue") or {}).get("id")
    if queue is not None and call.organisation.store.find("queue", queue) is None:
        raise Fault(404, "QueueNotFoundException", f"The agent queue {queue} does not exist.")
    state = str(body.get("queueStatus") or "enabled").casefold()
    if state not in _STATES:
        raise invalid(f"queueStatus is one of {', '.join(_STATES)}.")
    return {
        "name": str(body["name"]).strip(),
        "path": str(body.get("path") or "\\"),
        "description": str(body.get("description") or ""),
        "queueStatus": state,
        "repository": repository["id"],
        "branch": branch if branch.startswith("refs/") else f"refs/heads/{branch}",
        "file": process["yamlFilename"],
        "queue": queue,
    }


def _check_may(call: Call, project: Document) -> None:
    needs = f"{{who}} needs Create build pipeline permissions for the project {project['name']} to perform the action."
    people.require(call.organisation, project, "CreateDefinition", f"Access denied. {needs}")


def _check_free(call: Call, project: Document, given: Document, own: int) -> None:
    for other in _of(call.organisation, project):
        same = (other["name"].casefold(), other["path"]) == (given["name"].casefold(), given["path"])
        if same and other["id"] != own:
            message = f"The pipeline {given['name']} already exists in the folder {given['path']}."
            raise Fault(409, "DefinitionExistsException", message)


def _of(organisation: Organisation, project: Document) -> list[Document]:
    return [one for one in organisation.store.all("definition") if one["project"] == project["id"]]


def _shape(organisation: Organisation, definition: Document, *, whole: bool) -> Document:
    project = find_project(organisation, definition["project"])
    repository = organisation.store.find("repository", definition["repository"]) or {"name": ""}
    url = f"{organisation.url}{project['id']}/_apis/build/Definitions/{definition['id']}"
    page = f"{organisation.url}{project['id']}/_build/definition?definitionId={definition['id']}"
    shown = {
        **{
            name: definition[name]
            for name in ("id", "revision", "name", "path", "queueStatus", "createdDate", "authoredBy")
        },
        "type": "build",
        "quality": "definition",
        "uri": f"vstfs:///Build/Definition/{definition['id']}",
        "url": url,
        "_links": hrefs(self=url, web=page),
        "project": project_reference(organisation, project),
    }
    if definition["queue"] is not None:
        shown["queue"] = {"id": definition["queue"]}
    if whole:
        shown |= {
            "description": definition["description"],
            "process": {"type": _YAML, "yamlFilename": definition["file"]},
            "repository": {
                "id": definition["repository"],
                "type": "TfsGit",
                "name": repository["name"],
                "defaultBranch": definition["branch"],
            },
            "triggers": [],
        }
    return shown


def _create(call: Call) -> Answer:
    project = call.project
    _check_may(call, project)
    given = _given(call)
    _check_free(call, project, given, 0)
    number = call.organisation.store.next_number("build")  # apart from the pipelines that seeded jobs belong to
    definition = {
        "id": number,
        "revision": 1,
        "project": project["id"],
        "createdDate": now(),
        "authoredBy": people.reference(call.organisation, people.me(call.organisation)),
        "webhooks": [],
        **given,
    }
    call.organisation.store.put("definition", number, definition)
    return Answer(_shape(call.organisation, definition, whole=True))


def _update(call: Call) -> Answer:
    definition = find(call, call.values["definitionId"])
    project = find_project(call.organisation, definition["project"])
    _check_may(call, project)
    body = call.object()
    if body.get("id") != definition["id"] or body.get("revision") != definition["revision"]:
        message = "The definition was changed meanwhile: send the id and the newest revision."
        raise Fault(409, "DefinitionRevisionMismatchException", message)
    given = _given(call)
    _check_free(call, project, given, definition["id"])
    moved = any(given[name] != definition[name] for name in ("name", "branch", "file"))
    definition |= given | {"revision": definition["revision"] + 1}
    if moved:  # its webhooks are dead until a commit or a run makes the service read them again
        definition["webhooks"] = []
    call.organisation.store.put("definition", definition["id"], definition)
    return Answer(_shape(call.organisation, definition, whole=True))


def _delete(call: Call) -> Answer:
    definition = find(call, call.values["definitionId"])
    _check_may(call, find_project(call.organisation, definition["project"]))
    call.organisation.store.remove("definition", definition["id"])
    permissions.forget_pipeline(call.organisation, definition["id"])
    return Answer(status=204)


def find(call: Call, number: str) -> Document:
    """Return a pipeline of the project in the address; raises Fault 404."""
    project = call.project
    definition = call.organisation.store.find("definition", number)
    if definition is None or definition["project"] != project["id"]:
        raise Fault(404, "DefinitionNotFoundException", f"The requested definition {number} could not be found.")
    return definition


def _list(call: Call) -> Answer:
    name, repository = call.query("name").casefold(), call.query("repositoryId").casefold()
    known = _of(call.organisation, call.project)
    return collection(
        [
            _shape(call.organisation, one, whole=call.flag("includeAllProperties"))
            for one in known
            if name in ("", one["name"].casefold()) and repository in ("", one["repository"])
        ]
    )


def _get(call: Call) -> Answer:
    return Answer(_shape(call.organisation, find(call, call.values["definitionId"]), whole=True))


RESOURCES = (served("Definitions", {"GET": _list, "POST": _create}, {"GET": _get, "PUT": _update, "DELETE": _delete}),)
