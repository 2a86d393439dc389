"""Attachments: bytes that work items refer to."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

from devops_emulator.boards.items import check_may_write
from devops_emulator.faults import Fault
from devops_emulator.organisation import Organisation, find_project, now
from devops_emulator.store import Document
from devops_emulator.wire import Answer, Call, Resource

# Object limits of Azure Boards.
_LARGEST = 60 * 1024 * 1024


def keep(organisation: Organisation, name: str, content: bytes) -> Document:
    """Keep an attachment's bytes in the folder of the organisation."""
    attachment: Document = {"id": str(uuid4()), "name": name, "size": len(content), "created": now()}
    file = _file(organisation, attachment["id"])
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(content)
    organisation.store.put("attachment", attachment["id"], attachment)
    return attachment


def _file(organisation: Organisation, identity: str) -> Path:
    return organisation.folder / "attachments" / identity


def _create(call: Call) -> Answer:
    if call.values.get("project"):
        check_may_write(find_project(call.organisation, call.values["project"]))
    if call.query("uploadType", "simple").casefold() != "simple":
        raise Fault(
            400,
            "VssPropertyValidationException",
            "This organisation takes attachments in one piece (uploadType=simple).",
        )
    if call.request.mimetype != "application/octet-stream":
        raise Fault(
            415,
            "VssRequestContentTypeNotSupportedException",
            f'The request indicated a Content-Type of "{call.request.mimetype}" for method type "POST" which is not '
            "supported. Valid content types for this method are: application/octet-stream.",
        )
    content = call.request.get_data()
    if len(content) > _LARGEST:
        raise Fault(413, "AttachmentExceededMaxSizeException", f"TF237082: The attachment exceeds {_LARGEST} bytes.")
    attachment = keep(call.organisation, call.query("fileName") or "attachment", content)
    url = f"{call.organisation.url}_apis/wit/attachments/{attachment['id']}?fileName={quote(attachment['name'])}"
    return Answer({"id": attachment["id"], "url": url}, status=201)


def _get(call: Call) -> Answer:
    identity = call.values["id"].lower()
    attachment = call.organisation.store.find("attachment", identity)
    if attachment is None:
        raise Fault(404, "AttachmentNotFoundException", f"TF401311: There is no attachment {identity}.")
    name = re.sub(r"[^\w. -]", "_", call.query("fileName") or attachment["name"])
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"} if call.flag("download") else {}
    content = _file(call.organisation, identity).read_bytes()
    return Answer(content, headers=headers, content_type="application/octet-stream")


RESOURCES = (
    Resource(
        "e07b5fa4-1499-494d-a496-64b860fd64ff",
        "wit",
        "attachments",
        "{project}/_apis/{area}/{resource}/{id}",
        {"POST": _create},
        {"GET": _get},
        version=4,
        # Pictures in a description are plain addresses: a browser asks for them without a version.
        version_optional=True,
    ),
)
