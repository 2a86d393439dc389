"""Find out who sent a request, by its token."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as Base64Error

from werkzeug.wrappers import Request, Response

from devops_emulator import people
from devops_emulator.organisation import Organisation


def signed_in(organisation: Organisation, request: Request) -> Organisation | None:
    """Return the organisation as the sender of a request sees it, None without a valid token."""
    scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
    given = secret.strip()
    if scheme.casefold() == "basic":
        try:
            given = b64decode(given, validate=True).decode("utf-8", "replace").partition(":")[2]
        except Base64Error:
            given = ""
    return people.signed_in(organisation, given) if scheme.casefold() in ("basic", "bearer") else None


def unauthorized(organisation: Organisation, request: Request, *, git: bool) -> Response:
    """Return the answer to a request without a valid token: 401 for git or Suppress, else a sign-in page."""
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
