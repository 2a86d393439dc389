"""The answer to a request on the tape: status, headers that matter, and body."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from requests.structures import CaseInsensitiveDict

from redimento.azure.attempts import TransientError
from redimento.azure.exchange import HttpAnswer, Request
from redimento.errors import AzureError, UsageError
from redimento.store.plain import made
from redimento.store.tape import Tape
from redimento.text.redaction import Secrets

# What the program reads; cookies and the like never reach the tape.
_HEADERS = ("Content-Type", "Date", "Retry-After")


@dataclass(frozen=True)
class _Told:
    """`lost`: sentence and remedy, where no answer came. `encoded`: the body is in base64, as it is no text."""

    status: int = 0
    headers: dict[str, str] | None = None
    body: str = ""
    encoded: bool = False
    lost: tuple[str, ...] = ()


def played(tape: Tape | None, request: Request, ask: Callable[[], HttpAnswer], secrets: Secrets) -> HttpAnswer:
    """Return the answer to `ask` or, if the tape plays, to the same request of an earlier run.

    Raises what `ask` raises, UsageError for what is on the tape and no answer.
    """
    if tape is None:
        return ask()
    sent = hashlib.sha256(request.body).hexdigest() if request.body else ""
    value = tape.heard("azure", f"{request.method} {request.url}", partial(_told, ask, secrets), sent=sent)
    try:
        known = made(_Told, value)
        body = b64decode(known.body, validate=True) if known.encoded else known.body.encode(errors="surrogatepass")
    except ValueError as error:
        raise UsageError(f"The recorded answer to {request.call} cannot be read: {error}.", "Run it again.") from None
    if known.lost:
        raise TransientError(AzureError(known.lost[0], known.lost[-1]))
    return HttpAnswer(known.status, CaseInsensitiveDict(known.headers or {}), body)


def _told(ask: Callable[[], HttpAnswer], secrets: Secrets) -> dict[str, Any]:
    try:
        answer = ask()
    except TransientError as failure:
        return {"lost": [str(failure.error.sentence), str(failure.error.remedy)]}
    headers = {name: answer.headers[name] for name in _HEADERS if name in answer.headers}
    whole = {"status": answer.status, "headers": headers}
    try:
        if b"\0" not in answer.body:
            return {**whole, "body": answer.body.decode()}
    except UnicodeDecodeError:
        pass
    body = b"" if _reveals(answer.body, secrets) else answer.body
    return {**whole, "body": b64encode(body).decode(), "encoded": True}


def _reveals(body: bytes, secrets: Secrets) -> bool:
    """Return whether a body that is no text shows a secret: redaction would not find it in UTF-16."""
    forms = (body.decode("latin-1"), body.replace(b"\0", b"").decode("latin-1"))
    return any(map(secrets.reveals, forms))
