"""A gateway on loopback before the emulator: it passes requests on, and answers some of them itself."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import requests


@dataclass(frozen=True)
class Own:
    """An answer of the gateway's own."""

    status: int = 200
    body: str = ""
    content_type: str = "application/json"


@dataclass
class Front:
    """`own`: answers by a pattern of the path; `date` replaces the header of that name."""

    url: str
    own: Mapping[str, Own] = field(default_factory=dict)
    date: str = ""


@contextmanager
def fronted(collection: str) -> Iterator[Front]:
    """Serve a gateway before a collection; its `url` is that of the collection there."""
    origin = urlsplit(collection)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            own = next((answer for pattern, answer in front.own.items() if re.search(pattern, self.path)), None)
            if own is None:
                own = self._passed_on(body)
            content = own.body.encode()
            self.send_response_only(own.status)
            self.send_header("Date", front.date or self.date_time_string())
            self.send_header("Content-Type", own.content_type)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815 - the names are the base class's

        def _passed_on(self, body: bytes) -> Own:
            address = f"{origin.scheme}://{origin.netloc}{self.path}"
            headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
            answer = requests.request(self.command, address, data=body, headers=headers, timeout=100)
            return Own(answer.status_code, answer.text, answer.headers.get("Content-Type", ""))

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        front = Front(f"http://127.0.0.1:{server.server_port}{origin.path}")
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield front
        finally:
            server.shutdown()
            thread.join()
