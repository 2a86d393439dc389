"""The history of a work item, and who asked for a run, as the server states it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from redimento.azure.client import AzureClient
from redimento.azure.fields import STATE
from redimento.text.foreign import neutralise
from redimento.work_items.item import WorkItem

_PAGE = 200
_MAIL = re.compile(r"[A-Za-z0-9._%+'-]{1,64}@[A-Za-z0-9.-]{1,189}")
_LONGEST_NAME = 100
_NOT_IN_A_NAME = re.compile(r"[<>\"\\\s]+")

Json = Mapping[str, Any]


def queued(client: AzureClient, project: str, run: str) -> str:
    """Return who queued a build, as `Name <mail>`, "" if that is no person with a mail address."""
    build = client.get(f"_apis/build/builds/{int(run)}", project=project, about=f"run {run}")
    return _person(build.get("requestedFor"))


def moved(client: AzureClient, item: WorkItem) -> str:
    """Return who moved an item to its state last, our own moves apart, or else who created it."""
    creator = mover = ""
    for update in updates(client, item.id):
        who = update.get("revisedBy")
        creator = creator or _person(who)
        if STATE in (update.get("fields") or {}) and not client.is_own(who):
            mover = _person(who)
    return mover or creator


def updates(client: AzureClient, item_id: int) -> Iterator[Json]:
    """Yield the updates of an item, the oldest first."""
    about = f"the history of work item {item_id}"
    return client.pages(f"_apis/wit/workItems/{item_id}/updates", {}, size=_PAGE, about=about)


def _person(identity: Any) -> str:
    """Return `Name <mail>`, fit for a trailer; "" without a mail address, as a service has none."""
    if not isinstance(identity, Mapping):
        return ""
    mail = str(identity.get("uniqueName") or "").strip()
    if not _MAIL.fullmatch(mail):
        return ""
    name = _NOT_IN_A_NAME.sub(" ", neutralise(str(identity.get("displayName") or ""))).strip()
    return f"{name[:_LONGEST_NAME].strip() or mail.partition('@')[0]} <{mail}>"
