"""A Gemini service on loopback: it gives the answers that a test sets, and records the requests.

Like the real one it sends enums as numbers if the query asks for that (the previous SDK does), lists models, and
refuses a call without a key in the header.
"""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self
from urllib.parse import urlsplit

_FINISH_NUMBERS = {
    "FINISH_REASON_UNSPECIFIED": 0, "STOP": 1, "MAX_TOKENS": 2, "SAFETY": 3, "RECITATION": 4, "OTHER": 5,
    "LANGUAGE": 6, "BLOCKLIST": 7, "PROHIBITED_CONTENT": 8, "SPII": 9, "MALFORMED_FUNCTION_CALL": 10,
}  # fmt: skip
_BLOCK_NUMBERS = {"SAFETY": 1, "OTHER": 2, "BLOCKLIST": 3, "PROHIBITED_CONTENT": 4}
_NEWER_THAN_THE_SDK = 99


@dataclass(frozen=True)
class Answer:
    """One HTTP answer. `how`: whole, never (hang), byte by byte (drip), cut off, or reset."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    how: Literal["whole", "hang", "drip", "cut", "reset"] = "whole"


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: Any


def text(
    *parts: str | dict[str, Any],
    finish: str = "STOP",
    prompt: int = 7,
    cached: int = 0,
    output: int = 5,
    thoughts: int = 0,
) -> Answer:
    """Return an answer with these parts: strings are text, dicts are sent as they are."""
    return candidate(
        {
            "content": {"role": "model", "parts": [{"text": p} if isinstance(p, str) else p for p in parts]},
            "finishReason": finish,
            "index": 0,
        },
        usage={
            "promptTokenCount": prompt,
            "cachedContentTokenCount": cached,
            "candidatesTokenCount": output,
            "thoughtsTokenCount": thoughts,
            "totalTokenCount": prompt + output + thoughts,
        },
    )


def candidate(candidate: dict[str, Any], usage: dict[str, Any] | None = None, **more: Any) -> Answer:
    """Return an answer with this candidate as it is."""
    return body(
        {"candidates": [candidate], "usageMetadata": usage or {"promptTokenCount": 7, "totalTokenCount": 7}, **more}
    )


def body(value: Any, status: int = 200) -> Answer:
    """Return any JSON value as an answer."""
    return Answer(status, json.dumps(value).encode(), {"Content-Type": "application/json; charset=UTF-8"})


def refusal(
    status: int, message: str, *details: dict[str, Any], name: str = "", headers: Mapping[str, str] | None = None
) -> Answer:
    """Return an error in Google's format; `details` are google.rpc objects without the prefix of their type."""
    typed = [{**detail, "@type": f"type.googleapis.com/google.rpc.{detail['@type']}"} for detail in details]
    error = {"code": status, "message": message, "status": name or "ERROR", "details": typed}
    return Answer(
        status, json.dumps({"error": error}).encode(), {"Content-Type": "application/json", **(headers or {})}
    )


def page(status: int, html: str = "<html><body>Bad gateway</body></html>") -> Answer:
    """Return an HTML page, as a proxy sends it."""
    return Answer(status, html.encode(), {"Content-Type": "text/html"})


class GeminiServer:
    """Serve on loopback during the `with` block.

    `answers` are given in order, the last one repeatedly; `models` is the result of models.list; `received` has every
    request.
    """

    def __init__(self, *answers: Answer, models: tuple[str, ...] = ("gemini-3.8-flash", "gemini-4-neon")) -> None:
        self.answers: list[Answer] = list(answers)
        self.models = models
        self.listing: Answer | None = None
        self.counting: Answer | None = None
        self.received: list[Received] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        server = self

        class Handler(_Handler):
            gemini = server

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.block_on_close = False
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.005,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def calls(self) -> list[Received]:
        """The requests for an answer, without those for the list of models."""
        return [request for request in self.received if request.path.endswith(":generateContent")]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def next_answer(self, request: Received) -> Answer:
        with self._lock:
            self.received.append(request)
            if not any(name.lower() == "x-goog-api-key" for name in request.headers):
                return refusal(403, "Method doesn't allow unregistered callers.", name="PERMISSION_DENIED")
            if request.path.endswith("/models"):
                return self.listing or self._list()
            if request.path.endswith(":countTokens"):
                return self.counting or self._count(request)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def wait_until_stopped(self, seconds: float) -> bool:
        return self._stopping.wait(seconds)

    def _count(self, request: Received) -> Answer:
        name = request.path.rpartition("/")[2].removesuffix(":countTokens")
        if name not in self.models:
            return refusal(404, f"models/{name} is not found for API version v1beta.", name="NOT_FOUND")
        return body({"totalTokens": 1})

    def _list(self) -> Answer:
        names = [{"name": f"models/{name}", "supportedGenerationMethods": ["generateContent"]} for name in self.models]
        other = {"name": "models/embedding-only", "supportedGenerationMethods": ["embedContent"]}
        return body({"models": [*names, other]})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # head and body are two writes: the second would wait 40 ms for the client's ACK
    gemini: GeminiServer

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        pass

    def _answer(self, sent: Any) -> None:
        address = urlsplit(self.path)
        request = Received(self.command, address.path, address.query, dict(self.headers), sent)
        answer = self.gemini.next_answer(request)
        try:
            self._send(
                answer, with_numbers="enum-encoding=int" in address.query.replace("%3D", "=").replace("%3B", ";")
            )
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client gave up, as expected

    def _send(self, answer: Answer, *, with_numbers: bool) -> None:
        if answer.how == "hang":
            self.gemini.wait_until_stopped(60)
            self.close_connection = True
            return
        if answer.how == "reset":
            # With a linger time of 0 the kernel sends RST on close.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            self.close_connection = True
            return
        content = _with_numbers(answer.body) if with_numbers else answer.body
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if answer.how == "cut":
            self.wfile.write(content[: len(content) // 2])
            self.close_connection = True
        elif answer.how == "drip":
            for byte in content:
                self.wfile.write(bytes([byte]))
                if self.gemini.wait_until_stopped(0.05):
                    break
            self.close_connection = True
        else:
            self.wfile.write(content)


def _with_numbers(content: bytes) -> bytes:
    try:
        answer = json.loads(content)
    except ValueError:
        return content
    if not isinstance(answer, dict):
        return content
    candidates = answer.get("candidates")
    for one in candidates if isinstance(candidates, list) else []:
        if isinstance(one, dict) and isinstance(one.get("finishReason"), str):
            one["finishReason"] = _FINISH_NUMBERS.get(one["finishReason"], _NEWER_THAN_THE_SDK)
    feedback = answer.get("promptFeedback")
    if isinstance(feedback, dict) and isinstance(feedback.get("blockReason"), str):
        feedback["blockReason"] = _BLOCK_NUMBERS.get(feedback["blockReason"], _NEWER_THAN_THE_SDK)
    return json.dumps(answer).encode()
