"""HTTP for Google's SDK and for signing in: an answer has a size, and a call has an end.

Without this, a compressed answer of 4 MB took 4 GB of memory, and an answer that never ends was read for ever: a timeout
of httpx2 is per read (measured).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress

import httpx2

from redimento.models import network
from redimento.text.answer_size import refuse_long, refuse_many_values

_OF_TRANSFER = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})


class BoundedClient(httpx2.Client):
    """A client whose answers are complete when they are returned. Raises UnusableAnswerError, httpx2.ReadTimeout."""

    def __init__(self, certificates: str = "") -> None:
        # No redirects: they would take the header with the key or token along to another host.
        self.trusted = network.trust(certificates) or httpx2.create_ssl_context()
        super().__init__(verify=self.trusted, follow_redirects=False)
        self.headers["Accept-Encoding"] = "gzip"

    def __del__(self) -> None:
        """Close the connections, as the SDK's own client does: a model has no other end."""
        with suppress(AttributeError):  # it was never opened
            self.close()

    def send(self, request: httpx2.Request, *, stream: bool = False, **options: object) -> httpx2.Response:
        """Send a request; the timeout for reading is that of the whole call."""
        del stream
        seconds = request.extensions.get("timeout", {}).get("read")
        until = float("inf") if seconds is None else time.monotonic() + seconds
        answer = super().send(request, stream=True, **options)  # type: ignore[arg-type]
        try:
            packed = _joined(_before(until, answer.iter_raw(), request))
        finally:
            answer.close()
        # It decompresses a megabyte at a time.
        content = _joined(httpx2.Response(200, headers=answer.headers, content=[packed], request=request).iter_bytes())
        if packed and not content:
            raise httpx2.DecodingError("The compressed answer holds nothing.")
        refuse_many_values(content)
        headers = [(name, value) for name, value in answer.headers.raw if name.lower() not in _OF_TRANSFER]
        whole = httpx2.Response(answer.status_code, headers=headers, content=content, request=request)
        whole.encoding = "utf-8"  # a "charset" can be a compression, too: zlib_codec made 1.5 GB of 1.5 MB (measured)
        return whole


def _before(until: float, pieces: Iterable[bytes], request: httpx2.Request) -> Iterable[bytes]:
    for piece in pieces:
        if time.monotonic() > until:
            raise httpx2.ReadTimeout("The answer did not end in time.", request=request)
        yield piece


def _joined(pieces: Iterable[bytes]) -> bytes:
    content = bytearray()
    for piece in pieces:
        content += piece
        refuse_long(content)
    return bytes(content)
