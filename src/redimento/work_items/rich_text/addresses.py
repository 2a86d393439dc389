"""Addresses in foreign text."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from redimento.text.foreign import plain

_LONGEST = 2_000


def safe(raw: str) -> str:
    """Return the address if it is safe to show as a link, "" for scripts, embedded data and anchors."""
    address = plain(raw).strip()
    if not address or address.startswith("#") or len(address) > _LONGEST:
        return ""
    try:
        scheme = urlsplit(address).scheme.lower()
    except ValueError:
        return ""
    if scheme not in {"", "http", "https", "mailto", "ftp"}:
        return ""
    return quote(address, safe="/:?#[]@!$&'*+,;=%~._-")
