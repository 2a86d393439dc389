"""Sign in without a key: the job's token, a token about the job, Google's token, in this order.

Azure DevOps issues an OIDC token that says which service connection the job may use
(learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken), Google's token service exchanges it (RFC 8693;
docs.cloud.google.com/iam/docs/workload-identity-federation), and a service account may lend its own token. All of them
stay in this process and live for about an hour; google-auth asks anew when one has expired.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx2
from google.auth import exceptions, identity_pool, transport

from redimento.models import failures
from redimento.models.access import Identity
from redimento.models.bounded import BoundedClient
from redimento.models.failures import Hop
from redimento.text.answer_size import UnusableAnswerError

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
_JWT = "urn:ietf:params:oauth:token-type:jwt"
_TOKEN = re.compile(r"[\x21-\x7e]{8,20000}")
_SECONDS = 30.0  # for each hop
_LONGEST_LIFE = 12 * 3600  # seconds, Google's limit for a token


@dataclass
class SignIn:
    """Fetches the tokens, each within `seconds`. `seen` has all of them so far, in order: they are secrets of the run."""

    identity: Identity
    http: BoundedClient
    seconds: float = _SECONDS
    seen: list[str] = field(default_factory=list, repr=False)

    def credentials(self) -> identity_pool.Credentials:
        """Return credentials that fetch a token when they need one; they raise ModelError when a hop fails."""
        exchange = _Exchange(self)

        class Credentials(identity_pool.Credentials):
            def refresh(self, request: object) -> None:
                del request  # the SDK's own follows redirects and reads answers of any size
                try:
                    super().refresh(exchange)  # type: ignore[no-untyped-call]
                except (exceptions.GoogleAuthError, ValueError, TypeError, LookupError, OverflowError) as error:
                    raise failures.hop_unreadable(exchange.last, error) from None

        return Credentials(  # type: ignore[no-untyped-call]
            audience=f"//iam.googleapis.com/{self.identity.provider}",
            subject_token_type=_JWT,
            token_url=self.identity.token_url,
            subject_token_supplier=_Job(self),
            service_account_impersonation_url=self.identity.account_url or None,
            scopes=_SCOPES,
        )

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The steps on the way to a token, in order; each adds one to `seen`."""
        identity = self.identity
        account = (failures.account_hop(identity.account),) if identity.account else ()
        return (failures.azure_hop(identity.connection), failures.exchange_hop(identity.provider), *account)

    def walk(self) -> None:
        """Fetch a token now; raise ModelError when a hop fails."""
        self.credentials().refresh(None)  # type: ignore[no-untyped-call]

    def secrets(self) -> tuple[str, ...]:
        return (self.identity.job_token, *self.seen)

    def ask(self, hop: Hop, method: str, url: str, **request: Any) -> tuple[bytes, Mapping[str, Any]]:
        """Return the answer of one hop, and the same as JSON with the token in it; raise ModelError for anything else."""
        try:
            answer = self.http.request(method, url, timeout=self.seconds, **request)
        except (UnusableAnswerError, httpx2.DecodingError) as error:
            raise failures.hop_unreadable(hop, error) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise failures.hop_unreachable(hop, error, self.secrets()) from None
        if answer.status_code != httpx2.codes.OK:
            raise failures.hop_refused(hop, answer.status_code, answer.text, self.secrets())
        try:
            value, token = _token_in(answer, hop.member)
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise failures.hop_unreadable(hop, error) from None
        self.seen.append(token)
        return answer.content, value


def _token_in(answer: httpx2.Response, member: str) -> tuple[Mapping[str, Any], str]:
    """Return the answer as JSON, and the token in it; raise ValueError, TypeError, LookupError, RecursionError."""
    value = answer.json()
    token = value[member]
    if not _TOKEN.fullmatch(token):
        raise ValueError(member)
    return value, token


class _Job(identity_pool.SubjectTokenSupplier):
    """Azure DevOps, which says in a token which service connection the job may use."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in

    def get_subject_token(self, context: object, request: object) -> str:
        del context, request
        identity = self._sign_in.identity
        _, value = self._sign_in.ask(
            failures.azure_hop(identity.connection),
            "POST",
            identity.oidc_url,
            params={"api-version": "7.1", "serviceConnectionId": identity.connection},
            headers={
                "Authorization": f"Bearer {identity.job_token}",
                "Accept": "application/json",
                # Without it a token that has expired gets a page with status 203 instead of 401.
                "X-TFS-FedAuthRedirect": "Suppress",
            },
            json={},
        )
        return str(value["oidcToken"])


class _Exchange(transport.Request):
    """The requests that google-auth makes itself: to the token service, and for a service account's token."""

    def __init__(self, sign_in: SignIn) -> None:
        self._sign_in = sign_in
        identity = sign_in.identity
        self._exchange = failures.exchange_hop(identity.provider)
        self._account = failures.account_hop(identity.account)
        self.last = self._exchange

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        **more: object,
    ) -> transport.Response:
        del timeout, more
        self.last = self._account if url == self._sign_in.identity.account_url else self._exchange
        content, value = self._sign_in.ask(self.last, method, url, content=body, headers=dict(headers or {}))
        if "access_token" in value:
            life = min(max(int(value["expires_in"]), 1), _LONGEST_LIFE)
            content = json.dumps({"access_token": value["access_token"], "expires_in": life}).encode()
        return _Answer(content)


class _Answer(transport.Response):
    """A success, in the form that google-auth reads."""

    status = 200
    headers: Mapping[str, str] = {}

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def data(self) -> bytes:
        return self._data
