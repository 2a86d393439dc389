"""Addresses of an organisation, a collection, and of what lies below it."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from redimento.errors import UsageError


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


def below(base: str, *segments: str) -> str:
    """Return `base` with every segment percent-encoded behind it."""
    return base + "/".join(quote(segment, safe="") for segment in segments)
