"""URLs of an organisation or collection, and of pages below it."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from redimento.errors import UsageError


def collection_url(text: str) -> str:
    """Return the URL with a trailing slash; raise UsageError unless it is a plain http or https URL."""
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise UsageError(
            "The address of the Azure DevOps organisation is not a plain http or https address.",
            "SYSTEM_COLLECTIONURI should look like https://dev.azure.com/organisation/.",
        )
    return text.strip().rstrip("/") + "/"


def organisation(collection: str) -> str:
    """Return the name that the build accounts of this collection carry in brackets."""
    parts = urlsplit(collection)
    host = parts.hostname or ""
    if host.endswith(".visualstudio.com"):
        return host.partition(".")[0]
    return parts.path.strip("/").rpartition("/")[2] or host


def below(base: str, *segments: str) -> str:
    """Return `base` followed by the segments, each percent-encoded."""
    return base + "/".join(quote(segment, safe="") for segment in segments)
