"""Which pipelines may use a protected resource (pipelinePermissions.json)."""

from __future__ import annotations

from devops_emulator import people
from devops_emulator.faults import Fault, invalid
from devops_emulator.organisation import Organisation, now
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, members, served

_KINDS = {
    "endpoint": "service_connection",
    "variablegroup": "variable_group",
    "queue": "queue",
    "repository": "repository",
}
_NOBODY: Document = {"all": False, "pipelines": {}}


def allowed(organisation: Organisation, kind: str, identity: str, definition: int) -> bool:
    kept = organisation.store.find("pipeline_permission", f"{kind}/{identity.casefold()}") or _NOBODY
    return bool(kept["all"]) or str(definition) in kept["pipelines"]


def open_to_all(organisation: Organisation, kind: str, identity: str) -> None:
    organisation.store.put("pipeline_permission", f"{kind}/{identity.casefold()}", _NOBODY | {"all": True})


def forget(organisation: Organisation, kind: str, identity: str) -> None:
    organisation.store.remove("pipeline_permission", f"{kind}/{identity.casefold()}")


def forget_pipeline(organisation: Organisation, definition: int) -> None:
    for key in organisation.store.keys("pipeline_permission"):
        kept = organisation.store.find("pipeline_permission", key) or _NOBODY
        if kept["pipelines"].pop(str(definition), None):
            organisation.store.put("pipeline_permission", key, kept)


def _resource(call: Call) -> tuple[str, str]:
    kind, identity = call.values["resourceType"].casefold(), call.values["resourceId"].casefold()
    project = call.project
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
    body = call.object("allPipelines", "pipelines", "resource")
    needs = f"{{who}} needs Administer permissions for the {kind} {identity} to perform the action."
    people.require(call.organisation, call.project, "AdministerResource", f"Access denied. {needs}")
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


RESOURCES = (served("pipelinePermissions", {}, {"GET": _get, "PATCH": _update}),)
