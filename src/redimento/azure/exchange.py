"""One request to Azure DevOps, its answer, and the API version of both, not yet interpreted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from redimento.text.retry_after import retry_after

Method = Literal["GET", "POST", "PATCH", "PUT", "DELETE"]

# Possessive: with plain `\s*` twice, a body of 40,000 blanks took a second.
_HTML = re.compile(rb"\s*+(?:\xef\xbb\xbf)?+\s*+<(?:!doctype|html|head)\b", re.IGNORECASE)
_SUPPORTED = re.compile(r"supports is (\d{1,2}\.\d{1,2})")
_BAD_REQUEST = 400


@dataclass(frozen=True)
class Request:
    """`about`: the resource, for errors. `writes`: it may change something. `most`: bytes of the answer, 0 for those of JSON."""

    method: Method
    url: str
    body: bytes | None
    content_type: str
    api_version: str
    about: str
    writes: bool = False
    accept: str = "application/json"
    most: int = 0

    @property
    def call(self) -> str:
        """Method and URL for error messages, without the query."""
        return f"{self.method} {self.url.partition('?')[0]}"

    @property
    def doubt(self) -> str:
        """What an error says of a request without an answer."""
        return " The request may have been carried out." if self.writes else ""


@dataclass(frozen=True)
class HttpAnswer:
    """One answer. `headers` ignores case; `body` has its transfer and content encodings removed."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters; "" when absent."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def is_html(self) -> bool:
        if self.content_type == "application/octet-stream":  # an attached page is no answer of the service itself
            return False
        return "html" in self.content_type or _HTML.match(self.body) is not None

    def parsed(self) -> Any:
        """Return the body parsed as JSON, None when it is empty; raise ValueError when it is not JSON."""
        if not self.body.strip():
            return None
        return json.loads(self.body.decode("utf-8-sig"))

    def retry_after(self) -> float:
        """Return the seconds of `Retry-After`, which may also be a date; 0 when absent or unreadable.

        Azure DevOps sends it with 429 and 503, and with a success when it is about to throttle
        (docs/integrate/concepts/rate-limits.md).
        """
        return retry_after(self.headers.get("Retry-After", "")) or 0.0


def account_id(identity: Any) -> str:
    """Return the id of an account in lower case, "" where an answer has none."""
    return str(identity.get("id") or "").lower() if isinstance(identity, Mapping) else ""


def offered_instead(asked: str, answer: HttpAnswer) -> str:
    """Return the newest version of a server that rejected `asked` as out of range, "" otherwise.

    Azure DevOps Server 2022 ends at 7.0 and 2020 at 6.0 (docs/integrate/concepts/rest-api-versioning.md). The error
    names that version; the server has not carried out the request.
    """
    if answer.status != _BAD_REQUEST:
        return ""
    named = _SUPPORTED.search(answer.body.decode("utf-8", "replace"))
    return named[1] if named and _number(named[1]) < _number(asked) else ""


def not_newer(version: str, newest: str) -> str:
    """Return `version`, or `newest` if that is older; a preview keeps `-preview` but loses its number, which differs."""
    if not newest or _number(version) <= _number(newest):
        return version
    return f"{newest}-preview" if "-preview" in version else newest


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.partition("-")[0].split("."))
