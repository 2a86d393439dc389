"""Work items over REST: reading, creating and changing them, their revisions and updates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from devops_emulator import people
from devops_emulator.boards import changes, events, items, processes
from devops_emulator.faults import Fault, malformed
from devops_emulator.organisation import Organisation, find_project, now
from devops_emulator.store import Document
from devops_emulator.wire import JSON_PATCH, Answer, Call, Resource, choice, collection, listed

_EXPANSIONS = {0: "none", 1: "relations", 2: "fields", 3: "links", 4: "all"}
_POLICIES = {1: "fail", 2: "omit"}
_MOST = 200


@dataclass(frozen=True)
class _View:
    """What a request wants to see of an item."""

    expansion: str = "none"
    fields: list[str] | None = None
    moment: str = ""


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


def _view(call: Call) -> _View:
    return _View(_expansion(call), _fields(call.query("fields").split(",")), call.query("asOf"))


def _one(call: Call) -> Answer:
    return Answer(_shaped(call, _item(call), _view(call)))


def _many(call: Call) -> Answer:
    ids = [part.strip() for part in call.query("ids").split(",") if part.strip()]
    return _batch(call, ids, _view(call), call.choice("errorPolicy", _POLICIES, "fail"))


def _post_batch(call: Call) -> Answer:
    body = call.object("ids", "fields", "asOf", "$expand", "errorPolicy")
    expansion = choice(str(body.get("$expand") or "none"), _EXPANSIONS, "the body")
    policy = choice(str(body.get("errorPolicy") or "fail"), _POLICIES, "the body")
    view = _View(expansion, _fields(listed(body.get("fields"))), body.get("asOf") or "")
    return _batch(call, listed(body.get("ids")), view, policy)


def _batch(call: Call, ids: list[Any], view: _View, policy: str) -> Answer:
    if not ids or len(ids) > _MOST:
        raise malformed(f"VS403474: You must request between 1 and {_MOST} work items, not {len(ids)}.")
    found: list[Document | None] = []
    for number in ids:
        try:
            found.append(_shaped(call, items.readable_item(call.organisation, number, call.project()), view))
        except Fault as fault:
            if policy != "omit" or fault.status != HTTPStatus.NOT_FOUND:
                raise
            found.append(None)
    return collection(found)


def _create(call: Call) -> Answer:
    organisation = call.organisation
    project = find_project(organisation, call.values["project"])
    operations = call.json(JSON_PATCH)
    items.check_may_write(organisation, project)
    item, others = create_item(organisation, project, call.values["type"], operations)
    if call.flag("validateOnly"):
        organisation.store.discard()
    if not call.flag("suppressNotifications"):
        events.created(organisation, item)
        events.changed(organisation, others)
    return Answer(_shaped(call, item, _View(_expansion(call, "all"))))


def _update(call: Call) -> Answer:
    organisation = call.organisation
    operations = call.json(JSON_PATCH)
    item = items.writable_item(organisation, call.values["id"], call.project())
    changed = changes.apply_patch(organisation, item, operations, bypass=call.flag("bypassRules"))
    shown = _shaped(call, item, _View(_expansion(call, "relations")))
    if call.flag("validateOnly"):
        organisation.store.discard()
    if not call.flag("suppressNotifications"):
        events.changed(organisation, changed)
    return Answer(shown)


def _revisions(call: Call) -> Answer:
    item, expansion = _item(call), _expansion(call)
    page = call.page(item["revisions"], _MOST)
    return collection([items.shape(call.organisation, item, revision, expand=expansion) for revision in page])


def _revision(call: Call) -> Answer:
    item = _item(call)
    number = _number_within(item, call.values["revisionNumber"])
    return Answer(items.shape(call.organisation, item, item["revisions"][number - 1], expand=_expansion(call)))


def _updates(call: Call) -> Answer:
    item = _item(call)
    numbers = call.page(range(1, len(item["revisions"]) + 1), _MOST)
    return collection([items.update_between(call.organisation, item, number) for number in numbers])


def _update_of(call: Call) -> Answer:
    item = _item(call)
    return Answer(items.update_between(call.organisation, item, _number_within(item, call.values["updateNumber"])))


def _item(call: Call) -> Document:
    return items.readable_item(call.organisation, call.values["id"], call.project())


def _number_within(item: Document, text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= len(item["revisions"]):
        raise Fault(
            404, "WorkItemRevisionNotFoundException", f"VS403471: Work item {item['id']} has no revision {text}."
        )
    return int(text)


def _expansion(call: Call, default: str = "none") -> str:
    return call.choice("$expand", _EXPANSIONS, default)


def _fields(names: Iterable[Any]) -> list[str] | None:
    return [str(name).strip().casefold() for name in names if str(name).strip()] or None


def _shaped(call: Call, item: Document, view: _View) -> Document:
    if view.fields is not None and view.expansion not in ("none", "links"):
        raise malformed("The expand parameter can not be used with the fields parameter.")
    revision = items.revision_at(item, view.moment) if view.moment else items.latest(item)
    # Only 7.2 shows which long texts are Markdown; 7.1 lacks the member.
    formats = call.version > (7, 1)
    return items.shape(call.organisation, item, revision, expand=view.expansion, fields=view.fields, formats=formats)


RESOURCES = (
    Resource(
        "72c7ddf8-2cdc-4f60-90cd-ab71c14a399b",
        "wit",
        "workItems",
        "{project}/_apis/{area}/{resource}/{id}",
        {"GET": _many},
        {"GET": _one, "PATCH": _update},
        version=3,
    ),
    Resource(
        "62d3d110-0047-428c-ad3c-4fe872c91c74",
        "wit",
        "workItems",
        "{project}/_apis/{area}/{resource}/${type}",
        {"POST": _create},
        version=3,
        project_required=True,
    ),
    Resource(
        "908509b6-4248-4475-a1cd-829139ba419f",
        "wit",
        "workItemsBatch",
        "{project}/_apis/{area}/{resource}",
        {"POST": _post_batch},
        version=1,
    ),
    Resource(
        "a00c85a5-80fa-4565-99c3-bcd2181434bb",
        "wit",
        "revisions",
        "{project}/_apis/{area}/workItems/{id}/{resource}/{revisionNumber}",
        {"GET": _revisions},
        {"GET": _revision},
        version=3,
    ),
    Resource(
        "6570bf97-d02c-4a91-8d93-3abe9895b1a9",
        "wit",
        "updates",
        "{project}/_apis/{area}/workItems/{id}/{resource}/{updateNumber}",
        {"GET": _updates},
        {"GET": _update_of},
        version=4,
    ),
)
