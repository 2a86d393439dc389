"""Turn every way a call can fail into a ModelError; its texts never contain the key or a token.

The meaning of error answers: https://ai.google.dev/gemini-api/docs/troubleshooting and
https://ai.google.dev/gemini-api/docs/rate-limits. Their details are google.rpc messages (RetryInfo, QuotaFailure,
ErrorInfo).
"""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from redimento.models.port import Failure, ModelError, Usage
from redimento.text.redaction import Secrets
from redimento.text.retry_after import retry_after
from redimento.text.unreachable import causes, may_be_sent, why_unreachable

# Do not wait any longer: Gemini CLI gives up at the same limit.
LONGEST_WAIT_SECONDS = 300
_LONGEST_QUOTE = 300  # characters of the service's own words
_MOST_NAMES = 25
_RETRYABLE: frozenset[Failure] = frozenset({"quota_minute", "unavailable", "connection", "timeout", "bad_body"})
# Google does not bill errors (https://ai.google.dev/gemini-api/docs/billing); of the other kinds nobody knows.
_FREE: frozenset[Failure] = frozenset(
    {"bad_request", "key_refused", "forbidden", "unknown_model", "quota_minute", "quota_final"}
)

_SECONDS = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)s")
_RETRY_IN = re.compile(r"retry in (\d{1,9}(?:\.\d{1,9})?)s", re.IGNORECASE)
# Every 429 mentions "plan and billing details", so these words are no sign of an exhausted quota.
_EXHAUSTED = re.compile(
    r"per ?day|limit:\s*0(?![\d.])|spend(?:ing)?[ -](?:cap|limit)|monthly|credits? .{0,100}(?:depleted|exhausted)",
    re.IGNORECASE,
)
_ABOUT_THE_KEY = re.compile(r"\bapi[ _-]?key\b|\bcredentials?\b|ACCESS_TOKEN", re.IGNORECASE)


@dataclass(frozen=True)
class Endpoint:
    """The model to call, its address, and the key or the tokens so far, which no text may show.

    `project` is the one on Vertex AI, "" with a key.
    """

    model: str
    base_url: str
    secrets: Callable[[], tuple[str, ...]] = field(repr=False)
    project: str = ""


def refused(status: int, body: str, headers: Mapping[str, str], endpoint: Endpoint) -> ModelError:
    """Return the failure for an error status of the service."""
    error = _error_object(body)
    wait = _retry_after(headers, error or {})
    if error is None:
        return _not_the_service(status, wait, endpoint)
    message = str(error.get("message", ""))
    said = _quote(message, endpoint.secrets())
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return _quota(error, wait, said)
    if endpoint.project and status in {401, 403}:
        return _failure(
            "key_refused",
            f"Vertex AI did not let the job's identity use {endpoint.model} in the project {endpoint.project} "
            f"({status}).{said}",
            "Grant the identity (or its service account) the role roles/aiplatform.user in this project, and enable "
            "aiplatform.googleapis.com there. docs/keyless.md has the commands.",
        )
    reason = next((str(detail.get("reason", "")) for detail in _details(error, "ErrorInfo")), "")
    about_the_key = reason == "SERVICE_DISABLED" or _ABOUT_THE_KEY.search(message)
    if status == 401 or reason.startswith("API_KEY") or (status == 403 and about_the_key):  # noqa: PLR2004 - Unauthorized, Forbidden
        return _failure(
            "key_refused",
            f"Gemini did not accept the key ({status}).{said}",
            "Create a new key at https://aistudio.google.com/apikey and set GEMINI_API_KEY to it. New keys begin "
            "with `AQ.`; unrestricted keys that begin with `AIza` have been refused since 2026-06-19. A restricted "
            "key must allow the Generative Language API and this address.",
        )
    if status == 404:  # noqa: PLR2004 - Not Found
        where = f"in the project {endpoint.project} and this location" if endpoint.project else "for this key"
        return _failure("unknown_model", f"There is no model {endpoint.model!r} {where} (404).{said}", "")
    if status == 403 or error.get("status") == "FAILED_PRECONDITION":  # noqa: PLR2004 - Forbidden
        return _failure(
            "forbidden",
            f"Gemini refused to serve this project ({status}).{said}",
            "Check in Google AI Studio whether the key's project may use this model and has billing set up, and whether "
            "Gemini is available in the region where the agent runs.",
        )
    if _is_transient(status):
        return _failure(
            "unavailable",
            f"Gemini is unavailable ({status}).{said}",
            "Run the step again later, or set model.name to another model.",
            retry_after=wait,
            usage=Usage(),
        )
    return _failure(
        "bad_request",
        f"Gemini rejected the request ({status}).{said}",
        "Check model.name, model.thinking and model.max_output_tokens; if the prompt is too long, lower "
        "context.budget_tokens.",
    )


def naming_models(error: ModelError, names: Iterable[str], endpoint: Endpoint) -> ModelError:
    """Return the failure for an unknown model, listing the models that the key can use; `names` may be empty."""
    seen = sorted({_clean(name.removeprefix("models/"), endpoint.secrets()) for name in names})
    if not seen:
        place = "Vertex AI's Model Garden for this location" if endpoint.project else "Google AI Studio"
        remedy = f"Set model.name to a model listed in {place}."
    else:
        more = f" and {len(seen) - _MOST_NAMES} more" if len(seen) > _MOST_NAMES else ""
        remedy = f"Set model.name to one that this key can use: {', '.join(seen[:_MOST_NAMES])}{more}."
    return _failure("unknown_model", error.sentence, remedy)


def timed_out(seconds: float) -> ModelError:
    """Return the failure for a call that reached its deadline."""
    return _failure(
        "timeout",
        f"Gemini did not finish its answer within {seconds:g} seconds.",
        "Raise model.call_timeout_seconds, or lower model.thinking or context.budget_tokens.",
    )


def unreachable(reason: Exception, endpoint: Endpoint) -> ModelError:
    """Return the failure for a connection that was refused, reset or cut off, or whose host or certificate is wrong."""
    return _unconnected(_clean(endpoint.base_url, endpoint.secrets()), reason, endpoint.secrets())


def unreadable(reason: Exception, endpoint: Endpoint) -> ModelError:
    """Return the failure for a successful answer that the SDK cannot read."""
    return _failure(
        "bad_body",
        f"{_clean(endpoint.base_url, endpoint.secrets())} sent an answer that does not come from Gemini "
        f"({type(reason).__name__}).",
        f"{_CHECK_ADDRESS}, and that no proxy answers instead of Gemini.",
    )


def unusable(reason: Exception, endpoint: Endpoint) -> ModelError:
    """Return the failure for an answer that is too large to be read: it is not asked for again."""
    return _failure(
        "bad_body",
        f"{_clean(endpoint.base_url, endpoint.secrets())} sent an answer with {reason}, which was not read to the end.",
        f"{_CHECK_ADDRESS}: no model writes as much.",
        retryable=False,
    )


@dataclass(frozen=True)
class Hop:
    """One step of signing in without a key: who is asked for what, what helps, and the member that has the token."""

    who: str
    what: str
    remedy: str
    member: str


def hops(connection: str, provider: str, account: str) -> tuple[Hop, ...]:
    """Return the steps from the job's token to Google's, in order; the last one only if there is a service account."""
    azure = Hop(
        "Azure DevOps",
        f"an OIDC token for the service connection {connection}",
        "Check that this service connection is in the job's project and that its page, Security > Pipeline permissions, "
        "lists the pipeline, and map the job's token: SYSTEM_ACCESSTOKEN: $(System.AccessToken).",
        "oidcToken",
    )
    exchange = Hop(
        "Google's token service",
        "a token for the one from Azure DevOps",
        f"Compare the issuer, the audience api://AzureADTokenExchange and the attribute condition of {provider} with "
        "docs/keyless.md.",
        "access_token",
    )
    lender = Hop(
        "Google",
        f"a token of the service account {account}",
        "Grant the job's identity the role roles/iam.workloadIdentityUser on this account, and enable "
        "iamcredentials.googleapis.com in its project.",
        "accessToken",
    )
    return (azure, exchange, lender) if account else (azure, exchange)


def hop_refused(hop: Hop, status: int, body: str, secrets: tuple[str, ...]) -> ModelError:
    """Return the failure for a hop that was answered with another status than 200."""
    said = _quote(_message(body), secrets)
    if _is_transient(status) or status == 429:  # noqa: PLR2004 - Too Many Requests
        sentence = f"{hop.who} is unavailable ({status}), and was asked for {hop.what}.{said}"
        return _failure("unavailable", sentence, "Run the step again later.", usage=Usage())
    return _failure("key_refused", f"{hop.who} refused {hop.what} ({status}).{said}", hop.remedy)


def hop_unreachable(hop: Hop, reason: Exception, secrets: tuple[str, ...]) -> ModelError:
    """Return the failure for a hop that was not answered; the model was not asked yet."""
    return _unconnected(f"{hop.who}, which was asked for {hop.what},", reason, secrets, usage=Usage())


def hop_unreadable(hop: Hop, reason: Exception) -> ModelError:
    """Return the failure for a hop that was answered with something else than a token."""
    return _failure(
        "bad_body",
        f"{hop.who} was asked for {hop.what} and sent something else ({type(reason).__name__}).",
        "Check that no proxy answers instead, and the addresses on the step.",
        retryable=False,
        usage=Usage(),
    )


_CHECK_ADDRESS = "Check the address of the model (GOOGLE_GEMINI_BASE_URL, GOOGLE_VERTEX_BASE_URL, model.base_url)"


def _unconnected(where: str, reason: Exception, secrets: tuple[str, ...], usage: Usage | None = None) -> ModelError:
    known = [*causes(reason)]
    said = _clean(why_unreachable(reason) or type(reason).__name__, secrets)[:_LONGEST_QUOTE].rstrip(".")
    # A server that hangs up in the middle is an SSLError, too, and worth another attempt.
    if any(isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLEOFError) for cause in known):
        return _failure(
            "connection",
            f"The TLS connection to {where} failed: {said}.",
            "For a private certificate authority point SSL_CERT_FILE or REQUESTS_CA_BUNDLE at its certificate.",
            retryable=False,
            usage=Usage(),
        )
    return _failure(
        "connection",
        f"The connection to {where} failed: {said}.",
        "Check that the agent can reach this address; behind a proxy set HTTPS_PROXY, and set SSL_CERT_FILE for a "
        "private certificate authority.",
        usage=usage if may_be_sent(reason) else Usage(),
    )


def _failure(
    kind: Failure,
    sentence: str,
    remedy: str,
    *,
    retry_after: float | None = None,
    retryable: bool = True,
    usage: Usage | None = None,
) -> ModelError:
    return ModelError(
        sentence,
        remedy,
        kind=kind,
        retryable=retryable and kind in _RETRYABLE,
        retry_after=retry_after,
        usage=Usage() if kind in _FREE else usage,
    )


def _not_the_service(status: int, wait: float | None, endpoint: Endpoint) -> ModelError:
    """Return the failure for an answer that is not in Google's format: from a proxy, a gateway or a wrong address."""
    where = _clean(endpoint.base_url, endpoint.secrets())
    if _is_transient(status) or status == 429:  # noqa: PLR2004 - Too Many Requests
        return _failure(
            "unavailable",
            f"{where} is unavailable ({status}).",
            "Run the step again later.",
            retry_after=wait,
        )
    return _failure(
        "forbidden" if status in {401, 403, 407} else "bad_request",
        f"{where} answered {status}, but not in Gemini's format.",
        f"{_CHECK_ADDRESS} and the proxy between the agent and Google.",
    )


def _quota(error: Mapping[str, Any], wait: float | None, said: str) -> ModelError:
    violations = [violation for detail in _details(error, "QuotaFailure") for violation in _dicts(detail, "violations")]
    limits = " ".join(f"{v.get('quotaId', '')} limit: {v.get('quotaValue', '?')}" for v in violations)
    exhausted = _EXHAUSTED.search(limits) or _EXHAUSTED.search(str(error.get("message", "")))
    if exhausted or (wait is not None and wait > LONGEST_WAIT_SECONDS):
        return _failure(
            "quota_final",
            f"The quota of the key's project is used up, and waiting a few minutes does not help (429).{said}",
            "Daily quotas reset at midnight Pacific time. Check the project's limits in Google AI Studio, set up "
            "billing, raise the spend limit, or set model.name to another model.",
            retry_after=wait,
        )
    return _failure(
        "quota_minute",
        f"The key's project exceeded its quota per minute (429).{said}",
        "Run fewer work items at a time, lower context.budget_tokens, or check the limits in Google AI Studio.",
        retry_after=wait,
    )


def _is_transient(status: int) -> bool:
    # 499: the service itself cancelled the call; seen under load.
    return status >= 500 or status in {408, 499}  # noqa: PLR2004 - server errors


def _error_object(body: str) -> Mapping[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(answer, list) and len(answer) == 1:  # streaming endpoints wrap it
        answer = answer[0]
    error = answer.get("error") if isinstance(answer, dict) else None
    return error if isinstance(error, dict) else None


def _dicts(holder: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    items = holder.get(name)
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _details(error: Mapping[str, Any], kind: str) -> list[dict[str, Any]]:
    return [
        detail for detail in _dicts(error, "details") if str(detail.get("@type", "")).endswith(f"google.rpc.{kind}")
    ]


def _retry_after(headers: Mapping[str, str], error: Mapping[str, Any]) -> float | None:
    """Return the seconds that the answer asks to wait, from RetryInfo, its message, or the Retry-After header."""
    for detail in _details(error, "RetryInfo"):
        if match := _SECONDS.fullmatch(str(detail.get("retryDelay", ""))):
            return float(match[1])
    if match := _RETRY_IN.search(str(error.get("message", ""))):
        return float(match[1])
    return next((retry_after(value) for name, value in headers.items() if name.lower() == "retry-after"), None)


def _message(body: str) -> str:
    """Return what an error answer of Azure DevOps or Google says, "" for a page and other foreign things."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    answer = answer if isinstance(answer, dict) else {}
    error = answer.get("error")
    inner = error.get("message") if isinstance(error, dict) else error
    found = [answer.get("error_description"), answer.get("message"), inner]
    return next((text for text in found if isinstance(text, str)), "")


def _clean(text: str, secrets: tuple[str, ...]) -> str:
    """Return foreign text on one printable line, without secrets: some servers echo them."""
    return " ".join(Secrets(secrets).clean(text).split())


def _quote(text: str, secrets: tuple[str, ...]) -> str:
    """Return the service's own message as a sentence to append, "" when there is none."""
    words = _clean(text, secrets)
    if not words:
        return ""
    if len(words) > _LONGEST_QUOTE:
        words = words[:_LONGEST_QUOTE].rstrip() + " …"
    return f" It says: {words}" + ("" if words.endswith((".", "…", "!", "?")) else ".")
