"""One HTTP request to a system that only listens: a notice or a push of metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from urllib.parse import unquote, urlsplit

import requests

from redimento.errors import RedimentoError
from redimento.interruption import within

_SECONDS = 5.0


class NotSentError(RedimentoError):
    """A notice or the metrics did not arrive."""


@dataclass(frozen=True)
class Hook:
    """Where to send to. Errors name the `variable` that has the address, as that may be a secret. `certificates`: see AzureClient."""

    variable: str
    url: str = field(repr=False)
    certificates: str = ""

    def send(self, body: bytes, content_type: str, *, method: str = "POST", url: str = "") -> None:
        """Send once, to `url` below the hook's own if given. Raises NotSentError, in which nothing of the address shows."""
        problem = ""
        try:
            status = within(_SECONDS, partial(self._sent, body, content_type, method, url or self.url))
            if not 200 <= status < 300:  # noqa: PLR2004  HTTP's own class of successes
                problem = f"it answered with the status {status}"
        except (TimeoutError, requests.Timeout):
            problem = f"it gave no answer within {_SECONDS:.0f} s"
        except (requests.RequestException, OSError, ValueError) as error:  # whose texts show the address
            problem = f"it cannot be reached ({type(error).__name__})"
        if problem:
            raise NotSentError(f"{problem}.", f"Check its address in {self.variable}.")

    def _sent(self, body: bytes, content_type: str, method: str, url: str) -> int:
        parts = urlsplit(url)
        pair = [unquote(part or "").encode() for part in (parts.username, parts.password)]
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        with requests.request(
            method, bare, data=body, headers={"Content-Type": content_type}, timeout=_SECONDS, allow_redirects=False,
            stream=True, verify=self.certificates or None, auth=requests.auth.HTTPBasicAuth(*pair) if any(pair) else None,
        ) as answer:  # fmt: skip
            return answer.status_code
