"""Addresses of an organisation, a collection, and of what lies below it."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

from redimento.errors import UsageError

_ATTACHMENT = re.compile(
    r"/_apis/wit/attachments/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:[/?#]|$)", re.IGNORECASE
)


def collection_url(text: str) -> str:
    """Return the address with its final slash; raise UsageError for what is no plain http or https address."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise UsageError(
            "The address of the Azure DevOps organisation is not a plain http or https address.",
            "SYSTEM_COLLECTIONURI should look like https://dev.azure.com/organisation/.",
        )
    return text.strip().rstrip("/") + "/"


def organisation(collection: str) -> str:
    """Return the name that stands in brackets behind the build accounts of this collection."""
    parts = urlsplit(collection)
    host = parts.hostname or ""
    if host.endswith(".visualstudio.com"):
        return host.partition(".")[0]
    return parts.path.strip("/").rpartition("/")[2] or host


def attachment_id(url: str) -> str:
    """Return the id in an attachment's address, "" when it is not one."""
    found = _ATTACHMENT.search(url)
    return found[1].lower() if found else ""


def below(base: str, *segments: str) -> str:
    """Return `base` with every segment percent-encoded behind it."""
    return base + "/".join(quote(segment, safe="") for segment in segments)
