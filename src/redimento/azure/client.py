"""HTTP client for Azure DevOps: one session, one token, one deadline per call."""

from __future__ import annotations

import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property, partial
from itertools import count
from typing import Any, Literal, TypeVar
from urllib.parse import quote, urlencode

import requests
import urllib3.exceptions
from requests.auth import AuthBase

from redimento.azure import address
from redimento.azure.attempts import TransientError, checking_first, once, persist
from redimento.azure.exchange import HttpAnswer, Method, Request, account_id, not_newer, offered_instead
from redimento.azure.playing import played
from redimento.azure.refusals import (
    PERSONAL_REMEDY,
    SIGN_IN_REMEDY,
    is_outage,
    is_sign_in_page,
    outage_error,
    refusal,
    sign_in_error,
)
from redimento.delivery.rights import Account
from redimento.errors import AzureError, SignInError
from redimento.events import Emit, Requested, ignore
from redimento.interruption import within
from redimento.store.tape import Tape
from redimento.text.answer_size import UnusableAnswerError, refuse_long, refuse_many_values
from redimento.text.redaction import NO_SECRETS, Secrets
from redimento.text.unreachable import may_be_sent, why_unreachable

T = TypeVar("T")
Outward = Literal["send", "note"]
JSON_PATCH = "application/json-patch+json"

_CONNECT_SECONDS = 15.0
_PIECE = 64 * 1024
_TRANSIENT = frozenset((429, 500, 502, 503, 504))
_LONGEST_SUMMARY = 200
_LOOKS, _BETWEEN_LOOKS = 4, 1.5  # seconds
_NO_ANSWER_REMEDY = "Run it again; if it keeps failing, check the network and its proxy (HTTPS_PROXY, NO_PROXY)."


@dataclass(frozen=True)
class NotedWrite:
    """A write that was not sent. `summary` is the start of its body."""

    method: str
    url: str
    summary: str


class Authorization(AuthBase):
    """The token as `auth`, not as a header, which an entry for the host in `.netrc` would replace."""

    def __init__(self, token: str, *, personal: bool) -> None:
        # A personal access token is a password; a token of Microsoft Entra is a JWT, as a job's token is.
        password = personal and not token.startswith("eyJ")
        self._value = f"Basic {b64encode(f':{token}'.encode()).decode()}" if password else f"Bearer {token}"

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = self._value
        return request


class AzureClient:
    """Client for one organisation or collection; not thread-safe.

    `collection_url` is `SYSTEM_COLLECTIONURI`: https://dev.azure.com/org/, https://org.visualstudio.com/ or
    https://host/tfs/Collection/. `deadline_seconds` limits every call in wall-clock time, including its pauses, retries
    and `happened` queries. With `outward="note"` writes are recorded in `noted` instead of sent. `project` and
    `project_id` belong to the job and name its account in errors; with `personal` the token is a person's. `certificates`:
    the file or folder with the authorities to trust, "" for those of the system. No write and no error shows one of the `secrets`.
    `tape` keeps the answers, or plays those of an earlier run.
    """

    def __init__(
        self,
        collection_url: str,
        token: str,
        *,
        deadline_seconds: float = 120.0,
        outward: Outward = "send",
        project: str = "",
        project_id: str = "",
        personal: bool = False,
        certificates: str = "",
        secrets: Secrets = NO_SECRETS,
        emit: Emit = ignore,
        sleep: Callable[[float], None] = time.sleep,
        tape: Tape | None = None,
    ) -> None:
        self.collection_url = address.collection_url(collection_url)
        self.outward = outward
        self.noted: list[NotedWrite] = []
        self.last_call = ""  # method and URL, for errors
        self.server_date = ""  # the `Date` of the last answer
        self._token = _usable(token, personal=personal)
        self._certificates = certificates
        self._emit = emit
        self._secrets = replace(secrets, known=(*secrets.known, self._token))
        self._deadline = deadline_seconds
        self._personal = personal
        self.identity = Account(address.organisation(self.collection_url), project, project_id, personal=personal)
        self._sleep = sleep
        self._tape = tape
        self._until = float("inf")
        self._not_before = 0.0
        self._newest = ""  # the newest API version of an older server, once known
        self._session = requests.Session()
        self._session.auth = Authorization(self._token, personal=personal)
        # Without this header a bad token gets a sign-in page with status 203 instead of 401.
        self._session.headers["X-TFS-FedAuthRedirect"] = "Suppress"

    def close(self) -> None:
        self._session.close()

    def get(
        self,
        path: str,
        *,
        project: str = "",
        query: Mapping[str, str] | None = None,
        body: Any = None,
        api_version: str = "7.1",
        about: str = "",
    ) -> Any:
        """Return the JSON at `path`, None when the answer is empty.

        `path` starts with `_apis/`, or a project, and is percent-encoded; `about` names the resource in errors ("work item
        7"). With a `body` it is a POST that only reads, such as a batch or a WIQL query.
        Raises SignInError, PermissionMissingError, NotThereError, ConflictError, AzureError.
        """
        method: Method = "GET" if body is None else "POST"
        sent = None if body is None else json.dumps(body).encode()
        request = Request(method, self._url(path, project, query), sent, "application/json", api_version, about)
        with self._within_deadline():
            return self._persist(partial(self._parsed, request))

    def pages(self, path: str, query: Mapping[str, str], *, size: int, about: str) -> Iterator[Any]:
        """Yield the values of a list that comes in pages of `size`; raises the same errors as `get`."""
        for start in count(0, size):
            page = self.get(path, query={**query, "$top": str(size), "$skip": str(start)}, about=about)["value"]
            yield from page
            if len(page) < size:
                return

    def download(self, path: str, *, most: int, seconds: float, project: str = "", about: str = "") -> bytes:
        """Return the content at `path`, of at most `most` bytes; otherwise like `get`. No redirect is followed."""
        url = self._url(path, project, None)
        request = Request("GET", url, None, "", "7.1", about, accept="application/octet-stream", most=most)
        with self._within_deadline(seconds):
            return self._persist(partial(self._exchange, request)).body

    def write(
        self,
        method: Method,
        path: str,
        *,
        body: Any,
        happened: Callable[[], Any] | None = None,
        project: str = "",
        query: Mapping[str, str] | None = None,
        api_version: str = "7.1",
        content_type: str = "application/json",
        about: str = "",
        confidential: bool = False,
    ) -> Any:
        """Send a write and return its parsed answer; raises the same errors as `get`.

        A write whose answer was lost may have happened, so it is repeated only if `happened` returns None; any other
        return value replaces the answer. Without `happened` the write is sent once. With `outward="note"` nothing is
        sent: the result is `body` if that is a JSON object, else {}. A `confidential` body brings a secret to where it is
        kept, and is sent as it is; any other one is redacted.
        """
        url = self._url(path, project, query)
        body = body if confidential else self._secrets.redacted(body)
        if self.outward == "note":
            self.noted.append(NotedWrite(method, url, _summary(body)))
            return dict(body) if isinstance(body, dict) else {}
        sent = None if body is None else json.dumps(body).encode()
        request = Request(method, url, sent, content_type, api_version, about, writes=True)
        with self._within_deadline():
            if happened is None:
                return once(partial(self._parsed, request))
            return self._persist(checking_first(partial(self._parsed, request), happened))

    def eventually(self, look: Callable[[], T | None]) -> T | None:
        """Return what `look` finds, looking again for some seconds: the service works on a push after its answer."""
        found = look()
        for _ in range(_LOOKS):
            if found is not None or self.outward == "note":
                return found
            self._sleep(_BETWEEN_LOOKS)
            found = look()
        return found

    def service(self, area: str) -> AzureClient:
        """Return a client for the service of the resource area with the id `area`.

        The hosted service has some areas at another URL, listed in `_apis/ResourceAreas`; an on-premises server does
        not. Microsoft's own clients find them the same way.
        """
        areas = (self.get("_apis/ResourceAreas", api_version="7.1-preview.1") or {}).get("value") or []
        for row in areas:
            location = str(row.get("locationUrl") or "")
            if str(row.get("id", "")).lower() == area and location.rstrip("/") != self.collection_url.rstrip("/"):
                service = copy(self)
                service.collection_url = address.collection_url(location)
                return service
        return self

    @cached_property
    def account(self) -> str:
        """The id of the token's account, as the server states it."""
        return account_id(self._signed_in)

    @property
    def account_name(self) -> str:
        """The name of the token's account, as the security pages show it; "" if the server does not say."""
        return self._secrets.clean(str(self._signed_in.get("providerDisplayName") or "")).strip()

    @cached_property
    def _signed_in(self) -> Mapping[str, Any]:
        # This endpoint accepts only a preview version or none.
        answer = self.get("_apis/connectionData", api_version="7.1-preview.1", about="the account of the token")
        user = answer.get("authenticatedUser") if isinstance(answer, Mapping) else None
        if not isinstance(user, Mapping) or not account_id(user):
            raise AzureError("Azure DevOps did not say whose token this is.", _NO_ANSWER_REMEDY)
        return user

    def is_own(self, identity: Any) -> bool:
        """Return whether an identity in an answer is the token's own account; an unknown one is not."""
        given = account_id(identity)
        return bool(given) and given == self.account

    def web_url(self, *segments: str) -> str:
        """Return the URL of a web page below the collection, every segment percent-encoded."""
        return address.below(self.collection_url, *segments)

    def _url(self, path: str, project: str, query: Mapping[str, str] | None) -> str:
        scope = f"{quote(project, safe='')}/" if project else ""
        return f"{self.collection_url}{scope}{path}" + (f"?{urlencode(query)}" if query else "")

    @contextmanager
    def _within_deadline(self, seconds: float = float("inf")) -> Iterator[None]:
        # A query in the middle of a write only gets what is left of the write's time.
        outer = self._until
        self._until = min(outer, time.monotonic() + min(seconds, self._deadline))
        try:
            yield
        finally:
            self._until = outer

    def _persist(self, attempt: Callable[[], T]) -> T:
        return persist(attempt, seconds=self._until - time.monotonic(), sleep=self._sleep)

    def _parsed(self, request: Request) -> Any:
        answer = self._exchange(request)
        try:
            return answer.parsed()
        except (ValueError, RecursionError):  # the second for JSON that is nested too deeply
            pass
        raise TransientError(
            AzureError(
                f"Azure DevOps answered {request.call} with something that is not JSON.{request.doubt}",
                _NO_ANSWER_REMEDY,
                status=answer.status,
            )
        )

    def _exchange(self, request: Request) -> HttpAnswer:
        """Send once and return a success; raise TransientError if another attempt may help, else AzureError."""
        self._pause_if_asked()
        self.last_call = request.call
        answer = self._send(request)
        older = "" if self._newest else offered_instead(request.api_version, answer)
        if older:
            self._newest = older
            answer = self._send(request)
        self._not_before = time.monotonic() + answer.retry_after()
        self.server_date = answer.headers.get("Date", "")
        if is_sign_in_page(answer):
            raise sign_in_error(answer, request.call, self._secrets, personal=self._personal)
        if answer.status < 300 and is_outage(answer):  # noqa: PLR2004  # HTTP's own class of successes
            raise TransientError(outage_error(answer, request.call), answer.retry_after())
        if answer.status < 300:  # noqa: PLR2004  # HTTP's own class of successes
            return answer
        error = refusal(answer, call=request.call, about=request.about, identity=self.identity, secrets=self._secrets)
        if answer.status in _TRANSIENT:
            raise TransientError(error, answer.retry_after())
        raise error

    def _pause_if_asked(self) -> None:
        # After a success the pause is only advice: spend at most half of the call's time on it.
        pause = min(self._not_before - time.monotonic(), (self._until - time.monotonic()) / 2)
        self._not_before = 0.0
        if pause > 0:
            self._sleep(pause)

    def _send(self, request: Request) -> HttpAnswer:
        return played(self._tape, request, partial(self._sent, request), self._secrets)

    def _sent(self, request: Request) -> HttpAnswer:
        began = time.monotonic()
        told = Requested(request.method, address.route(request.url), 0, 0.0)
        try:
            answer = within(self._until - began, partial(self._transfer, request))
            refused = answer.status >= 400  # noqa: PLR2004  # HTTP's own classes of refusals
            activity = answer.headers.get("ActivityId", "")[:64] if refused else ""
            told = replace(told, status=answer.status, activity=activity)
            return answer
        except TimeoutError:
            error: AzureError | TransientError = TransientError(_no_answer(request, "no complete answer in time"))
        except UnusableAnswerError as failure:
            error = AzureError(
                f"The answer to {request.call} has {failure}, and was not read to the end.",
                "Find out what is so large: a work item or comment of that size cannot be processed.",
            )
        except requests.exceptions.SSLError as failure:
            error = AzureError(
                f"The certificate of {self.collection_url} was not accepted: {self._reason_text(failure)}.",
                "Point REQUESTS_CA_BUNDLE or SSL_CERT_FILE at the file with your organisation's certificates.",
            )
        except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError, OSError) as failure:
            error = TransientError(_no_answer(request, self._reason_text(failure), sent=may_be_sent(failure)))
        finally:
            self._emit(replace(told, seconds=time.monotonic() - began))
        # Outside `except`, so that nothing is chained: the library's exceptions hold the request with its token.
        raise error

    def _reason_text(self, failure: Exception) -> str:
        said = why_unreachable(failure) or f"the connection failed ({type(failure).__name__})"
        return self._secrets.clean(said)[:300].rstrip(".")

    def _transfer(self, request: Request) -> HttpAnswer:
        until = self._until
        left = max(until - time.monotonic(), 0.001)
        headers = {"Accept": f"{request.accept};api-version={not_newer(request.api_version, self._newest)}"}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        with self._session.request(
            request.method,
            request.url,
            data=request.body,
            headers=headers,
            timeout=(min(_CONNECT_SECONDS, left), left),
            allow_redirects=False,
            stream=True,
            verify=self._certificates or None,
        ) as response:
            body = bytearray()
            # read1 returns what has arrived; iter_content would wait for a full chunk of a slow body.
            while piece := response.raw.read1(_PIECE, decode_content=True):
                body += piece
                refuse_long(body, request.most)
                if time.monotonic() > until:
                    raise TimeoutError
            if not request.most:
                refuse_many_values(body)
            return HttpAnswer(response.status_code, response.headers, bytes(body))


def _usable(token: str, *, personal: bool) -> str:
    """Return the token without blanks around it. Raises SignInError for one that no header can hold."""
    # `requests` quotes a header value that it rejects, so a token with a line break would end up in an error.
    token = token.strip()
    if not token or not token.isascii() or not token.isprintable() or " " in token:
        raise SignInError("There is no usable token for Azure DevOps.", PERSONAL_REMEDY if personal else SIGN_IN_REMEDY)
    return token


def _no_answer(request: Request, reason: str, *, sent: bool = True) -> AzureError:
    doubt = request.doubt if sent else ""
    return AzureError(f"Azure DevOps did not answer {request.call}: {reason}.{doubt}", _NO_ANSWER_REMEDY)


def _summary(body: Any) -> str:
    text = json.dumps(body, ensure_ascii=False)
    return text if len(text) <= _LONGEST_SUMMARY else text[: _LONGEST_SUMMARY - 1] + "…"
