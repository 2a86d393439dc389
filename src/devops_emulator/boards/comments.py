"""Comments of work items over REST: pages, formats, editing, deleting."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from html import escape

from devops_emulator import people
from devops_emulator.boards import events, items
from devops_emulator.faults import Fault, body_missing, malformed
from devops_emulator.organisation import Organisation, now
from devops_emulator.store import Document, pick
from devops_emulator.wire import Answer, Call, served

_PAGE = 200
_LONGEST = 150_000


def shape(organisation: Organisation, item: Document, note: Document, *, rendered: bool) -> Document:
    shown = note | {
        "workItemId": item["id"],
        "createdBy": _person(organisation, note["createdBy"]),
        "modifiedBy": _person(organisation, note["modifiedBy"]),
        "url": f"{items.url(organisation, item)}/comments/{note['id']}",
    }
    if not note["isDeleted"]:
        del shown["isDeleted"]
    if rendered:
        shown["renderedText"] = _rendered(note)
    return shown


def _rendered(note: Document) -> str:
    if note["format"] == "html":
        return str(note["text"])
    # Only people see the exact form; clients need the words, safe to put on a page.
    paragraphs = (escape(part).replace("\n", "<br>") for part in note["text"].split("\n\n"))
    return "".join(f"<p>{part}</p>" for part in paragraphs)


def _person(organisation: Organisation, text: str) -> Document:
    return people.reference(organisation, people.known_person(organisation, text))


def _list(call: Call) -> Answer:
    item = _item(call, write=False)
    notes = [note for note in item["comments"] if call.flag("includeDeleted") or not note["isDeleted"]]
    ascending = call.choice("order", {1: "asc", 2: "desc"}, "desc") == "asc"
    if not ascending:
        notes.reverse()
    start = _position(call.query("continuationToken"))
    size = max(1, min(call.number("$top", _PAGE), _PAGE))
    page = notes[start : start + size]
    shown = {
        "totalCount": len(notes),
        "count": len(page),
        "comments": [shape(call.organisation, item, note, rendered=_rendering_wanted(call)) for note in page],
    }
    if start + size < len(notes):
        token = urlsafe_b64encode(str(start + size).encode()).decode()
        url = f"{items.url(call.organisation, item)}/comments"
        order = "asc" if ascending else "desc"
        shown |= {
            "continuationToken": token,
            "nextPage": f"{url}?$top={size}&order={order}&continuationToken={token}&api-version=7.1-preview.4",
        }
    return Answer(shown)


def _position(token: str) -> int:
    if not token:
        return 0
    try:
        return int(urlsafe_b64decode(token))
    except (ValueError, Base64Error) as error:
        raise malformed("The continuationToken is not one that a page returned.") from error


def _create(call: Call) -> Answer:
    item = _item(call, write=True)
    note = items.add_note(call.organisation, item, _text(call), markdown=_markdown(call, default=False))
    items.add_revision(call.organisation, item, fields=items.latest(item)["fields"] | {"System.History": note["text"]})
    events.updated(call.organisation, item)
    events.commented(call.organisation, item, note)
    return Answer(shape(call.organisation, item, note, rendered=True))


def _get(call: Call) -> Answer:
    item = _item(call, write=False)
    note = _note(call, item, deleted=call.flag("includeDeleted"))
    return Answer(shape(call.organisation, item, note, rendered=_rendering_wanted(call)))


def _update(call: Call) -> Answer:
    item = _item(call, write=True)
    note = _note(call, item)
    markdown = _markdown(call, default=note["format"] == "markdown")
    note |= {
        "text": _text(call),
        "format": "markdown" if markdown else "html",
        "version": note["version"] + 1,
        "modifiedBy": items.person_text(people.me(call.organisation)),
        "modifiedDate": now(),
    }
    call.organisation.store.put("work_item", item["id"], item)
    return Answer(shape(call.organisation, item, note, rendered=True))


def _delete(call: Call) -> Answer:
    item = _item(call, write=True)
    _note(call, item)["isDeleted"] = True
    items.add_revision(call.organisation, item)
    return Answer(status=204)


def _rendering_wanted(call: Call) -> bool:
    # Names can be combined ("reactions,renderedText"); numbers are a bit mask: -17 is all, 8 renderedText.
    asked = call.query("$expand").casefold()
    return "renderedtext" in asked or asked in ("all", "8", "-17")


def _item(call: Call, *, write: bool) -> Document:
    project = call.project
    load = items.writable_item if write else items.readable_item
    return load(call.organisation, call.values["workItemId"], project)


def _note(call: Call, item: Document, *, deleted: bool = False) -> Document:
    number = call.values["commentId"]
    message = f"VS403646: The comment {number} of work item {item['id']} does not exist."
    notes = [note for note in item["comments"] if deleted or not note["isDeleted"]]
    return pick(notes, number, ("id",), Fault(404, "WorkItemCommentNotFoundException", message))


def _text(call: Call) -> str:
    text = call.object().get("text")
    if not isinstance(text, str) or not text:
        raise body_missing("text")
    if len(text) > _LONGEST:
        raise malformed(f"A comment must not be longer than {_LONGEST} characters.")
    return text


def _markdown(call: Call, *, default: bool) -> bool:
    return call.choice("format", {0: "markdown", 1: "html"}, "markdown" if default else "html") == "markdown"


RESOURCES = (served("comments", {"GET": _list, "POST": _create}, {"GET": _get, "PATCH": _update, "DELETE": _delete}),)
