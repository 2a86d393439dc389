"""The events of Azure Boards: what a service hook is told when a work item was created or changed.

Body shapes: recorded deliveries (the documentation's own sample of `workitem.updated` has other shapes). Identities are
plain texts in them, `resource.id` of an update is the number of the update, and `fields` holds only what changed.
"""

from __future__ import annotations

from urllib.parse import quote

from devops_emulator import hooks
from devops_emulator.boards import items, links
from devops_emulator.organisation import Organisation, find_project
from devops_emulator.store import Document


def created(organisation: Organisation, item: Document) -> None:
    """Tell the hooks of `workitem.created`: `resource` is the item itself."""
    _publish(organisation, item, "workitem.created", _plain(organisation, item, items.latest(item)), [])


def updated(organisation: Organisation, item: Document) -> None:
    """Tell the hooks of `workitem.updated`: `resource` is the update, with the whole item in `revision`."""
    revision = items.latest(item)
    update = items.update_between(organisation, item, revision["rev"])
    fields = _plain_changes(item, revision["rev"])
    project = find_project(organisation, item["project"])
    page = f"{organisation.url}{quote(project['name'])}/_workitems/edit/{item['id']}"
    person = update["revisedBy"]
    resource = update | {
        "revisedBy": {
            "id": person["id"],
            "name": revision["fields"]["System.ChangedBy"],
            "displayName": person["displayName"],
            "uniqueName": person["uniqueName"],
            "descriptor": person["descriptor"],
        },
        "fields": fields,
        "_links": {
            "self": {"href": update["url"]},
            "workItemUpdates": {"href": update["url"].rpartition("/")[0]},
            "parent": {"href": f"{organisation.url}{item['project']}/_apis/wit/workItems/{item['id']}"},
            "html": {"href": page},
        },
        "revision": _plain(organisation, item, revision),
    }
    _publish(organisation, item, "workitem.updated", resource, list(fields))


def changed(organisation: Organisation, changes: list[Document]) -> None:
    for item in changes:
        updated(organisation, item)


def link_pull_request(organisation: Organisation, item: Document, artifact: str) -> None:
    """Link an item to a pull request, unless it is linked already."""
    link = links.pull_request_link(artifact)
    if links.has_relation(item, link):
        return
    revision = items.latest(item)
    items.add_revision(organisation, item, items.carried(revision), [*revision["relations"], link], revision["formats"])
    updated(organisation, item)


def _publish(organisation: Organisation, item: Document, name: str, resource: Document, changed: list[str]) -> None:
    fields = items.latest(item)["fields"]
    author = fields["System.ChangedBy"].partition(" <")[0]
    event = hooks.Event(
        name=name,
        project=find_project(organisation, item["project"]),
        resource=resource,
        sentence=f"{item['type']} #{item['id']} ({fields['System.Title']}) {name.partition('.')[2]} by {author}",
        area=fields["System.AreaPath"],
        kind=item["type"],
        tags=tuple(fields.get("System.Tags", "").split("; ")),
        changed=tuple(changed),
    )
    hooks.publish(organisation, event)


def _plain(organisation: Organisation, item: Document, revision: Document) -> Document:
    shown = items.shape(organisation, item, revision, expand="all")
    return shown | {"fields": revision["fields"]}


def _plain_changes(item: Document, number: int) -> Document:
    after = item["revisions"][number - 1]["fields"]
    before = item["revisions"][number - 2]["fields"] if number > 1 else {}
    return {
        name: {
            side: value
            for side, value in (("oldValue", before.get(name)), ("newValue", after.get(name)))
            if value is not None
        }
        for name in sorted(after.keys() | before.keys())
        if after.get(name) != before.get(name)
    }
