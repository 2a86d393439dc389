"""URLs of an organisation or collection, and of pages below it."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote, urlsplit

from redimento.errors import UsageError

_NEW_HOST = "dev.azure.com"
_OLD_HOST = ".visualstudio.com"
_ATTACHMENT = re.compile(
    r"(?:([^/]{1,400})/)?_apis/wit/attachments/([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})", re.IGNORECASE
)


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


def attachment(url: str, collection: str) -> tuple[str, str] | None:
    """Return the project ("" for none) and the id of the attachment at `url`, None unless it is in the collection.

    An organisation has two addresses, https://dev.azure.com/name/ and https://name.visualstudio.com/.
    """
    try:
        parts, own = _modern(url), _modern(collection)
    except ValueError:
        return None
    if (parts.scheme, parts.netloc) != (own.scheme, own.netloc) or not parts.path.casefold().startswith(
        own.path.casefold()
    ):
        return None
    found = _ATTACHMENT.fullmatch(parts.path[len(own.path) :])
    return (unquote(found[1] or ""), found[2].lower()) if found else None


def _modern(url: str) -> SplitResult:
    """Return the parts of an address; of an organisation's older one, those of its newer one."""
    parts = urlsplit(url.strip())
    parts = parts._replace(netloc=parts.netloc.lower())
    name = parts.netloc.removesuffix(_OLD_HOST)
    if parts.scheme != "https" or not re.fullmatch("[a-z0-9-]+", name) or name == parts.netloc:
        return parts
    return parts._replace(netloc=_NEW_HOST, path=f"/{name}{parts.path}")


def below(base: str, *segments: str) -> str:
    """Return `base` followed by the segments, each percent-encoded."""
    return base + "/".join(quote(segment, safe="") for segment in segments)
