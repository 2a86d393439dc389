"""Relations of work items: which links are allowed, and the other end of each link."""

from __future__ import annotations

import re
from typing import Any

from devops_emulator.boards import items
from devops_emulator.faults import Fault, invalid, malformed
from devops_emulator.organisation import Organisation
from devops_emulator.store import Document

_HIERARCHY = "System.LinkTypes.Hierarchy"
# The opposite end of every link between two work items, and its name on the form.
BETWEEN_ITEMS = {
    f"{_HIERARCHY}-Reverse": (f"{_HIERARCHY}-Forward", "Parent"),
    f"{_HIERARCHY}-Forward": (f"{_HIERARCHY}-Reverse", "Child"),
    "System.LinkTypes.Related": ("System.LinkTypes.Related", "Related"),
    "System.LinkTypes.Dependency-Forward": ("System.LinkTypes.Dependency-Reverse", "Successor"),
    "System.LinkTypes.Dependency-Reverse": ("System.LinkTypes.Dependency-Forward", "Predecessor"),
    "System.LinkTypes.Duplicate-Forward": ("System.LinkTypes.Duplicate-Reverse", "Duplicate"),
    "System.LinkTypes.Duplicate-Reverse": ("System.LinkTypes.Duplicate-Forward", "Duplicate Of"),
    "Microsoft.VSTS.Common.TestedBy-Forward": ("Microsoft.VSTS.Common.TestedBy-Reverse", "Tested By"),
    "Microsoft.VSTS.Common.TestedBy-Reverse": ("Microsoft.VSTS.Common.TestedBy-Forward", "Tests"),
}
RESOURCE_LINKS = {"AttachedFile": "Attached File", "Hyperlink": "Hyperlink", "ArtifactLink": "Artifact Link"}


def relation(organisation: Organisation, value: Any) -> Document:
    """Check a relation of a request and return it as it is stored; raises Fault 400."""
    if not isinstance(value, dict) or not isinstance(value.get("rel"), str) or not isinstance(value.get("url"), str):
        raise malformed(
            "A relation must be an object with the strings rel and url, for example "
            '{"rel": "Hyperlink", "url": "https://example.com"}.'
        )
    rel, url = value["rel"], value["url"]
    attributes = {name: text for name, text in (value.get("attributes") or {}).items() if text is not None}
    if rel in BETWEEN_ITEMS:
        match = re.search(r"/_apis/wit/workItems/(\d{1,9})/?$", url, re.IGNORECASE)
        if match is None:
            raise invalid(f"The url of a {rel} relation must end with /_apis/wit/workItems/{{id}}: {url}")
        items.readable_item(organisation, match[1])
        return between(rel, int(match[1]), attributes)
    if rel == "AttachedFile":
        match = re.search(r"/_apis/wit/attachments/([0-9a-fA-F-]{36})", url, re.IGNORECASE)
        attachment = organisation.store.find("attachment", match[1].lower()) if match else None
        if attachment is None:
            raise invalid(f"TF401314: There is no attachment at {url}.")
        return attached(attachment, attributes)
    if rel == "ArtifactLink" and "name" not in attributes:
        raise invalid("VS402322: An ArtifactLink needs attributes.name, for example Pull Request.")
    if rel not in RESOURCE_LINKS:
        raise invalid(f"VS402314: The relation type {rel} does not exist.")
    return {"rel": rel, "url": url, "attributes": attributes}


def between(rel: str, target: int, attributes: Document | None = None) -> Document:
    return {
        "rel": rel,
        "url": f"{items.HOME}_apis/wit/workItems/{target}",
        "attributes": {"isLocked": False, **(attributes or {}), "name": BETWEEN_ITEMS[rel][1]},
    }


def attached(attachment: Document, attributes: Document | None = None) -> Document:
    return {
        "rel": "AttachedFile",
        "url": f"{items.HOME}_apis/wit/attachments/{attachment['id']}",
        "attributes": {
            "authorizedDate": attachment["created"],
            "resourceCreatedDate": attachment["created"],
            "resourceModifiedDate": attachment["created"],
            "revisedDate": "9999-01-01T00:00:00Z",
            **(attributes or {}),
            "resourceSize": attachment["size"],
            "name": (attributes or {}).get("name") or attachment["name"],
        },
    }


def pull_request_link(artifact: str) -> Document:
    return {"rel": "ArtifactLink", "url": artifact, "attributes": {"name": "Pull Request"}}


def check_addable(item: Document, relations: list[Document], added: Document) -> None:
    """Refuse a duplicate link, a link to the item itself, and a second parent; raises Fault 400."""
    if any(_same(added, link) for link in relations):
        raise Fault(
            400, "RelationAlreadyExistsException", f"Relation already exists: {added['rel']} to {added['url']}."
        )
    if added["url"] == f"{items.HOME}_apis/wit/workItems/{item['id']}":
        raise invalid("TF201035: A work item cannot be linked to itself.")
    parent = f"{_HIERARCHY}-Reverse"
    if added["rel"] == parent and any(link["rel"] == parent for link in relations):
        raise invalid("TF201036: You cannot add a Parent link because a work item can have only one Parent link.")


def has_relation(item: Document, link: Document) -> bool:
    return any(_same(link, known) for known in items.latest(item)["relations"])


def mirror(organisation: Organisation, item: Document, before: list[Document], after: list[Document]) -> list[Document]:
    """Add or remove the other end of each link that was added or removed; return the items this changed."""
    changed = []
    for link, gone in [
        *((link, False) for link in after if not any(_same(link, known) for known in before)),
        *((link, True) for link in before if not any(_same(link, known) for known in after)),
    ]:
        if link["rel"] not in BETWEEN_ITEMS:
            continue
        other = items.readable_item(organisation, link["url"].rpartition("/")[2])
        end = between(BETWEEN_ITEMS[link["rel"]][0], item["id"])
        before_end = items.latest(other)["relations"]
        relations = [known for known in before_end if not _same(known, end)]
        if not gone:
            check_addable(other, relations, end)
            relations.append(end)
        if relations != before_end:
            items.add_revision(organisation, other, relations=relations)
            changed.append(other)
    return changed


def _same(one: Document, other: Document) -> bool:
    # The service itself writes the percent-encoding of vstfs addresses in both cases.
    return bool(one["rel"] == other["rel"] and one["url"].casefold() == other["url"].casefold())
