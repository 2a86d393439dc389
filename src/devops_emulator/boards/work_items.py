"""Work items over REST: reading, creating and changing them, their revisions and updates."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from devops_emulator import people
from devops_emulator.boards import changes, events, items, processes
from devops_emulator.faults import Fault, malformed
from devops_emulator.organisation import Organisation, now
from devops_emulator.store import Document
from devops_emulator.wire import JSON_PATCH, Answer, Call, choice, collection, listed, served

_EXPANSIONS = {0: "none", 1: "relations", 2: "fields", 3: "links", 4: "all"}
_POLICIES = {1: "fail", 2: "omit"}
_MOST = 200


def create_item(
    organisation: Organisation,
    project: Document,
    kind: str,
    operations: Any,
    *,
    number: int | None = None,
    bypass: bool = False,
) -> tuple[Document, list[Document]]:
    """Create a work item from a JSON Patch; returns it and the other items its links changed.

    `number` and `bypass` (which allows read-only fields) are for seeds.
    """
    kind = processes.type_name(project["process"], kind)
    item = items.new_item(organisation, project, kind, number)
    moment = now()
    author = items.person_text(people.me(organisation))
    base = {
        "System.Id": item["id"],
        "System.AreaPath": project["name"],
        "System.TeamProject": project["name"],
        "System.IterationPath": project["name"],
        "System.WorkItemType": kind,
        "System.State": processes.states(project, kind)[0].name,
        "System.Reason": "New",
        "System.CreatedDate": moment,
        "System.CreatedBy": author,
    }
    changed = changes.apply_patch(organisation, item, operations, base=base, bypass=bypass)
    return item, changed[1:]


def _one(call: Call) -> Answer:
    return Answer(_shaped(call, _item(call), _expansion(call), _fields(call), call.query("asOf")))


def _many(call: Call) -> Answer:
    ids = [part.strip() for part in call.query("ids").split(",") if part.strip()]
    policy = call.choice("errorPolicy", _POLICIES, "fail")
    return _batch(call, ids, policy, (_expansion(call), _fields(call), call.query("asOf")))


def _fields(call: Call) -> list[str]:
    return call.query("fields").split(",")


def _post_batch(call: Call) -> Answer:
    body = call.object("ids", "fields", "asOf", "$expand", "errorPolicy")
    expansion = choice(str(body.get("$expand") or "none"), _EXPANSIONS, "the body")
    policy = choice(str(body.get("errorPolicy") or "fail"), _POLICIES, "the body")
    view = (expansion, listed(body.get("fields")), str(body.get("asOf") or ""))
    return _batch(call, listed(body.get("ids")), policy, view)


def _batch(call: Call, ids: list[Any], policy: str, view: tuple[str, list[Any], str]) -> Answer:
    if not ids or len(ids) > _MOST:
        raise malformed(f"VS403474: You must request between 1 and {_MOST} work items, not {len(ids)}.")
    found: list[Document | None] = []
    for number in ids:
        try:
            item = items.readable_item(call.organisation, number, call.any_project())
            found.append(_shaped(call, item, *view))
        except Fault as fault:
            if policy != "omit" or fault.status != HTTPStatus.NOT_FOUND:
                raise
            found.append(None)
    return collection(found)


def _create(call: Call) -> Answer:
    organisation, operations = call.organisation, call.json(JSON_PATCH)
    items.check_may_write(organisation, call.project)
    item, others = create_item(organisation, call.project, call.values["type"], operations)
    if not call.flag("suppressNotifications"):
        events.created(organisation, item)
        events.changed(organisation, others)
    return _changed(call, item, "all")


def _update(call: Call) -> Answer:
    organisation, operations = call.organisation, call.json(JSON_PATCH)
    item = items.writable_item(organisation, call.values["id"], call.any_project())
    changed = changes.apply_patch(organisation, item, operations, bypass=call.flag("bypassRules"))
    if not call.flag("suppressNotifications"):
        events.changed(organisation, changed)
    return _changed(call, item, "relations")


def _changed(call: Call, item: Document, expansion: str) -> Answer:
    """Answer with a changed item; a request that only validates changes and announces nothing."""
    shown = _shaped(call, item, _expansion(call, expansion))
    if call.flag("validateOnly"):
        call.organisation.store.discard()
    return Answer(shown)


def _revisions(call: Call) -> Answer:
    item, expansion = _item(call), _expansion(call)
    page = call.page(item["revisions"], _MOST)
    return collection([items.shape(call.organisation, item, revision, expand=expansion) for revision in page])


def _revision(call: Call) -> Answer:
    item, number = _item(call), _number(call, "revisionNumber")
    return Answer(items.shape(call.organisation, item, item["revisions"][number - 1], expand=_expansion(call)))


def _number(call: Call, name: str) -> int:
    """Return the number of a revision in the address; raises Fault 404 for one that the item does not have."""
    text, item = call.values[name], _item(call)
    if text not in map(str, range(1, len(item["revisions"]) + 1)):
        sentence = f"VS403471: Work item {item['id']} has no revision {text}."
        raise Fault(404, "WorkItemRevisionNotFoundException", sentence)
    return int(text)


def _updates(call: Call) -> Answer:
    item = _item(call)
    numbers = call.page(range(1, len(item["revisions"]) + 1), _MOST)
    return collection([items.update_between(call.organisation, item, number) for number in numbers])


def _one_update(call: Call) -> Answer:
    return Answer(items.update_between(call.organisation, _item(call), _number(call, "updateNumber")))


def _item(call: Call) -> Document:
    return items.readable_item(call.organisation, call.values["id"], call.any_project())


def _expansion(call: Call, default: str = "none") -> str:
    return call.choice("$expand", _EXPANSIONS, default)


def _shaped(call: Call, item: Document, expansion: str, fields: Iterable[Any] = (), moment: str = "") -> Document:
    names = [str(name).strip().casefold() for name in fields if str(name).strip()]
    if names and expansion not in ("none", "links"):
        raise malformed("The expand parameter can not be used with the fields parameter.")
    # Only 7.2 shows which long texts are Markdown; 7.1 lacks the member.
    formats, revision = call.version > (7, 1), items.revision_at(item, moment) if moment else items.latest(item)
    return items.shape(call.organisation, item, revision, expand=expansion, fields=names or None, formats=formats)


RESOURCES = (
    served("workItems", {"GET": _many}, {"GET": _one, "PATCH": _update}),
    served("workItemsOfType", {"POST": _create}),
    served("workItemsBatch", {"POST": _post_batch}),
    served("revisions", {"GET": _revisions}, {"GET": _revision}),
    served("updates", {"GET": _updates}, {"GET": _one_update}),
)
