"""Work items as they are kept: every revision whole, links without the server's address."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from devops_emulator import people
from devops_emulator.faults import Fault, no_work_item
from devops_emulator.organisation import Organisation, denied, find_project, now
from devops_emulator.store import Document

# Fields whose value is a person. They are kept as "Name <mail>" and shown as an identity.
PERSONS = frozenset(
    {
        "System.AssignedTo",
        "System.CreatedBy",
        "System.ChangedBy",
        "System.AuthorizedAs",
        "Microsoft.VSTS.Common.ActivatedBy",
        "Microsoft.VSTS.Common.ResolvedBy",
        "Microsoft.VSTS.Common.ClosedBy",
    }
)
# The server's address may change from start to start (another port), so links are kept relative to it.
HOME = "~/"


def readable_item(organisation: Organisation, number: str | int, project: Document | None = None) -> Document:
    """Load a work item; raises Fault 404 TF401232 when it is absent, elsewhere, or not to be read."""
    item = organisation.store.find("work_item", number)
    if item is None or (project is not None and item["project"] != project["id"]):
        raise no_work_item(number)
    if denied(find_project(organisation, item["project"]), "WorkItemRead"):
        raise no_work_item(number)
    return item


def writable_item(organisation: Organisation, number: str | int, project: Document | None = None) -> Document:
    """Load a work item to change it; raises Fault 403 TF237111 without the right to."""
    item = readable_item(organisation, number, project)
    check_may_write(find_project(organisation, item["project"]))
    return item


def check_may_write(project: Document) -> None:
    if denied(project, "WorkItemWrite"):
        raise Fault(
            403,
            "WorkItemUnauthorizedAccessException",
            "TF237111: The current user does not have permissions to save work items under the specified area path.",
        )


def latest(item: Document) -> Document:
    revision: Document = item["revisions"][-1]
    return revision


def carried(revision: Document) -> Document:
    """Copy the fields that the next revision starts with: the note of a revision is its own."""
    return {name: value for name, value in revision["fields"].items() if name != "System.History"}


def add_revision(
    organisation: Organisation, item: Document, fields: Document, relations: list[Document], formats: Document
) -> Document:
    """Append a revision made by the job's identity now, and keep the item."""
    moment = now()
    me = person_text(people.job(organisation))
    number = len(item["revisions"]) + 1
    before = latest(item)["fields"] if item["revisions"] else {}
    if fields.get("System.State") != before.get("System.State"):
        fields["Microsoft.VSTS.Common.StateChangeDate"] = moment
        if before and fields.get("System.Reason") == before.get("System.Reason"):
            fields["System.Reason"] = f"Moved to state {fields.get('System.State')}"
    fields |= {"System.Rev": number, "System.ChangedDate": moment, "System.ChangedBy": me, "System.AuthorizedAs": me}
    fields |= {"System.CommentCount": sum(not comment["isDeleted"] for comment in item["comments"])}
    parent = next((_target(link) for link in relations if link["rel"] == "System.LinkTypes.Hierarchy-Reverse"), None)
    fields.pop("System.Parent", None)
    if parent is not None:
        fields["System.Parent"] = parent
    revision = {"rev": number, "fields": fields, "relations": relations, "formats": formats}
    item["revisions"].append(revision)
    organisation.store.put("work_item", item["id"], item)
    return revision


def new_item(organisation: Organisation, project: Document, kind: str, number: int | None = None) -> Document:
    """Make a work item that has no revision yet; `number` is for seeds."""
    if number is None:
        number = organisation.store.next_number("work_item")
    else:
        organisation.store.next_number("work_item", at_least=number)
    return {"id": number, "project": project["id"], "type": kind, "revisions": [], "comments": []}


def revision_at(item: Document, moment: str) -> Document:
    """Find what an item was at a moment; raises Fault 404 for a moment before it existed."""
    wanted = [rev for rev in item["revisions"] if _instant(rev["fields"]["System.ChangedDate"]) <= _instant(moment)]
    if not wanted:
        raise no_work_item(item["id"])
    found: Document = wanted[-1]
    return found


def shape(
    organisation: Organisation,
    item: Document,
    revision: Document,
    *,
    expand: str = "none",
    fields: list[str] | None = None,
    formats: bool = False,
) -> Document:
    """Shape a revision as the service shows it (WorkItem). `expand`: none, relations, fields, links or all."""
    project = find_project(organisation, item["project"])
    url = f"{organisation.url}{project['id']}/_apis/wit/workItems/{item['id']}"
    shown = {
        "id": item["id"],
        "rev": revision["rev"],
        "fields": {
            name: _shown(organisation, name, value)
            for name, value in revision["fields"].items()
            if fields is None or name.casefold() in fields
        },
    }
    if formats and revision["formats"]:
        shown["multilineFieldsFormat"] = revision["formats"]
    if expand in ("relations", "all") and revision["relations"]:
        shown["relations"] = [shown_relation(organisation, link) for link in revision["relations"]]
    if expand in ("links", "all"):
        page = f"{organisation.url}{quote(project['name'])}/_workitems/edit/{item['id']}"
        shown["_links"] = {
            "self": {"href": url},
            "workItemUpdates": {"href": f"{url}/updates"},
            "workItemRevisions": {"href": f"{url}/revisions"},
            "workItemComments": {"href": f"{url}/comments"},
            "html": {"href": page},
            "workItemType": {
                "href": f"{organisation.url}{project['id']}/_apis/wit/workItemTypes/{quote(item['type'])}"
            },
            "fields": {"href": f"{organisation.url}{project['id']}/_apis/wit/fields"},
        }
    shown["url"] = url if revision is latest(item) else f"{url}/revisions/{revision['rev']}"
    return shown


def update_between(organisation: Organisation, item: Document, number: int) -> Document:
    """Shape what revision `number` (from 1) changed (WorkItemUpdate)."""
    after = item["revisions"][number - 1]
    before = item["revisions"][number - 2] if number > 1 else {"fields": {}, "relations": []}
    names = sorted(after["fields"].keys() | before["fields"].keys())
    changed: Document = {}
    for name in names:
        old, new = before["fields"].get(name), after["fields"].get(name)
        if old != new:
            changed[name] = {
                side: _shown(organisation, name, value)
                for side, value in (("oldValue", old), ("newValue", new))
                if value is not None
            }
    url = f"{organisation.url}{item['project']}/_apis/wit/workItems/{item['id']}"
    update = {
        "id": number,
        "workItemId": item["id"],
        "rev": number,
        "revisedBy": _shown(organisation, "System.ChangedBy", after["fields"]["System.ChangedBy"]),
        "revisedDate": _superseded(item, number),
        "fields": changed,
        "url": f"{url}/updates/{number}",
    }
    added = [link for link in after["relations"] if link not in before["relations"]]
    removed = [link for link in before["relations"] if link not in after["relations"]]
    if added or removed:
        update["relations"] = {
            side: [shown_relation(organisation, link) for link in links]
            for side, links in (("added", added), ("removed", removed))
            if links
        }
    return update


def _superseded(item: Document, number: int) -> str:
    later = item["revisions"][number:]
    return str(later[0]["fields"]["System.ChangedDate"]) if later else "9999-01-01T00:00:00Z"


def shown_relation(organisation: Organisation, link: Document) -> Document:
    url = link["url"]
    return link | {"url": organisation.url + url.removeprefix(HOME) if url.startswith(HOME) else url}


def person_text(person: Document) -> str:
    return f"{person['displayName']} <{person['uniqueName']}>"


def _shown(organisation: Organisation, name: str, value: Any) -> Any:
    if name in PERSONS:
        return people.reference(organisation, people.known_person(organisation, value))
    return value


def _target(link: Document) -> int | None:
    match = re.fullmatch(rf"{HOME}_apis/wit/workItems/(\d+)", link["url"])
    return int(match[1]) if match else None


def _instant(moment: str) -> str:
    """Bring ISO 8601 moments in UTC to one length, so that they compare as text."""
    match = re.match(
        r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?Z?$", moment if "T" in moment else f"{moment}T00:00:00"
    )
    if match is None:
        raise Fault(400, "VssPropertyValidationException", f"The value '{moment}' is not valid for asOf.")
    return f"{match[1]}.{(match[2] or '').ljust(9, '0')[:9]}"
