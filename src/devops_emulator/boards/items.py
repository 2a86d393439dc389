"""Work items as they are stored: every revision complete, links without the server's address."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from devops_emulator import people
from devops_emulator.faults import malformed, no_work_item
from devops_emulator.organisation import Organisation, denied, find_project, now
from devops_emulator.store import Document
from devops_emulator.wire import hrefs

# Fields whose value is a person: stored as "Name <mail>", shown as an identity.
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
# The server's port may change between starts, so links are stored relative to its address.
HOME = "~/"
EMPTY: Document = {"fields": {}, "relations": [], "formats": {}}


def readable_item(organisation: Organisation, number: str | int, project: Document | None = None) -> Document:
    """Return a work item; raises Fault 404 TF401232 when it is absent, in another project, or unreadable."""
    item = organisation.store.find("work_item", number)
    if item is None or (project is not None and item["project"] != project["id"]):
        raise no_work_item(number)
    if denied(organisation, find_project(organisation, item["project"]), "WorkItemRead", area=area_of(item)):
        raise no_work_item(number)
    return item


def area_of(item: Document) -> str:
    return str(latest(item)["fields"]["System.AreaPath"]) if item["revisions"] else ""


def writable_item(organisation: Organisation, number: str | int, project: Document | None = None) -> Document:
    """Return a work item for a change; raises Fault 403 TF237111 if the right to write is missing."""
    item = readable_item(organisation, number, project)
    check_may_write(organisation, find_project(organisation, item["project"]), area_of(item))
    return item


def check_may_write(organisation: Organisation, project: Document, area: str = "") -> None:
    sentence = "TF237111: The current user does not have permissions to save work items under the specified area path."
    people.require(
        organisation, project, "WorkItemWrite", sentence, kind="WorkItemUnauthorizedAccessException", area=area
    )


def latest(item: Document) -> Document:
    revision: Document = item["revisions"][-1]
    return revision


def carried(revision: Document) -> Document:
    """Return the fields that the next revision inherits: all but its comment."""
    return {name: value for name, value in revision["fields"].items() if name != "System.History"}


def add_revision(
    organisation: Organisation,
    item: Document,
    *,
    fields: Document | None = None,
    relations: list[Document] | None = None,
    formats: Document | None = None,
) -> None:
    """Append a revision by the caller and store the item; what is not given stays as it is."""
    moment = now()
    me = person_text(people.me(organisation))
    number = len(item["revisions"]) + 1
    previous = latest(item) if item["revisions"] else EMPTY
    before = previous["fields"]
    fields = carried(previous) if fields is None else fields
    relations = previous["relations"] if relations is None else relations
    formats = previous["formats"] if formats is None else formats
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
    item["revisions"].append({"rev": number, "fields": fields, "relations": relations, "formats": formats})
    organisation.store.put("work_item", item["id"], item)


def add_note(
    organisation: Organisation, item: Document, text: str, *, markdown: bool = False, author: str = "", moment: str = ""
) -> Document:
    """Append a comment to an item; the caller stores the item. `author` and `moment` are for seeds."""
    moment = moment or now()
    author = author or person_text(people.me(organisation))
    note = {
        "id": organisation.store.next_number("comment"),
        "version": 1,
        "text": text,
        "format": "markdown" if markdown else "html",
        "createdBy": author,
        "createdDate": moment,
        "modifiedBy": author,
        "modifiedDate": moment,
        "isDeleted": False,
    }
    item["comments"].append(note)
    return note


def new_item(organisation: Organisation, project: Document, kind: str, number: int | None = None) -> Document:
    """Return a new work item without a revision; `number` is for seeds."""
    if number is None:
        number = organisation.store.next_number("work_item")
    else:
        organisation.store.next_number("work_item", at_least=number)
    return {"id": number, "project": project["id"], "type": kind, "revisions": [], "comments": []}


def revision_at(item: Document, moment: str) -> Document:
    """Return the revision of an item at a moment; raises Fault 404 if it did not exist yet."""
    wanted = _instant(moment)
    for revision in reversed(item["revisions"]):
        if _instant(revision["fields"]["System.ChangedDate"]) <= wanted:
            found: Document = revision
            return found
    raise no_work_item(item["id"])


def _instant(moment: str) -> datetime:
    try:
        at = datetime.fromisoformat(moment)
    except ValueError as error:
        raise malformed(f"The value '{moment}' is not valid for asOf.") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def url(organisation: Organisation, item: Document) -> str:
    return f"{organisation.url}{item['project']}/_apis/wit/workItems/{item['id']}"


def page(organisation: Organisation, item: Document) -> str:
    """Return the address of an item for people."""
    project = find_project(organisation, item["project"])
    return f"{organisation.url}{quote(project['name'])}/_workitems/edit/{item['id']}"


def reference(organisation: Organisation, item: Document) -> Document:
    """Shape an item as lists of results reference it."""
    return {"id": item["id"], "url": f"{organisation.url}_apis/wit/workItems/{item['id']}"}


def shape(
    organisation: Organisation,
    item: Document,
    revision: Document,
    *,
    expand: str = "none",
    fields: list[str] | None = None,
    formats: bool = False,
) -> Document:
    """Shape a revision (WorkItem); `expand` is none, relations, fields, links or all."""
    here = url(organisation, item)
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
        area = f"{organisation.url}{item['project']}/_apis/wit"
        shown["_links"] = hrefs(
            self=here,
            workItemUpdates=f"{here}/updates",
            workItemRevisions=f"{here}/revisions",
            workItemComments=f"{here}/comments",
            html=page(organisation, item),
            workItemType=f"{area}/workItemTypes/{quote(item['type'])}",
            fields=f"{area}/fields",
        )
    shown["url"] = here if revision is latest(item) else f"{here}/revisions/{revision['rev']}"
    return shown


def update_between(organisation: Organisation, item: Document, number: int) -> Document:
    """Shape the changes of revision `number`, counted from 1 (WorkItemUpdate)."""
    before, after = _around(item, number)
    update = {
        "id": number,
        "workItemId": item["id"],
        "rev": number,
        "revisedBy": _shown(organisation, "System.ChangedBy", after["fields"]["System.ChangedBy"]),
        "revisedDate": _superseded(item, number),
        "fields": {
            name: {side: _shown(organisation, name, value) for side, value in sides.items()}
            for name, sides in changed_fields(item, number).items()
        },
        "url": f"{url(organisation, item)}/updates/{number}",
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


def changed_fields(item: Document, number: int) -> Document:
    """Return the fields that revision `number` changed, as stored, each with its `oldValue` and `newValue`."""
    before, after = (revision["fields"] for revision in _around(item, number))
    return {
        name: {side: fields[name] for side, fields in (("oldValue", before), ("newValue", after)) if name in fields}
        for name in sorted(after.keys() | before.keys())
        if after.get(name) != before.get(name)
    }


def _around(item: Document, number: int) -> tuple[Document, Document]:
    return item["revisions"][number - 2] if number > 1 else EMPTY, item["revisions"][number - 1]


def _superseded(item: Document, number: int) -> str:
    later = item["revisions"][number:]
    return str(later[0]["fields"]["System.ChangedDate"]) if later else "9999-01-01T00:00:00Z"


def shown_relation(organisation: Organisation, link: Document) -> Document:
    address = link["url"]
    return link | {"url": organisation.url + address.removeprefix(HOME) if address.startswith(HOME) else address}


def person_text(person: Document) -> str:
    return f"{person['displayName']} <{person['uniqueName']}>"


def _shown(organisation: Organisation, name: str, value: Any) -> Any:
    if name in PERSONS:
        return people.reference(organisation, people.known_person(organisation, value))
    return value


def _target(link: Document) -> int | None:
    match = re.fullmatch(rf"{HOME}_apis/wit/workItems/(\d+)", link["url"])
    return int(match[1]) if match else None
