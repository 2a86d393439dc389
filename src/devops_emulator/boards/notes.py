"""The discussion of a work item, as it is stored."""

from __future__ import annotations

from devops_emulator import people
from devops_emulator.boards.items import person_text
from devops_emulator.organisation import Organisation, now
from devops_emulator.store import Document


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
