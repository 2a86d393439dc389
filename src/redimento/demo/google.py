"""Google on loopback, as far as a run without a key needs it: token service, service accounts, Vertex AI.

It is as strict as it has to be for a mistake to show: it verifies the signature and the claims of the job's token, and
answers nothing without a token of its own.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

PROVIDER = "projects/1234567890/locations/global/workloadIdentityPools/azure-devops/providers/emulated"
_AUDIENCE = "api://AzureADTokenExchange"
_EXCHANGE = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
    "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
    "audience": f"//iam.googleapis.com/{PROVIDER}",
}
_SCOPES = ("https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/iam")


class _RefusedError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class Google:
    """One project of Google Cloud.

    It trusts the tokens that `issuer` signs with `keys` (a JSON Web Key Set) for `subject`. `answer` returns the text for
    the parsed body of a call of the model. A token lives for `seconds`. `log` has the path of every request.
    """

    issuer: str
    keys: list[Mapping[str, str]]
    subject: str
    answer: Callable[[Any], str]
    seconds: int = 3600
    project: str = "emulated-project"
    account: str = ""
    url: str = ""
    log: list[str] = field(default_factory=list)
    tokens: dict[str, float] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What a step has to set, besides the service connection."""
        return {
            "REDIMENTO_WORKLOAD_IDENTITY_PROVIDER": PROVIDER,
            "REDIMENTO_SERVICE_ACCOUNT": self.account,
            "REDIMENTO_TOKEN_URL": self.url,
            "GOOGLE_VERTEX_BASE_URL": self.url,
            "GOOGLE_CLOUD_PROJECT": self.project,
            "GOOGLE_CLOUD_LOCATION": "global",
        }

    def respond(self, path: str, headers: Mapping[str, str], body: bytes) -> Any:
        self.log.append(path)
        if path == "/v1/token":
            return self._exchanged(parse_qs(body.decode()))
        granted = self._granted(headers)
        if self.account and path == f"/v1/projects/-/serviceAccounts/{self.account}:generateAccessToken":
            until = datetime.fromtimestamp(time.time() + self.seconds, UTC)
            return {"accessToken": self._token("account"), "expireTime": until.strftime("%Y-%m-%dT%H:%M:%SZ")}
        model = f"/v1/projects/{self.project}/locations/global/publishers/google/models/"
        if not path.startswith(model) or not path.endswith((":generateContent", ":countTokens")):
            raise _RefusedError(404, f"There is nothing at {path}.")
        if granted != ("account" if self.account else "job"):
            raise _RefusedError(403, "Permission 'aiplatform.endpoints.predict' denied.")
        if path.endswith(":countTokens"):
            return {"totalTokens": len(body) // 4}
        return self._generated(json.loads(body))

    def _exchanged(self, form: Mapping[str, list[str]]) -> Any:
        wrong = [name for name, value in _EXCHANGE.items() if form.get(name) != [value]]
        if form.get("scope", [""])[0] not in _SCOPES:
            wrong.append("scope")
        if wrong:
            raise _RefusedError(400, f"Invalid value for {', '.join(wrong)}.")
        claims = self._verified(form.get("subject_token", [""])[0])
        if claims.get("iss") != self.issuer or claims.get("aud") != _AUDIENCE:
            raise _RefusedError(400, "The issuer or the audience in the ID token is not the expected one.")
        if not claims.get("nbf", 0) <= time.time() < claims.get("exp", 0):
            raise _RefusedError(400, "The ID token is stale to sign-in.")
        if claims.get("sub") != self.subject:
            raise _RefusedError(403, "The given credential is rejected by the attribute condition.")
        return {"access_token": self._token("job"), "expires_in": self.seconds, "token_type": "Bearer"}

    def _verified(self, token: str) -> Any:
        try:
            head, claims, signature = token.split(".")
            key = next(key for key in self.keys if key["kid"] == json.loads(_decoded(head))["kid"])
            n, e = (int.from_bytes(_decoded(key[name]), "big") for name in ("n", "e"))
            public = rsa.RSAPublicNumbers(e, n).public_key()
            public.verify(_decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
            return json.loads(_decoded(claims))
        except (ValueError, KeyError, StopIteration, InvalidSignature):
            raise _RefusedError(400, "The signature of the ID token cannot be verified.") from None

    def _token(self, owner: str) -> str:
        token = f"ya29.{owner}.{secrets.token_urlsafe(32)}"
        self.tokens[token] = time.time() + self.seconds
        return token

    def _granted(self, headers: Mapping[str, str]) -> str:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or self.tokens.get(token, 0) < time.time() or "x-goog-api-key" in headers:
            raise _RefusedError(401, "Request had invalid authentication credentials.")
        return token.split(".")[1]

    def _generated(self, request: Any) -> Any:
        text = self.answer(request)
        # About four characters are a token.
        sent, written = len(json.dumps(request)) // 4, len(text) // 4
        return {
            "candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP"}],
            "usageMetadata": {
                "promptTokenCount": sent, "candidatesTokenCount": written, "totalTokenCount": sent + written
            },
        }  # fmt: skip


@contextmanager
def serving(google: Google) -> Iterator[Google]:
    """Serve it on a free port of loopback until the context is left; its `url` is set."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes: the second would wait 40 ms for the client's ACK

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            try:
                status, value = 200, google.respond(self.path, headers, body)
            except _RefusedError as refused:
                status, value = refused.status, {"error": {"code": refused.status, "message": str(refused)}}
            content = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
            """Log nothing: the output belongs to the run."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        google.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield google
        finally:
            server.shutdown()
            thread.join()


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
