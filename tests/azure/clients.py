"""The client for tests: with a known token, and a sleep that returns at once."""

from __future__ import annotations

from typing import Any

from redimento.azure.client import AzureClient
from tests.azure.hostile import (
    HostileServer,
    Pauses,
    answer,
    fault,
    html,
    json_answer,
    missing_last_chunk,
    nothing,
    raw,
    reset,
    truncated,
    truncated_chunk,
)

TOKEN = "secret-token-of-the-job-0123456789"
PROJECT_ID = "6ce954b1-ce1f-45d1-b94d-e6bf2464ba2c"
OK = json_answer({"id": 7})

# Faults after which another attempt may succeed.
TRANSIENT = {
    "reset": reset(),
    "nothing": nothing(),
    "truncated": truncated(),
    "truncated chunk": truncated_chunk(),
    "missing last chunk": missing_last_chunk(),
    "garbage": raw(b"\x00\x01\x02 garbage\r\n\r\n"),
    "broken JSON": answer(200, b'{"id": '),
    "no JSON": answer(200, b"hello", "text/plain"),
    "wrong coding": answer(200, b"no gzip", Content_Encoding="gzip"),
    "429": fault(429, "RequestBlockedException", "TF400733: throttled"),
    "500": fault(500, "Exception", "boom"),
    "502": html(502, "<html>Bad Gateway</html>"),
    "503": html(503, "<html><title>Azure DevOps Services Unavailable</title></html>"),
    "504": answer(504),
}


def client_for(server: HostileServer, **options: Any) -> AzureClient:
    options = {"sleep": Pauses(), "project": "Shop", "project_id": PROJECT_ID, **options}
    return AzureClient(server.url, TOKEN, **options)
