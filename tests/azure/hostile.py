"""A server on loopback that plays a script, faults included: one step per request."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Seen:
    """One request as it arrived. Header names are in lower case; `connection` counts connections from 1."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


# A step answers on the socket and returns whether the connection stays open. The event is set when the server stops.
Step = Callable[[socket.socket, threading.Event], bool]


@dataclass
class HostileServer:
    """`url` is a collection below a path, as on premises. The last step of `script` repeats."""

    url: str
    script: list[Step]
    seen: list[Seen] = field(default_factory=list)

    def step(self, request: Seen) -> Step:
        self.seen.append(request)
        return self.script[min(len(self.seen), len(self.script)) - 1]


class Serve(Protocol):
    def __call__(self, *script: Step, tls: ssl.SSLContext | None = None) -> HostileServer: ...


class Pauses(list[float]):
    """A `sleep` that returns at once and records the pauses."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def raw(content: bytes, *, keep: bool = False) -> Step:
    def step(connection: socket.socket, _stopped: threading.Event) -> bool:
        connection.sendall(content)
        return keep

    return step


def answer(status: int, body: bytes = b"", content_type: str = "application/json", **headers: str) -> Step:
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", f"Content-Type: {content_type}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + body, keep=True)


def json_answer(value: Any, status: int = 200, **headers: str) -> Step:
    return answer(status, json.dumps(value).encode(), "application/json; charset=utf-8", **headers)


def fault(status: int, type_key: str, message: str, **headers: str) -> Step:
    return json_answer({"$id": "1", "message": message, "typeKey": type_key, "errorCode": 0}, status, **headers)


def html(status: int, text: str = "<!DOCTYPE html><html><body>Sign in</body></html>", **headers: str) -> Step:
    return answer(status, text.encode(), "text/html; charset=utf-8", **headers)


def nothing() -> Step:
    return raw(b"")


def reset() -> Step:
    def step(connection: socket.socket, _stopped: threading.Event) -> bool:
        # Linger of zero: closing sends RST instead of FIN.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return False

    return step


def truncated() -> Step:
    return raw(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"id": 7')


def truncated_chunk() -> Step:
    return raw(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n64\r\n{"id"')


def missing_last_chunk() -> Step:
    return raw(
        b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"id": 7}\r\n'
    )


def dripping(head: bytes, drop: bytes) -> Step:
    """Send `head`, then `drop` repeatedly until the server stops or the client disconnects."""

    def step(connection: socket.socket, stopped: threading.Event) -> bool:
        connection.sendall(head)
        while not stopped.wait(0.02):
            connection.sendall(drop)
        return False

    return step


def silence() -> Step:
    def step(_connection: socket.socket, stopped: threading.Event) -> bool:
        stopped.wait()
        return False

    return step


@contextmanager
def serving(script: Sequence[Step], tls: ssl.SSLContext | None = None) -> Iterator[HostileServer]:
    """Serve the script on a free port of loopback."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = HostileServer(f"{'https' if tls else 'http'}://127.0.0.1:{port}/tfs/Main/", list(script))
    stopped = threading.Event()
    open_connections: list[socket.socket] = []
    wrapped: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def accept() -> None:
        while not stopped.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            open_connections.append(connection)
            thread = threading.Thread(target=talk, args=(connection, len(open_connections)))
            threads.append(thread)
            thread.start()

    def talk(plain: socket.socket, number: int) -> None:
        with plain, suppress(OSError):
            connection = tls.wrap_socket(plain, server_side=True) if tls else plain
            wrapped.append(connection)  # which took the plain one's descriptor
            with connection, connection.makefile("rb") as stream:
                while (request := _request(stream, number)) is not None:
                    if not server.step(request)(connection, stopped):
                        return

    acceptor = threading.Thread(target=accept)
    acceptor.start()
    try:
        yield server
    finally:
        stopped.set()
        # shutdown wakes up a thread that blocks in accept() or recv(); close does not.
        for each in (listener, *open_connections, *wrapped):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        listener.close()
        acceptor.join()
        for thread in threads:
            thread.join()


def _request(stream: Any, connection: int) -> Seen | None:
    first = stream.readline().decode("latin-1").split()
    if len(first) < 2:
        return None
    headers: dict[str, str] = {}
    while line := stream.readline().strip():
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0")))
    return Seen(first[0], first[1], headers, body, connection)
