"""Comments of work items over REST: pages, formats, rewriting, deleting."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from html import escape

from devops_emulator import people
from devops_emulator.boards import events, items
from devops_emulator.boards.notes import add_note
from devops_emulator.faults import Fault, body_missing
from devops_emulator.organisation import Organisation, find_project, now
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, Resource

_PAGE = 200
_LONGEST = 150_000


def shape(organisation: Organisation, item: Document, note: Document, *, rendered: bool) -> Document:
    url = f"{organisation.url}{item['project']}/_apis/wit/workItems/{item['id']}/comments/{note['id']}"
    shown = {
        "workItemId": item["id"],
        "id": note["id"],
        "version": note["version"],
        "text": note["text"],
        "createdBy": _person(organisation, note["createdBy"]),
        "createdDate": note["createdDate"],
        "modifiedBy": _person(organisation, note["modifiedBy"]),
        "modifiedDate": note["modifiedDate"],
        "format": note["format"],
        "url": url,
    }
    if note["isDeleted"]:
        shown["isDeleted"] = True
    if rendered:
        shown["renderedText"] = _rendered(note)
    return shown


def _rendered(note: Document) -> str:
    if note["format"] == "html":
        return str(note["text"])
    # What the form shows matters to people only; a client must find the words, safe to put on a page.
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
    rendered = _rendering_wanted(call)
    shown = {
        "totalCount": len(notes),
        "count": len(page),
        "comments": [shape(call.organisation, item, note, rendered=rendered) for note in page],
    }
    if start + size < len(notes):
        token = urlsafe_b64encode(str(start + size).encode()).decode()
        url = f"{call.organisation.url}{item['project']}/_apis/wit/workItems/{item['id']}/comments"
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
        raise Fault(400, "VssPropertyValidationException", "The continuationToken is none that a page gave.") from error


def _create(call: Call) -> Answer:
    item = _item(call, write=True)
    note = add_note(call.organisation, item, _text(call), markdown=_markdown(call, default=False))
    revision = items.latest(item)
    fields = revision["fields"] | {"System.History": note["text"]}
    items.add_revision(call.organisation, item, fields, revision["relations"], revision["formats"])
    events.updated(call.organisation, item)
    return Answer(shape(call.organisation, item, note, rendered=True))


def _get(call: Call) -> Answer:
    item = _item(call, write=False)
    note = _note(call, item)
    if note["isDeleted"] and not call.flag("includeDeleted"):
        raise _absent(call)
    rendered = _rendering_wanted(call)
    return Answer(shape(call.organisation, item, note, rendered=rendered))


def _update(call: Call) -> Answer:
    item = _item(call, write=True)
    note = _live_note(call, item)
    markdown = _markdown(call, default=note["format"] == "markdown")
    note |= {
        "text": _text(call),
        "format": "markdown" if markdown else "html",
        "version": note["version"] + 1,
        "modifiedBy": items.person_text(people.job(call.organisation)),
        "modifiedDate": now(),
    }
    call.organisation.store.put("work_item", item["id"], item)
    return Answer(shape(call.organisation, item, note, rendered=True))


def _delete(call: Call) -> Answer:
    item = _item(call, write=True)
    _live_note(call, item)["isDeleted"] = True
    revision = items.latest(item)
    items.add_revision(call.organisation, item, items.carried(revision), revision["relations"], revision["formats"])
    return Answer(status=204)


def _rendering_wanted(call: Call) -> bool:
    # The names combine ("reactions,renderedText"), the numbers are a bit mask: -17 is all, 8 renderedText.
    asked = call.query("$expand").casefold()
    return "renderedtext" in asked or asked in ("all", "8", "-17")


def _item(call: Call, *, write: bool) -> Document:
    project = find_project(call.organisation, call.values["project"])
    load = items.writable_item if write else items.readable_item
    return load(call.organisation, call.values["workItemId"], project)


def _note(call: Call, item: Document) -> Document:
    for note in item["comments"]:
        if str(note["id"]) == call.values["commentId"]:
            found: Document = note
            return found
    raise _absent(call)


def _live_note(call: Call, item: Document) -> Document:
    note = _note(call, item)
    if note["isDeleted"]:
        raise _absent(call)
    return note


def _absent(call: Call) -> Fault:
    return Fault(
        404,
        "WorkItemCommentNotFoundException",
        f"VS403646: The comment {call.values['commentId']} of work item {call.values['workItemId']} does not exist.",
    )


def _text(call: Call) -> str:
    text = call.object().get("text")
    if not isinstance(text, str) or not text:
        raise body_missing("text")
    if len(text) > _LONGEST:
        raise Fault(400, "VssPropertyValidationException", f"A comment must not be longer than {_LONGEST} characters.")
    return text


def _markdown(call: Call, *, default: bool) -> bool:
    return call.choice("format", {0: "markdown", 1: "html"}, "markdown" if default else "html") == "markdown"


RESOURCES = (
    Resource(
        "608aac0a-32e1-4493-a863-b9cf4566d257",
        "wit",
        "comments",
        "{project}/_apis/{area}/workItems/{workItemId}/{resource}/{commentId}",
        {"GET": _list, "POST": _create},
        {"GET": _get, "PATCH": _update, "DELETE": _delete},
        version=4,
        preview=True,
        project_required=True,
    ),
)
