"""Authenticate requests with the organisation's token."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error
from hmac import compare_digest

from werkzeug.wrappers import Request, Response

from devops_emulator.organisation import Organisation


def unauthorized(organisation: Organisation, request: Request, *, git: bool) -> Response | None:
    """Return the answer to a request without the token, None with it: 401 for git or Suppress, else a sign-in page."""
    scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
    given = secret.strip()
    if scheme.casefold() == "basic":
        try:
            given = b64decode(given, validate=True).decode("utf-8", "replace").partition(":")[2]
        except Base64Error:
            given = ""
    if scheme.casefold() in ("basic", "bearer") and compare_digest(given.encode(), organisation.token.encode()):
        return None
    suppressed = request.headers.get("X-TFS-FedAuthRedirect", "").casefold() == "suppress"
    if git or suppressed or request.method == "PATCH":
        answer = Response(
            "TF400813: The user '' is not authorized to access this resource.\n",
            status=401,
            content_type="text/plain; charset=utf-8",
        )
        answer.headers.add("WWW-Authenticate", "Bearer")
        answer.headers.add("WWW-Authenticate", f'Basic realm="{organisation.url}"')
        return answer
    return Response(
        "<!DOCTYPE html><html><head><title>Azure DevOps Services | Sign In</title></head>"
        "<body><h1>Sign in to continue</h1></body></html>",
        status=203,
        content_type="text/html; charset=utf-8",
    )
