"""Which pipelines may use a protected resource (pipelinePermissions.json)."""

from __future__ import annotations

from devops_emulator import people
from devops_emulator.faults import Fault, invalid
from devops_emulator.organisation import Organisation, denied, find_project, now
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, Resource, members

_KINDS = {
    "endpoint": "service_connection",
    "variablegroup": "variable_group",
    "queue": "queue",
    "repository": "repository",
}
_NOBODY: Document = {"all": False, "pipelines": {}}


def allowed(organisation: Organisation, kind: str, identity: str, definition: int) -> bool:
    """Return whether a pipeline may use a resource."""
    kept = organisation.store.find("pipeline_permission", f"{kind}/{identity.casefold()}") or _NOBODY
    return bool(kept["all"]) or str(definition) in kept["pipelines"]


def open_to_all(organisation: Organisation, kind: str, identity: str) -> None:
    """Let every pipeline use a resource."""
    organisation.store.put("pipeline_permission", f"{kind}/{identity.casefold()}", _NOBODY | {"all": True})


def forget(organisation: Organisation, kind: str, identity: str) -> None:
    """Drop what is known of a resource that is gone."""
    organisation.store.remove("pipeline_permission", f"{kind}/{identity.casefold()}")


def forget_pipeline(organisation: Organisation, definition: int) -> None:
    """Drop the permissions of a pipeline that is gone."""
    for key in organisation.store.keys("pipeline_permission"):
        kept = organisation.store.find("pipeline_permission", key) or _NOBODY
        if kept["pipelines"].pop(str(definition), None):
            organisation.store.put("pipeline_permission", key, kept)


def _resource(call: Call) -> tuple[str, str]:
    kind, identity = call.values["resourceType"].casefold(), call.values["resourceId"].casefold()
    project = find_project(call.organisation, call.values["project"])
    if kind not in _KINDS:
        raise invalid(f"The resource type {kind} is not one of {', '.join(_KINDS)}.")
    owner, _, name = identity.rpartition(".")
    if kind == "repository" and not owner:
        raise invalid("The id of a repository is the project's id, a dot, and its own id.")
    found = call.organisation.store.find(_KINDS[kind], name)
    if found is None or owner not in ("", found["project"]) or (not owner and found["project"] != project["id"]):
        raise Fault(404, "ResourceNotFoundException", f"The {kind} {identity} does not exist in the project.")
    return kind, identity


def _shape(organisation: Organisation, kind: str, identity: str) -> Document:
    kept = organisation.store.find("pipeline_permission", f"{kind}/{identity}") or _NOBODY
    pipelines = [
        {"id": int(number), "authorized": True, **permission} for number, permission in kept["pipelines"].items()
    ]
    shown: Document = {"resource": {"type": kind, "id": identity}, "pipelines": pipelines}
    return shown | ({"allPipelines": {"authorized": True}} if kept["all"] else {})


def _get(call: Call) -> Answer:
    return Answer(_shape(call.organisation, *_resource(call)))


def _update(call: Call) -> Answer:
    kind, identity = _resource(call)
    body = members(call.object(), ("allPipelines", "pipelines", "resource"))
    if denied(call.organisation, find_project(call.organisation, call.values["project"]), "AdministerResource"):
        raise Fault(
            403,
            "AccessDeniedException",
            f"Access denied. {people.me(call.organisation)['displayName']} needs Administer permissions for the {kind} "
            f"{identity} to perform the action.",
        )
    kept = call.organisation.store.find("pipeline_permission", f"{kind}/{identity}") or _NOBODY
    pipelines = dict(kept["pipelines"])
    for given in body.get("pipelines") or []:
        permission = members(given, ("id", "authorized", "authorizedBy", "authorizedOn"))
        number = str(permission.get("id"))
        if call.organisation.store.find("definition", number) is None:
            raise Fault(404, "DefinitionNotFoundException", f"The pipeline {number} does not exist.")
        pipelines.pop(number, None)
        if permission.get("authorized"):
            by = people.reference(call.organisation, people.me(call.organisation))
            pipelines[number] = {"authorizedBy": by, "authorizedOn": now()}
    everybody = bool((body.get("allPipelines") or {"authorized": kept["all"]}).get("authorized"))
    call.organisation.store.put("pipeline_permission", f"{kind}/{identity}", {"all": everybody, "pipelines": pipelines})
    return Answer(_shape(call.organisation, kind, identity))


RESOURCES = (
    Resource(
        "b5b9a4a4-e6cd-4096-853c-ab7d8b0c4eb2",
        "pipelinePermissions",
        "pipelinePermissions",
        "{project}/_apis/pipelines/{resource}/{resourceType}/{resourceId}",
        {},
        {"GET": _get, "PATCH": _update},
        version=1,
        preview=True,
        project_required=True,
    ),
)
