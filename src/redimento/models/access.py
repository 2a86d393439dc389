"""Where the model is reached, and the key to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from redimento.errors import UsageError

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
GOOGLE = "https://generativelanguage.googleapis.com"

# Azure Pipelines hands on `$(NAME)` as it stands when there is no such variable.
_NOT_EXPANDED = re.compile(r"\$\([^)]*\)")
# The prefix says nothing: `AIza` is followed by `AQ.` since 2026, and the next one is unknown (as AI Studio hands them out).
_KEY = re.compile(r"[A-Za-z0-9._~+/=:-]{1,512}")


def find_key(environment: Mapping[str, str]) -> str:
    """Return the key in GEMINI_API_KEY, or else in GOOGLE_API_KEY; raise UsageError when neither holds one."""
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        key = _value(environment, name)
        if not key:
            continue
        if not _KEY.fullmatch(key):
            raise UsageError(
                f"{name} does not hold a Gemini key: it has spaces, line breaks, quotes or other characters "
                "that no key has, or is far too long.",
                "Copy the bare key from https://aistudio.google.com/apikey into the secret variable again.",
            )
        return key
    raise UsageError(
        "There is no key for Gemini: neither GEMINI_API_KEY nor GOOGLE_API_KEY is set.",
        "Add a secret variable to the pipeline and map it on the step: `env: GEMINI_API_KEY: $(GEMINI_API_KEY)`; "
        "secret variables do not reach a step by themselves. A key comes from https://aistudio.google.com/apikey.",
    )


def find_base_url(setting: str, environment: Mapping[str, str]) -> str:
    """Return the address of the service: `model.base_url`, else GOOGLE_GEMINI_BASE_URL, else Google's own.

    Raise UsageError for something that is no address of a host, and for http to another machine: the key would travel
    in the clear.
    """
    source = "model.base_url" if setting else "GOOGLE_GEMINI_BASE_URL"
    address = (setting or _value(environment, "GOOGLE_GEMINI_BASE_URL") or GOOGLE).rstrip("/")
    try:
        parts = urlsplit(address)
        schemes = {"http", "https"} if parts.hostname in _LOOPBACK else {"https"}
        usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
        bare = not (parts.username or parts.password or parts.query or parts.fragment)
    except ValueError:
        usable = bare = False
    if not (usable and bare and address.isascii() and address.isprintable() and " " not in address):
        raise UsageError(
            f"{source} is not an address that the model can be reached at.",
            f"Write it like {GOOGLE}: https (http on this machine only), a host, no user name, no `?` and no `#`.",
        )
    return address


def _value(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    return "" if _NOT_EXPANDED.fullmatch(value) else value
