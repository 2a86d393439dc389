"""The one comment of ours on a pull request, which holds what its description has no room for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from redimento.azure.client import AzureClient

_PROPERTY = "Redimento.WholeText"  # marks the thread; a comment of somebody else with it is not ours

Json = Mapping[str, Any]


def write(client: AzureClient, path: str, text: str, *, update: bool) -> None:
    """Create the comment, or let it have this text if `update`; `path` is that of the pull request.

    One that a person deleted stays away.
    """
    threads, about = f"{path}/threads", "the comments of the pull request"

    def found() -> Json | None:
        rows = client.get(threads, about=about)["value"]
        return next((row for row in rows if _is_own(client, row)), None)

    def same() -> Json | None:
        thread = found()
        return thread if thread and thread["comments"][0].get("content") == text else None

    known = found()
    if known is None:
        # Closed from the start: a policy may ask that every comment is resolved.
        comment = {"parentCommentId": 0, "content": text, "commentType": "text"}
        body = {"comments": [comment], "status": "closed", "properties": {_PROPERTY: "1"}}
        client.write("POST", threads, body=body, happened=same, about=about)
        return
    comment = known["comments"][0]
    if not update or known.get("isDeleted") or comment.get("isDeleted") or comment.get("content") == text:
        return
    address = f"{threads}/{int(known['id'])}/comments/{int(comment['id'])}"
    client.write("PATCH", address, body={"content": text}, happened=same, about=about)


def _is_own(client: AzureClient, thread: Json) -> bool:
    first: Json | None = next(iter(thread.get("comments") or ()), None)
    return _PROPERTY in (thread.get("properties") or {}) and first is not None and client.is_own(first.get("author"))
