"""An HTTP answer, not yet interpreted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from redimento.text.retry_after import retry_after

# Possessive: with plain `\s*` twice, a body of 40,000 blanks took a second.
_HTML = re.compile(rb"\s*+(?:\xef\xbb\xbf)?+\s*+<(?:!doctype|html|head)\b", re.IGNORECASE)


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
