"""The way to the organisation: it counts the requests of runs, fails when it should, and lets others act in between."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from io import BytesIO
from queue import Queue
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from werkzeug.test import run_wsgi_app

from benchmarks.worlds.world import FAULTS, Event, Moment
from tests.specifications import SPECS, Sent, problem_of_request

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Requests that a fault hits. After 6 a read has failed for good, after 7 or 8 a write, and what comes next succeeds.
_LASTS = (1, 1, 2, 3, 6, 7, 8, 30)
_PAGE = (
    b"<!DOCTYPE html><html><head><title>Azure DevOps Services Unavailable</title></head><body>TF400898</body></html>"
)
_TOLD = json.dumps({"$id": "1", "message": "TF400898: An Internal Error Occurred.", "typeKey": "Failure"}).encode()
_UNSTABLE = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{40}")
_HTML, _JSON = "text/html; charset=utf-8", "application/json; charset=utf-8"
_READING = ("git-upload-pack", "workitemsbatch")
_ANSWERS: dict[str, tuple[str, list[tuple[str, str]], bytes]] = {
    "500": ("500 Internal Server Error", [("Content-Type", _JSON)], _TOLD),
    "503": ("503 Service Unavailable", [("Content-Type", _JSON), ("Retry-After", "3")], _TOLD),
    "429": ("429 Too Many Requests", [("Content-Type", _JSON), ("Retry-After", "20")], _TOLD),
    "outage page": ("503 Service Unavailable", [("Content-Type", _HTML)], _PAGE),
    "page with 200": ("200 OK", [("Content-Type", _HTML)], _PAGE),
    "gateway timeout": ("504 Gateway Timeout", [("Content-Type", _HTML)], _PAGE),
    "no right any more": ("401 Unauthorized", [("Content-Type", "text/plain")], b"TF400813: not authorized.\n"),
}


@dataclass
class Counted:
    """The requests of one run. `reached`: the events that stopped it just now, until `go_on` is set."""

    number: int
    events: list[Event]
    requests: int = 0
    writes: int = 0
    fault: str = ""
    left: int = 0
    dead: bool = False
    reached: Queue[list[Event]] = field(default_factory=Queue)
    go_on: threading.Event = field(default_factory=threading.Event)


@dataclass
class Gate:
    """WSGI middleware. Only one run moves at a time, so every request with the job's token is that of `active`."""

    token: str = ""
    active: Counted | None = None
    trace: list[str] = field(default_factory=list)
    undescribed: list[str] = field(default_factory=list)
    application: WSGIApplication | None = None

    def around(self, application: WSGIApplication) -> WSGIApplication:
        self.application = application
        return self

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        assert self.application is not None
        run = self.active
        if run is None or not self._is_job(environ):
            return self.application(environ, start_response)
        run.requests += 1
        number, method, path = run.requests, environ["REQUEST_METHOD"], str(environ["PATH_INFO"])
        self._compare(environ)
        self._stop(run, number, "before")
        fault = self._fault(run, number)
        seen = f"{run.number}.{number} {method} {_UNSTABLE.sub('*', path)}"
        if run.dead or fault == "no answer":
            self.trace.append(f"{seen} {'killed before' if run.dead else fault}")
            return _hung_up(environ, start_response)
        if fault in _ANSWERS:
            self.trace.append(f"{seen} {fault}")
            status, headers, body = _ANSWERS[fault]
            environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            start_response(status, headers)
            return [body]
        answered, status, given = run_wsgi_app(self.application, environ, buffered=True)
        body = b"".join(answered)
        run.writes += method not in ("GET", "OPTIONS") and not path.endswith(_READING)
        self.trace.append(f"{seen} {status[:3]} {fault}".strip())
        self._stop(run, number, "after")
        if self._is_dead(run) or fault == "no answer after the effect":
            return _hung_up(environ, start_response)
        if fault:
            status, more, body = _ANSWERS[fault.removesuffix(" after the effect")]
            start_response(status, more)
            return [body]
        start_response(status, list(given))
        return [body]

    def _compare(self, environ: WSGIEnvironment) -> None:
        """Compare a request with Microsoft's descriptions, where they are beside the repository."""
        if not SPECS.is_dir() or "/_apis/" not in environ["PATH_INFO"]:
            return
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        address = f"{quote(environ['PATH_INFO'])}?{environ.get('QUERY_STRING', '')}"
        accept, kind = environ.get("HTTP_ACCEPT", ""), environ.get("CONTENT_TYPE", "")
        if problem := problem_of_request(Sent(environ["REQUEST_METHOD"], address, accept, kind, body)):
            self.undescribed.append(problem)

    def _is_job(self, environ: WSGIEnvironment) -> bool:
        scheme, _, given = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        if scheme.casefold() == "basic":
            given = base64.b64decode(given).decode("utf-8", "replace").partition(":")[2]
        return given == self.token

    def _is_dead(self, run: Counted) -> bool:
        return run.dead

    def _stop(self, run: Counted, number: int, moment: Moment) -> None:
        events = [event for event in run.events if event.request == number and event.moment == moment]
        events = [event for event in events if event.what not in FAULTS]
        if events and not run.dead:
            run.go_on.clear()
            run.reached.put(events)
            run.go_on.wait()

    def _fault(self, run: Counted, number: int) -> str:
        for event in run.events:
            if event.request == number and event.what in FAULTS:
                run.fault, run.left = event.what, _LASTS[event.value % len(_LASTS)]
                if event.what == "no right any more":
                    run.left = 1_000
        if not run.left:
            return ""
        run.left -= 1
        return run.fault


def _hung_up(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    """Close the connection in place of an answer."""
    connection: Any = environ["werkzeug.socket"]
    start_response("500 Internal Server Error", [])
    with suppress(OSError):  # the run is gone already
        connection.shutdown(socket.SHUT_RDWR)
    return [b""]
