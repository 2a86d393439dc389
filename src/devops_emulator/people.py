"""The identities of the organisation: the job's own and everybody a seed or a request names."""

from __future__ import annotations

import re
from base64 import urlsafe_b64encode
from uuid import NAMESPACE_URL, UUID, uuid5

from devops_emulator.faults import Fault
from devops_emulator.organisation import NAME, Organisation
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, Resource, collection

_NAME_AND_MAIL = re.compile(r"^\s*(?P<name>[^<>]*?)\s*<(?P<mail>[^<>]+)>\s*$")


def job(organisation: Organisation) -> Document:
    """Name the identity behind the job's token (the collection's build service)."""
    identity = str(uuid5(UUID(organisation.id), "build"))
    return _person(f"Project Collection Build Service ({NAME})", f"Build\\{identity}", identity)


def known_person(organisation: Organisation, text: str) -> Document:
    """Take `Name <mail>`, a mail address, or a display name as a person, and remember them."""
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


def person_by_id(organisation: Organisation, identity: str) -> Document:
    """Find a person by id; raises Fault 404 for an identity that nobody has."""
    for person in (job(organisation), *organisation.store.all("person")):
        if person["id"] == identity.casefold():
            return person
    raise Fault(
        404, "IdentityNotFoundException", f"TF400813: The identity '{identity}' was not found in this organization."
    )


def reference(organisation: Organisation, person: Document) -> Document:
    """Shape a person as other resources refer to them (IdentityRef)."""
    return {
        "displayName": person["displayName"],
        "url": f"{organisation.url}_apis/Identities/{person['id']}",
        "_links": {
            "avatar": {"href": f"{organisation.url}_apis/GraphProfile/MemberAvatars/{person['descriptor']}"},
        },
        "id": person["id"],
        "uniqueName": person["uniqueName"],
        "imageUrl": f"{organisation.url}_apis/GraphProfile/MemberAvatars/{person['descriptor']}",
        "descriptor": person["descriptor"],
    }


def _person(name: str, unique_name: str, identity: str) -> Document:
    kind = "svc" if unique_name.startswith("Build\\") else "aad"
    descriptor = f"{kind}.{urlsafe_b64encode(identity.encode()).decode().rstrip('=')}"
    return {"id": identity, "displayName": name, "uniqueName": unique_name, "descriptor": descriptor}


def _identity(person: Document) -> Document:
    return {
        "id": person["id"],
        "descriptor": f"Microsoft.IdentityModel.Claims.ClaimsIdentity;{person['uniqueName']}",
        "subjectDescriptor": person["descriptor"],
        "providerDisplayName": person["displayName"],
        "isActive": True,
        "isContainer": False,
        "members": [],
        "memberOf": [],
        "memberIds": [],
        "resourceVersion": 2,
        "metaTypeId": 0,
        "properties": {
            "SchemaClassName": {"$type": "System.String", "$value": "User"},
            "Account": {"$type": "System.String", "$value": person["uniqueName"]},
            "Mail": {"$type": "System.String", "$value": person["uniqueName"] if "@" in person["uniqueName"] else ""},
        },
    }


def _connection_data(call: Call) -> Answer:
    organisation = call.organisation
    me = job(organisation)
    user = {
        "id": me["id"],
        "descriptor": f"Microsoft.TeamFoundation.ServiceIdentity;{me['uniqueName']}",
        "subjectDescriptor": me["descriptor"],
        "providerDisplayName": me["displayName"],
        "customDisplayName": me["displayName"],
        "isActive": True,
        "isContainer": False,
        "members": [],
        "memberOf": [],
        "memberIds": [],
        "resourceVersion": 2,
        "metaTypeId": 0,
        "properties": {"Account": {"$type": "System.String", "$value": me["uniqueName"]}},
    }
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
    everybody = [job(call.organisation), *call.organisation.store.all("person")]
    ids = [part.strip().casefold() for part in call.query("identityIds").split(",") if part.strip()]
    if ids:
        return collection([_identity(person) for person in everybody if person["id"] in ids])
    wanted = call.query("filterValue").strip().casefold()
    search = call.query("searchFilter").casefold()
    if not wanted or search not in _SEARCHES:
        raise Fault(
            400,
            "ArgumentException",
            "The request has to name identityIds, or a searchFilter (AccountName, DisplayName, MailAddress, General) "
            "with its filterValue.",
        )
    members = _SEARCHES[search]
    return collection(
        [_identity(person) for person in everybody if wanted in {person[member].casefold() for member in members}]
    )


_SEARCHES = {
    "general": ("displayName", "uniqueName"),
    "displayname": ("displayName",),
    "mailaddress": ("uniqueName",),
    "accountname": ("uniqueName",),
}

RESOURCES = (
    Resource(
        "00d9565f-ed9c-4a06-9a50-00e7896ccab4",
        "Location",
        "ConnectionData",
        "_apis/{resource}",
        {"GET": _connection_data},
        preview=True,
        version_optional=True,
    ),
    Resource(
        "28010c54-d0c0-4c89-a5b0-1c9e188b9fb7",
        "IMS",
        "Identities",
        "_apis/{resource}",
        {"GET": _identities},
    ),
)
