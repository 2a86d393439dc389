"""Proxies and certificate authorities that the environment names: checked once, before anything is sent.

Each library reads other variables and fails in its own way at the first call: httpx2 with an ImportError for SOCKS,
ssl with a FileNotFoundError for a missing file, requests by trying again for two minutes (measured).
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from redimento.errors import UsageError

_PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
# requests reads the first two, Google's SDK and OpenSSL the third.
_TRUSTED = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")

VARIABLES = (*_PROXIES, *_TRUSTED)


def refuse_unusable(environment: Mapping[str, str]) -> None:
    """Raise UsageError for a proxy that cannot be used, and for certificates that cannot be read."""
    for name in _PROXIES:
        _refuse_proxy(name, environment.get(name, "").strip())
    for name in _TRUSTED:
        _refuse_certificates(name, environment.get(name, "").strip())


def certificates(environment: Mapping[str, str]) -> str:
    """Return the file or folder with the certificate authorities to trust; "" for those of the system.

    One variable is enough for all libraries.
    """
    return next((value for name in _TRUSTED if (value := environment.get(name, "").strip())), "")


def trust(path: str) -> ssl.SSLContext | None:
    """Return a context that trusts the authorities in a file or folder, None for ""."""
    if not path:
        return None
    return ssl.create_default_context(capath=path) if Path(path).is_dir() else ssl.create_default_context(cafile=path)


def _refuse_proxy(name: str, address: str) -> None:
    if not address:
        return
    try:
        parts = urlsplit(address if "://" in address else f"http://{address}")
        usable = bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable, parts = False, urlsplit("")
    if not usable or parts.scheme not in {"http", "https"}:
        socks = parts.scheme.startswith("socks")
        raise UsageError(
            f"{name} {'names a SOCKS proxy, which is not supported' if socks else 'is not the address of a proxy'}.",
            f"Set {name} to an HTTP proxy, like http://proxy.example.com:8080, or remove it from the step.",
        )


def _refuse_certificates(name: str, path: str) -> None:
    if not path:
        return
    remedy = f"Point {name} at a file with your organisation's certificates in PEM format, or remove it from the step."
    if not Path(path).exists():
        raise UsageError(f"{name} names {path}, which does not exist.", remedy)
    try:
        trust(path)
    except ssl.SSLError:
        raise UsageError(f"{name} names {path}, which holds no certificate.", remedy) from None
    except OSError as error:
        raise UsageError(f"{name} names {path}, which cannot be read: {error.strerror}.", remedy) from None
