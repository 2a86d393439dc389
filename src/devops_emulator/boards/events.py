"""The events of Azure Boards: what service hooks receive when a work item was created or changed.

Body shapes: recorded deliveries (the documentation's sample of `workitem.updated` differs). Identities are plain strings
there, `resource.id` of an update is the number of the update, and `fields` has only the changes.
"""

from __future__ import annotations

from devops_emulator import hooks
from devops_emulator.boards import items, links
from devops_emulator.organisation import Organisation, find_project
from devops_emulator.store import Document
from devops_emulator.wire import hrefs


def created(organisation: Organisation, item: Document) -> None:
    """Publish `workitem.created`: `resource` is the item itself."""
    _publish(organisation, item, "workitem.created", _plain(organisation, item, items.latest(item)), [])


def updated(organisation: Organisation, item: Document) -> None:
    """Publish `workitem.updated`: `resource` is the update, with the complete item in `revision`."""
    revision = items.latest(item)
    update = items.update_between(organisation, item, revision["rev"])
    fields = items.changed_fields(item, revision["rev"])
    person = update["revisedBy"]
    resource = update | {
        "revisedBy": {
            **{name: person[name] for name in ("id", "displayName", "uniqueName", "descriptor")},
            "name": revision["fields"]["System.ChangedBy"],
        },
        "fields": fields,
        "_links": hrefs(
            self=update["url"],
            workItemUpdates=update["url"].rpartition("/")[0],
            parent=items.url(organisation, item),
            html=items.page(organisation, item),
        ),
        "revision": _plain(organisation, item, revision),
    }
    _publish(organisation, item, "workitem.updated", resource, list(fields))


def commented(organisation: Organisation, item: Document, note: Document) -> None:
    """Publish `workitem.commented`: `resource` is the item itself, with the comment as its history."""
    shown = _plain(organisation, item, items.latest(item))
    shown["fields"] = shown["fields"] | {"System.History": note["text"]}
    _publish(organisation, item, "workitem.commented", shown, ["System.History"])


def changed(organisation: Organisation, changes: list[Document]) -> None:
    for item in changes:
        updated(organisation, item)


def link_pull_request(organisation: Organisation, item: Document, artifact: str) -> None:
    """Link an item to a pull request, unless it already is."""
    link = links.pull_request_link(artifact)
    if links.has_relation(item, link):
        return
    items.add_revision(organisation, item, relations=[*items.latest(item)["relations"], link])
    updated(organisation, item)


def _publish(organisation: Organisation, item: Document, name: str, resource: Document, changed: list[str]) -> None:
    fields = items.latest(item)["fields"]
    author = fields["System.ChangedBy"].partition(" <")[0]
    event = hooks.Event(
        name=name,
        project=find_project(organisation, item["project"]),
        fields=fields,
        resource=resource,
        sentence=f"{item['type']} #{item['id']} ({fields['System.Title']}) {name.partition('.')[2]} by {author}",
        changed=tuple(changed),
    )
    hooks.publish(organisation, event)


def _plain(organisation: Organisation, item: Document, revision: Document) -> Document:
    shown = items.shape(organisation, item, revision, expand="all")
    return shown | {"fields": revision["fields"]}
