"""Access control lists over REST: read, merged, and taken back bit by bit."""

from __future__ import annotations

from devops_emulator import people
from devops_emulator.faults import Fault, malformed
from devops_emulator.organisation import Organisation, denied, find_project, projects
from devops_emulator.security import namespaces
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, collection, members, served

_BEGINS = {
    namespaces.GIT: "repoV2/",
    namespaces.AREAS: "vstfs:///Classification/Node/",
    namespaces.BUILD: "",
    namespaces.TAGGING: "/",
}


def _namespace(call: Call) -> str:
    identity = call.values["securityNamespaceId"].casefold()
    if identity not in namespaces.BITS:
        message = f"The security namespace {identity} does not exist."
        raise Fault(404, "InvalidSecurityNamespaceException", message)
    return identity


def _check_may(call: Call, namespace: str, token: str) -> None:
    right = namespaces.KEEPERS[namespace]
    sentence = f"{{who}} needs the following permission(s) on the resource {token} to perform this action: {right}"
    people.require(
        call.organisation,
        _project_of(call.organisation, namespace, token),
        right,
        f"Access Denied: {sentence}",
        kind="AccessCheckException",
    )


def _project_of(organisation: Organisation, namespace: str, token: str) -> Document:
    """Return the project of a token; raises Fault 400 for one of another namespace, 404 for a project that is not there."""
    begin = _BEGINS[namespace]
    if not token or not token.startswith(begin):
        raise Fault(400, "InvalidSecurityTokenException", f"The security token '{token}' is not valid here.")
    if namespace != namespaces.AREAS:
        return find_project(organisation, token.removeprefix(begin).partition("/")[0])
    root = token.removeprefix(begin).partition(":")[0]
    for project in projects(organisation):
        if namespaces.area_id(project["id"], project["name"]) == root:
            return project
    raise Fault(404, "ClassificationNodeNotFoundException", f"The node of the token '{token}' does not exist.")


def _number(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise malformed("allow and deny are sums of bits.")
    return value


def _entry(call: Call, namespace: str, token: str, person: Document) -> Document:
    kept = call.organisation.store.find("entries", f"{namespace}/{token}") or {}
    own = kept.get(person["id"], {"allow": 0, "deny": 0})
    return {"descriptor": people.descriptor(person), **own}


def _list(call: Call) -> Answer:
    namespace = _namespace(call)
    wanted = call.query("token")
    tokens = [wanted] if wanted else _known(call, namespace)
    asked = [text for text in call.query("descriptors").split(",") if text]
    lists = []
    for token in tokens:
        _check_may(call, namespace, token)
        kept = call.organisation.store.find("entries", f"{namespace}/{token}") or {}
        persons = [people.by_descriptor(call.organisation, text) for text in asked]
        persons = persons or [people.person_by_id(call.organisation, identity) for identity in kept]
        entries = [_entry(call, namespace, token, person) for person in persons]
        if call.flag("includeExtendedInfo"):
            entries = [
                entry | {"extendedInfo": _extended(call.organisation, namespace, token, person)}
                for entry, person in zip(entries, persons, strict=True)
            ]
        shown = [one for one in entries if one["allow"] or one["deny"] or "extendedInfo" in one]
        lists.append(
            {
                "inheritPermissions": True,
                "token": token,
                "includeExtendedInfo": call.flag("includeExtendedInfo"),
                "acesDictionary": {one["descriptor"]: one for one in shown},
            }
        )
    return collection(lists)


def _known(call: Call, namespace: str) -> list[str]:
    keys = call.organisation.store.keys("entries")
    return [key.partition("/")[2] for key in keys if key.startswith(f"{namespace}/")]


def _extended(organisation: Organisation, namespace: str, token: str, person: Document) -> Document:
    """Return what a person may do in the end, as the refusals of this organisation decide it."""
    project = _project_of(organisation, namespace, token)
    seen = people.seen_by(organisation, person)
    allowed = [
        bit for right, bit in namespaces.BITS[namespace].items() if not denied(seen, project, right, token=token)
    ]
    return {"effectiveAllow": sum(allowed), "effectiveDeny": 0, "inheritedAllow": 0, "inheritedDeny": 0}


def _set(call: Call) -> Answer:
    namespace = _namespace(call)
    body = call.object("token", "merge", "accessControlEntries")
    token = str(body.get("token") or "")
    _check_may(call, namespace, token)
    key = f"{namespace}/{token}"
    kept = call.organisation.store.find("entries", key) or {}
    answered = []
    for given in body.get("accessControlEntries") or []:
        entry = members(given, ("descriptor", "allow", "deny", "extendedInfo"))
        person = people.by_descriptor(call.organisation, str(entry.get("descriptor") or ""))
        allow, deny = _number(entry.get("allow", 0)), _number(entry.get("deny", 0))
        if (allow | deny) & ~namespaces.ALL_BITS[namespace]:
            raise malformed(f"The namespace {namespace} does not have all of these bits.")
        if allow & deny:
            raise malformed("An entry cannot allow and deny the same permission.")
        before = kept.get(person["id"], {"allow": 0, "deny": 0}) if body.get("merge") else {"allow": 0, "deny": 0}
        # What is new wins over what was set the other way.
        kept[person["id"]] = {"allow": before["allow"] & ~deny | allow, "deny": before["deny"] & ~allow | deny}
        answered.append({"descriptor": people.descriptor(person), **kept[person["id"]]})
    call.organisation.store.put("entries", key, kept)
    return collection(answered)


def _take_back(call: Call) -> Answer:
    namespace, token = _namespace(call), call.query("token")
    _check_may(call, namespace, token)
    person = people.by_descriptor(call.organisation, call.query("descriptor"))
    bits = int(call.values["permissions"])
    key = f"{namespace}/{token}"
    kept = call.organisation.store.find("entries", key) or {}
    if entry := kept.pop(person["id"], None):
        left = {name: value & ~bits for name, value in entry.items()}
        kept |= {person["id"]: left} if any(left.values()) else {}
        call.organisation.store.put("entries", key, kept)
    return Answer(_entry(call, namespace, token, person))


RESOURCES = (
    served("AccessControlLists", {}, {"GET": _list}),
    served("AccessControlEntries", {}, {"POST": _set}),
    served("Permissions", {}, {"DELETE": _take_back}),
)
