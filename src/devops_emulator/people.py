"""The identities of the organisation and their tokens: the job's own, and everybody a seed or a request mentions."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import replace
from uuid import NAMESPACE_URL, UUID, uuid5

from devops_emulator.faults import Fault
from devops_emulator.organisation import NAME, Organisation, build_service, denied, projects
from devops_emulator.store import Document, pick
from devops_emulator.wire import Answer, Call, collection, hrefs, served

_NAME_AND_MAIL = re.compile(r"^\s*(?P<name>[^<>]*?)\s*<(?P<mail>[^<>]+)>\s*$")


def job(organisation: Organisation) -> Document:
    """Return the identity of the job's token (the collection's build service)."""
    identity = build_service(organisation)
    return _person(f"Project Collection Build Service ({NAME})", f"Build\\{identity}", identity)


def project_service(project: Document) -> Document:
    """Return the build service of a project, which its jobs are when their scope is the project."""
    person = _person(f"{project['name']} Build Service ({NAME})", f"Build\\{project['id']}", project["id"])
    return person | {"service": True}


def job_of(organisation: Organisation, project: Document) -> Document:
    """Return the identity of a job of this project: its scope decides which build service that is."""
    return project_service(project) if project["settings"]["enforceJobAuthScope"] else job(organisation)


def job_token(organisation: Organisation, project: Document) -> str:
    limited = project["settings"]["enforceJobAuthScope"]
    return token(organisation, project_service(project)) if limited else organisation.token


def seen_by(organisation: Organisation, person: Document) -> Organisation:
    return replace(organisation, caller=None if person["id"] == job(organisation)["id"] else person)


def me(organisation: Organisation) -> Document:
    return organisation.caller or job(organisation)


def require(
    organisation: Organisation,
    project: Document,
    right: str,
    sentence: str,
    *,
    kind: str = "AccessDeniedException",
    area: str = "",
    definition: int = 0,
) -> None:
    """Refuse a caller who lacks a right in a project, area or pipeline with a sentence, which has {who} for their name."""
    if denied(organisation, project, right, area=area, definition=definition):
        raise Fault(403, kind, sentence.replace("{who}", me(organisation)["displayName"]))


def token(organisation: Organisation, person: Document) -> str:
    return hmac.new(organisation.token.encode(), person["id"].encode(), "sha256").hexdigest()


def signed_in(organisation: Organisation, given: str) -> Organisation | None:
    """Return the organisation as the owner of a token sees it, None for an unknown token."""
    if hmac.compare_digest(given.encode(), organisation.token.encode()):
        return organisation
    for person in _everybody(organisation)[1:]:
        if hmac.compare_digest(given.encode(), token(organisation, person).encode()):
            return replace(organisation, caller=person)
    return None


def known_person(organisation: Organisation, text: str) -> Document:
    """Return the person given as `Name <mail>`, mail address or display name; add them if they are new."""
    match = _NAME_AND_MAIL.match(text)
    name, mail = (match["name"] or match["mail"], match["mail"]) if match else (text.strip(), text.strip())
    myself = job(organisation)
    if mail.casefold() in (myself["uniqueName"].casefold(), myself["displayName"].casefold()):
        return myself
    for person in organisation.store.all("person"):
        if mail.casefold() in (person["uniqueName"].casefold(), person["displayName"].casefold()):
            return person
    person = _person(name, mail, str(uuid5(NAMESPACE_URL, f"{organisation.id}/{mail.casefold()}")))
    organisation.store.put("person", person["id"], person)
    return person


def add_group(organisation: Organisation, project: Document, name: str) -> None:
    r"""Add a group or team of a project, which is shown as `[project]\name`."""
    group = _person(
        f"[{project['name']}]\\{name}",
        f"vstfs:///Classification/TeamProject/{project['id']}\\{name}",
        str(uuid5(UUID(project["id"]), name.casefold())),
    )
    organisation.store.put("person", group["id"], group)


def person_by_id(organisation: Organisation, identity: str) -> Document:
    message = f"TF400813: The identity '{identity}' was not found in this organization."
    return pick(_everybody(organisation), identity, ("id",), Fault(404, "IdentityNotFoundException", message))


def _everybody(organisation: Organisation) -> list[Document]:
    services = map(project_service, projects(organisation))
    return [job(organisation), *services, *organisation.store.all("person")]


def reference(organisation: Organisation, person: Document) -> Document:
    """Shape a person as other resources reference them (IdentityRef)."""
    avatar = f"{organisation.url}_apis/GraphProfile/MemberAvatars/{person['descriptor']}"
    return {
        "displayName": person["displayName"],
        "url": f"{organisation.url}_apis/Identities/{person['id']}",
        "_links": hrefs(avatar=avatar),
        "id": person["id"],
        "uniqueName": person["uniqueName"],
        "imageUrl": avatar,
        "descriptor": person["descriptor"],
    }


def _person(name: str, unique_name: str, identity: str) -> Document:
    kind = "svc" if unique_name.startswith("Build\\") else "vssgp" if _is_group(unique_name) else "aad"
    descriptor = f"{kind}.{urlsafe_b64encode(identity.encode()).decode().rstrip('=')}"
    return {"id": identity, "displayName": name, "uniqueName": unique_name, "descriptor": descriptor}


def _is_group(unique_name: str) -> bool:
    return unique_name.startswith("vstfs:///")


def _account(person: Document) -> str:
    """Return the name of an account within its domain."""
    name = str(person["uniqueName"])
    return name.rpartition("\\")[2] if _is_group(name) else name


def descriptor(person: Document) -> str:
    """Return the descriptor that access control lists know an identity by."""
    if _is_group(person["uniqueName"]):
        return f"Microsoft.TeamFoundation.Identity;{person['uniqueName']}"
    service = person["uniqueName"].startswith("Build\\")
    kind = "Microsoft.TeamFoundation.ServiceIdentity" if service else "Microsoft.IdentityModel.Claims.ClaimsIdentity"
    return f"{kind};{person['uniqueName']}"


def by_descriptor(organisation: Organisation, text: str) -> Document:
    """Return whom a descriptor names; raises Fault 404."""
    for person in _everybody(organisation):
        if descriptor(person).casefold() == text.casefold():
            return person
    raise Fault(404, "IdentityNotFoundException", f"The identity with descriptor '{text}' could not be found.")


def _identity(person: Document, properties: Document) -> Document:
    return {
        "id": person["id"],
        "descriptor": descriptor(person),
        "subjectDescriptor": person["descriptor"],
        "providerDisplayName": person["displayName"],
        "isActive": True,
        "isContainer": False,
        "members": [],
        "memberOf": [],
        "memberIds": [],
        "resourceVersion": 2,
        "metaTypeId": 0,
        "properties": {name: {"$type": "System.String", "$value": value} for name, value in properties.items()},
    }


def _found(person: Document) -> Document:
    name = person["uniqueName"]
    if _is_group(name):
        group = {"SchemaClassName": "Group", "Account": _account(person), "Domain": name.rpartition("\\")[0]}
        return _identity(person, group) | {"isContainer": True}
    properties = {"SchemaClassName": "User", "Account": name, "Mail": name if "@" in name else ""}
    return _identity(person, properties)


def _connection_data(call: Call) -> Answer:
    organisation = call.organisation
    user = _found(me(organisation))
    user["customDisplayName"] = user["providerDisplayName"]
    return Answer(
        {
            "authenticatedUser": user,
            "authorizedUser": user,
            "instanceId": organisation.id,
            "deploymentId": organisation.id,
            "deploymentType": "hosted",
            "locationServiceData": {
                "serviceOwner": "00025394-6065-48ca-87d9-7f5672854ef7",
                "defaultAccessMappingMoniker": "PublicAccessMapping",
                "lastChangeId": 1,
                "lastChangeId64": 1,
            },
        }
    )


def _identities(call: Call) -> Answer:
    everybody = _everybody(call.organisation)
    ids = [part.strip().casefold() for part in call.query("identityIds").split(",") if part.strip()]
    if ids:
        return collection([_found(person) for person in everybody if person["id"] in ids])
    wanted, search = call.query("filterValue").strip().casefold(), call.query("searchFilter").casefold()
    if not wanted or search not in _SEARCHES:
        filters = "AccountName, DisplayName, MailAddress, General"
        message = f"The request must have identityIds, or a searchFilter ({filters}) with a filterValue."
        raise Fault(400, "ArgumentException", message)
    return collection([_found(person) for person in everybody if _is_wanted(person, search, wanted)])


def _is_wanted(person: Document, search: str, wanted: str) -> bool:
    if search != "general":
        return str(person[_SEARCHES[search]]).casefold() == wanted
    # A general search also finds somebody whose name only begins like that, and a group by its short name.
    names = (person["uniqueName"].casefold(), _account(person).casefold())
    return wanted in names or person["displayName"].casefold().startswith(wanted)


_SEARCHES = {
    "general": "uniqueName",
    "displayname": "displayName",
    "mailaddress": "uniqueName",
    "accountname": "uniqueName",
}


RESOURCES = (
    served("ConnectionData", {"GET": _connection_data}),
    served("Identities", {"GET": _identities}),
)
