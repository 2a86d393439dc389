"""Service connections of a project; nobody reads their secrets back (serviceEndpoint.json, ServiceEndpoint)."""

from __future__ import annotations

from uuid import uuid4

from devops_emulator import people
from devops_emulator.faults import Fault, invalid
from devops_emulator.organisation import Organisation, find_project
from devops_emulator.pipelines import permissions
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, collection, inner, members, served

INCOMING = "incomingwebhook"
_MEMBERS = (
    "id", "name", "type", "url", "description", "owner", "isShared", "isReady", "data", "authorization",
    "serviceEndpointProjectReferences", "createdBy", "administratorsGroup", "readersGroup", "operationStatus",
    "groupScopeId",
)  # fmt: skip
_SECRETS = ("secret", "password", "apitoken")


def add_connection(organisation: Organisation, project: Document, wanted: Document) -> None:
    """Add a service connection of a seed, with which a job signs in to another cloud."""
    connection = {
        "id": wanted.get("id", str(uuid4())),
        "project": project["id"],
        "name": wanted["name"],
        "type": wanted.get("type", "azurerm"),
        "url": "https://management.azure.com/",
        "description": "",
        "authorization": {"scheme": "WorkloadIdentityFederation", "parameters": {}},
        "createdBy": people.reference(organisation, people.job(organisation)),
    }
    organisation.store.put("service_connection", connection["id"].lower(), connection)
    if wanted.get("authorized", True):
        permissions.open_to_all(organisation, "endpoint", connection["id"])


def of_project(organisation: Organisation, project: Document) -> list[Document]:
    known = organisation.store.all("service_connection")
    return [one for one in known if one["project"] == project["id"]]


def _given(call: Call) -> tuple[Document, Document]:
    """Return a described connection, and its project; raises Fault 400."""
    body = call.object(*_MEMBERS)
    references = body.get("serviceEndpointProjectReferences") or []
    if len(references) != 1:
        raise invalid("serviceEndpointProjectReferences names the project of the service connection.")
    reference = members(references[0], ("projectReference", "name", "description"))
    project = find_project(call.organisation, str(inner(reference.get("projectReference")).get("id") or ""))
    authorization = members(body.get("authorization") or {}, ("scheme", "parameters"))
    if not str(body.get("name") or "").strip() or reference.get("name") != body["name"] or not body.get("type"):
        raise invalid("A service connection has a type, and the same name in its project.")
    given = {
        "name": body["name"],
        "type": body["type"],
        "url": str(body.get("url") or ""),
        "description": str(reference.get("description") or body.get("description") or ""),
        "authorization": {
            "scheme": authorization.get("scheme"),
            "parameters": dict(authorization.get("parameters") or {}),
        },
    }
    if body["type"] == INCOMING:
        parameters = given["authorization"]["parameters"]
        if parameters.keys() != {"webhookname", "secret", "header"} or not parameters["webhookname"]:
            raise invalid(
                "An incoming webhook has the parameters webhookname, secret and header, the last two may be empty."
            )
        if parameters["secret"] and not parameters["header"]:
            raise invalid("An incoming webhook with a secret names the header of its signature.")
    return given, project


def _check_may(call: Call, project: Document) -> None:
    sentence = (
        "You do not have appropriate permissions for this operation. {who} needs Endpoint Creator in the project."
    )
    people.require(call.organisation, project, "CreateServiceEndpoint", sentence)


def _shape(call: Call, connection: Document) -> Document:
    project = find_project(call.organisation, connection["project"])
    parameters = connection["authorization"]["parameters"]
    shown = {name: None if name in _SECRETS else value for name, value in parameters.items()}
    reference = {"name": connection["name"], "description": connection["description"]}
    return {
        "id": connection["id"],
        **{name: connection[name] for name in ("name", "type", "url", "description", "createdBy")},
        "data": {},
        "authorization": {"scheme": connection["authorization"]["scheme"], "parameters": shown},
        "isShared": False,
        "isReady": True,
        "owner": "Library",
        "serviceEndpointProjectReferences": [
            {"projectReference": {"id": project["id"], "name": project["name"]}, **reference}
        ],
    }


def _create(call: Call) -> Answer:
    given, project = _given(call)
    _check_may(call, project)
    _check_free(call, project, given, "")
    identity = str(uuid4())
    me = people.reference(call.organisation, people.me(call.organisation))
    connection = {"id": identity, "project": project["id"], "createdBy": me, **given}
    call.organisation.store.put("service_connection", identity, connection)
    return Answer(_shape(call, connection))


def _check_free(call: Call, project: Document, given: Document, own: str) -> None:
    others = [one for one in of_project(call.organisation, project) if one["id"] != own]
    if any(one["name"].casefold() == given["name"].casefold() for one in others):
        message = (
            f"Service connection with name {given['name']} already exists. Only a user with Administrator/User role "
        )
        raise Fault(409, "DuplicateServiceConnectionException", f"{message}can see it.")
    hook = given["authorization"]["parameters"].get("webhookname")
    taken = [one["authorization"]["parameters"].get("webhookname") for one in others]
    if given["type"] == INCOMING and hook in taken:
        raise Fault(409, "DuplicateServiceConnectionException", "Another incoming webhook has this WebHook name.")


def _update(call: Call) -> Answer:
    kept = _find(call)
    given, project = _given(call)
    _check_may(call, project)
    _check_free(call, project, given, kept["id"])
    if given["type"] != kept["type"]:
        raise invalid("The type of a service connection cannot be changed.")
    parameters = given["authorization"]["parameters"]
    # A secret without a value keeps the one it has.
    for name in _SECRETS:
        if name in parameters and parameters[name] is None:
            parameters[name] = kept["authorization"]["parameters"].get(name)
    kept |= given
    call.organisation.store.put("service_connection", kept["id"].lower(), kept)
    return Answer(_shape(call, kept))


def _delete(call: Call) -> Answer:
    connection = _find(call)
    if connection["project"] not in call.query("projectIds").split(","):
        raise invalid("projectIds names the project of the service connection.")
    _check_may(call, find_project(call.organisation, connection["project"]))
    call.organisation.store.remove("service_connection", connection["id"].lower())
    permissions.forget(call.organisation, "endpoint", connection["id"])
    return Answer(status=204)


def _find(call: Call) -> Document:
    found = call.organisation.store.find("service_connection", call.values["endpointId"].casefold())
    if found is None or (call.any_project() or {"id": found["project"]})["id"] != found["project"]:
        message = f"Service connection with ID {call.values['endpointId']} was not found."
        raise Fault(404, "ServiceEndpointNotFoundException", message)
    return found


def _list(call: Call) -> Answer:
    project = call.project
    names = [name.casefold() for name in call.query("endpointNames").split(",") if name]
    kind = call.query("type").casefold()
    return collection(
        [
            _shape(call, one)
            for one in of_project(call.organisation, project)
            if (not names or one["name"].casefold() in names) and kind in ("", one["type"].casefold())
        ]
    )


def _get(call: Call) -> Answer:
    return Answer(_shape(call, _find(call)))


RESOURCES = (
    served("endpoints", {"POST": _create}, {"PUT": _update, "DELETE": _delete}),
    served("endpointsOfProject", {"GET": _list}, {"GET": _get}),
)
