"""Attachments of work items."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from devops_emulator.boards.items import check_may_write
from devops_emulator.faults import Fault, malformed, wrong_content_type
from devops_emulator.organisation import Organisation, now
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, served

_LARGEST = 60 * 1024 * 1024  # bytes; object limits of Azure Boards


def keep(organisation: Organisation, name: str, content: bytes) -> Document:
    attachment: Document = {"id": str(uuid4()), "name": name, "size": len(content), "created": now()}
    file = _file(organisation, attachment["id"])
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    organisation.store.put("attachment", attachment["id"], attachment)
    return attachment


def _file(organisation: Organisation, identity: str) -> Path:
    return organisation.folder / "attachments" / identity


def _create(call: Call) -> Answer:
    project = call.any_project()
    if project:
        check_may_write(call.organisation, project)
    if call.query("uploadType", "simple").casefold() != "simple":
        raise malformed("This organisation takes attachments in one piece (uploadType=simple).")
    if call.request.mimetype != "application/octet-stream":
        raise wrong_content_type(call.request.mimetype, "POST", "application/octet-stream")
    content = call.request.get_data()
    if len(content) > _LARGEST:
        raise Fault(413, "AttachmentExceededMaxSizeException", f"TF237082: The attachment exceeds {_LARGEST} bytes.")
    attachment = keep(call.organisation, call.query("fileName") or "attachment", content)
    url = f"{call.organisation.url}_apis/wit/attachments/{attachment['id']}?fileName={quote(attachment['name'])}"
    return Answer({"id": attachment["id"], "url": url}, status=201)


def _get(call: Call) -> Answer:
    call.any_project()  # refuses one that does not exist
    identity = call.values["id"].lower()
    attachment = call.organisation.store.find("attachment", identity)
    if attachment is None:
        raise Fault(404, "AttachmentNotFoundException", f"TF401311: There is no attachment {identity}.")
    name = re.sub(r"[^\w. -]", "_", call.query("fileName") or attachment["name"])
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"} if call.flag("download") else {}
    content = _file(call.organisation, identity).read_bytes()
    return Answer(content, headers=headers, content_type="application/octet-stream")


RESOURCES = (
    # Pictures in a description are plain addresses: browsers request them without a version.
    served("attachments", {"POST": _create}, {"GET": _get}),
)
