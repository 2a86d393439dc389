"""How a request shows its token."""

from __future__ import annotations

from base64 import b64encode

import requests
from requests.auth import AuthBase

from redimento.azure.refusals import PERSONAL_REMEDY, SIGN_IN_REMEDY
from redimento.errors import SignInError


class Authorization(AuthBase):
    """The token as `auth`, not as a header, which an entry for the host in `.netrc` would replace."""

    def __init__(self, token: str, *, personal: bool) -> None:
        # A personal access token is a password; a token of Microsoft Entra is a JWT, as a job's token is.
        password = personal and not token.startswith("eyJ")
        self._value = f"Basic {b64encode(f':{token}'.encode()).decode()}" if password else f"Bearer {token}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


def usable(token: str, *, personal: bool) -> str:
    """Return the token without blanks around it. Raises SignInError for one that no header can hold."""
    # `requests` quotes a header value that it rejects, so a token with a line break would end up in an error.
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SignInError("There is no usable token for Azure DevOps.", PERSONAL_REMEDY if personal else SIGN_IN_REMEDY)
    return token
