"""The address of the model service, and the key for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from redimento.errors import UsageError

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
GOOGLE = "https://generativelanguage.googleapis.com"

# Azure Pipelines passes `$(NAME)` on unexpanded when there is no such variable.
_NOT_EXPANDED = re.compile(r"\$\([^)]*\)")
# No check of the prefix: AI Studio moved from `AIza` to `AQ.` in 2026, and the next one is unknown.
_KEY = re.compile(r"[A-Za-z0-9._~+/=:-]{1,512}")


def find_key(environment: Mapping[str, str]) -> str:
    """Return the key in GEMINI_API_KEY, else in GOOGLE_API_KEY; raise UsageError when neither holds one."""
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        key = _value(environment, name)
        if not key:
            continue
        if not _KEY.fullmatch(key):
            raise UsageError(
                f"{name} is not a Gemini key: it is far too long, or has spaces, line breaks, quotes or other "
                "characters that no key has.",
                "Copy the key alone from https://aistudio.google.com/apikey into the secret variable again.",
            )
        return key
    raise UsageError(
        "There is no key for Gemini: neither GEMINI_API_KEY nor GOOGLE_API_KEY is set.",
        "Create a key at https://aistudio.google.com/apikey, store it in a secret variable of the pipeline, and map it "
        "on the step: `env: GEMINI_API_KEY: $(GEMINI_API_KEY)`. Secret variables do not reach a step otherwise.",
    )


def find_base_url(setting: str, environment: Mapping[str, str]) -> str:
    """Return the address of the service: `model.base_url`, else GOOGLE_GEMINI_BASE_URL, else Google's own.

    Raise UsageError for an invalid address, and for http to another machine, which would send the key unencrypted.
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
            f"{source} is not a usable address for the model.",
            f"Write it like {GOOGLE}: https (http only for this machine), a host, no user name, no `?` and no `#`.",
        )
    return address


def _value(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    return "" if _NOT_EXPANDED.fullmatch(value) else value
