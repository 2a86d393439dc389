"""Sign in without a key: the job's token, a token about the job, Google's token, in this order.

Azure DevOps issues an OIDC token that says which service connection the job may use
(learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken), Google's token service exchanges it (RFC 8693;
docs.cloud.google.com/iam/docs/workload-identity-federation), and a service account may lend its own token
(docs.cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken). All of them
stay in this process and live for about an hour; the SDK asks anew when one has expired.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from google.auth import credentials

from redimento.models import failures
from redimento.models.access import Identity
from redimento.models.bounded import BoundedClient
from redimento.models.failures import Hop
from redimento.text.answer_size import UnusableAnswerError

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]
_IAM = ["https://www.googleapis.com/auth/iam"]  # enough for asking a service account for its token
_OAUTH = "urn:ietf:params:oauth"
_TOKEN = re.compile(r"[\x21-\x7e]{8,20000}")
_SECONDS = 30.0  # for each hop
_LIFE = timedelta(hours=1)
_LONGEST_LIFE = timedelta(hours=12)  # Google's limit for a token


@dataclass
class SignIn:
    """Fetches the tokens, each within `seconds`. `seen` has all of them so far, in order: they are secrets of the run."""

    identity: Identity
    http: BoundedClient
    seconds: float = _SECONDS
    seen: list[str] = field(default_factory=list, repr=False)

    def credentials(self) -> credentials.Credentials:
        """Return credentials that fetch a token when they need one; they raise ModelError when a hop fails."""
        return _Credentials(self)

    @property
    def hops(self) -> tuple[Hop, ...]:
        """The steps on the way to a token, in order; each adds one to `seen`."""
        known = self.identity
        return () if known.token else failures.hops(known.connection, known.provider, known.account)

    def walk(self) -> tuple[str, datetime]:
        """Fetch a token now, and return it with the time at which it expires; raise ModelError when a hop fails."""
        identity = self.identity
        if identity.token:  # how long it still lives is not known here
            return identity.token, datetime.now(UTC) + _LIFE
        azure, exchange, *account = self.hops
        job, _ = self._ask(
            azure,
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
        form = {
            "grant_type": f"{_OAUTH}:grant-type:token-exchange",
            "audience": f"//iam.googleapis.com/{identity.provider}",
            "scope": " ".join(_IAM if account else _SCOPES),
            "requested_token_type": f"{_OAUTH}:token-type:access_token",
            "subject_token": job,
            "subject_token_type": f"{_OAUTH}:token-type:jwt",
        }
        token, expires = self._ask(exchange, identity.token_url, data=form)
        for lender in account:
            headers = {"Authorization": f"Bearer {token}"}
            wish = {"scope": _SCOPES, "lifetime": f"{_LIFE.seconds}s"}
            token, expires = self._ask(lender, identity.account_url, headers=headers, json=wish)
        return token, expires

    def secrets(self) -> tuple[str, ...]:
        return (*filter(None, (self.identity.job_token, self.identity.token)), *self.seen)

    def _ask(self, hop: Hop, url: str, **request: Any) -> tuple[str, datetime]:
        """Return the token of one hop, and when it expires; raise ModelError for any other answer."""
        try:
            answer = self.http.request("POST", url, timeout=self.seconds, **request)
        except (UnusableAnswerError, httpx2.DecodingError) as error:
            raise failures.hop_unreadable(hop, error) from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise failures.hop_unreachable(hop, error, self.secrets()) from None
        if answer.status_code != httpx2.codes.OK:
            raise failures.hop_refused(hop, answer.status_code, answer.text, self.secrets())
        try:
            token, expires = _token_in(answer, hop.member)
        except (ValueError, TypeError, LookupError, RecursionError, OverflowError) as error:
            raise failures.hop_unreadable(hop, error) from None
        self.seen.append(token)
        return token, expires


def _token_in(answer: httpx2.Response, member: str) -> tuple[str, datetime]:
    """Return the token and when it expires, at most twelve hours from now.

    Raises ValueError, TypeError, LookupError, RecursionError and OverflowError for anything else.
    """
    value = answer.json()
    token = value[member]
    if not _TOKEN.fullmatch(token):
        raise ValueError(member)
    now = datetime.now(UTC)
    if member == "access_token":
        expires = now + max(timedelta(seconds=int(value["expires_in"])), timedelta(seconds=1))
    elif member == "accessToken":
        expires = datetime.fromisoformat(value["expireTime"]).astimezone(UTC)
    else:
        expires = now  # the token about the job is used at once
    return token, min(expires, now + _LONGEST_LIFE)


class _Credentials(credentials.Credentials):
    """What the SDK asks for a token. google-auth's own class for it loads 12 MB of cryptography and uses none of that."""

    def __init__(self, sign_in: SignIn) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._sign_in = sign_in

    @property
    def expired(self) -> bool:
        """Never: asked whether it is, it renews itself. The SDK would renew it with a transport that loads cryptography."""
        if not self.token or super().expired:
            self.refresh(None)
        return False

    def refresh(self, request: object) -> None:
        del request
        self.token, expires = self._sign_in.walk()
        self.expiry = expires.replace(tzinfo=None)  # google-auth compares with UTC without a zone
