"""Variable groups of a project; nobody reads a secret back (taskAgent.json, VariableGroup)."""

from __future__ import annotations

from devops_emulator import people
from devops_emulator.faults import Fault, invalid
from devops_emulator.organisation import find_project, now
from devops_emulator.pipelines import permissions
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, collection, members, served

_PARAMETERS = ("name", "description", "type", "variables", "variableGroupProjectReferences", "providerData")


def _given(call: Call) -> Document:
    body = call.object(*_PARAMETERS)
    if not str(body.get("name") or "").strip() or body.get("type") != "Vsts":
        raise invalid("A variable group has a name and the type Vsts.")
    for name, value in (body.get("variables") or {}).items():
        members(value, ("value", "isSecret", "isReadOnly"))
        if not name.strip():
            raise invalid("A variable has a name.")
    if not body.get("variables"):
        raise invalid("A variable group has at least one variable.")
    return body


def _project(call: Call, body: Document) -> Document:
    references = body.get("variableGroupProjectReferences") or []
    if len(references) != 1:
        raise invalid("variableGroupProjectReferences names the project of the group.")
    given = members(references[0], ("projectReference", "name", "description"))
    if given.get("name") != body["name"]:
        raise invalid("The group has the same name in its project.")
    return find_project(call.organisation, str((given.get("projectReference") or {}).get("id") or ""))


def _check_may(call: Call, project: Document) -> None:
    sentence = "You do not have permissions to perform this operation on the variable group. {who} needs Creator."
    people.require(call.organisation, project, "CreateVariableGroup", sentence)


def _shape(call: Call, group: Document) -> Document:
    project = find_project(call.organisation, group["project"])
    variables = {
        name: {"value": None, "isSecret": True} if value.get("isSecret") else {"value": str(value.get("value") or "")}
        for name, value in group["variables"].items()
    }
    reference = {"name": group["name"], "description": group["description"]}
    return {
        "id": group["id"],
        "type": "Vsts",
        **reference,
        "variables": variables,
        "createdBy": group["createdBy"],
        "createdOn": group["createdOn"],
        "modifiedBy": group["createdBy"],
        "modifiedOn": group["createdOn"],
        "isShared": False,
        "variableGroupProjectReferences": [
            {"projectReference": {"id": project["id"], "name": project["name"]}, **reference}
        ],
    }


def _create(call: Call) -> Answer:
    body = _given(call)
    project = _project(call, body)
    _check_may(call, project)
    if any(known["name"].casefold() == body["name"].casefold() for known in _of(call, project)):
        raise Fault(409, "VariableGroupExistsException", f"Variable group {body['name']} already exists.")
    number = call.organisation.store.next_number("variable_group")
    group = {
        "id": number,
        "project": project["id"],
        "name": body["name"],
        "description": str(body.get("description") or ""),
        "variables": body["variables"],
        "createdBy": people.reference(call.organisation, people.me(call.organisation)),
        "createdOn": now(),
    }
    call.organisation.store.put("variable_group", number, group)
    return Answer(_shape(call, group))


def _update(call: Call) -> Answer:
    group, body = _find(call), _given(call)
    project = _project(call, body)
    _check_may(call, project)
    # A secret without a value keeps the one it has.
    kept = {
        name: group["variables"].get(name, value) if value.get("isSecret") and value.get("value") is None else value
        for name, value in body["variables"].items()
    }
    group |= {"name": body["name"], "description": str(body.get("description") or ""), "variables": kept}
    call.organisation.store.put("variable_group", group["id"], group)
    return Answer(_shape(call, group))


def _delete(call: Call) -> Answer:
    group = _find(call)
    if group["project"] not in call.query("projectIds").split(","):
        raise invalid("projectIds names the project of the group.")
    _check_may(call, find_project(call.organisation, group["project"]))
    call.organisation.store.remove("variable_group", group["id"])
    permissions.forget(call.organisation, "variablegroup", str(group["id"]))
    return Answer(status=204)


def _of(call: Call, project: Document) -> list[Document]:
    return [group for group in call.organisation.store.all("variable_group") if group["project"] == project["id"]]


def _find(call: Call) -> Document:
    group = call.organisation.store.find("variable_group", call.values["groupId"])
    if group is None:
        message = f"Variable group with ID {call.values['groupId']} does not exist."
        raise Fault(404, "VariableGroupNotFoundException", message)
    return group


def _list(call: Call) -> Answer:
    wanted = call.query("groupName").casefold()
    groups = _of(call, call.project)
    return collection([_shape(call, group) for group in groups if wanted in ("", group["name"].casefold())])


def _get(call: Call) -> Answer:
    return Answer(_shape(call, _find(call)))


RESOURCES = (
    served("variablegroups", {"POST": _create}, {"PUT": _update, "DELETE": _delete}),
    served("variablegroupsOfProject", {"GET": _list}, {"GET": _get}),
)
