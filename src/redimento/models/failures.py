"""Turn every way a call can fail into a ModelError; its texts never contain the key.

The meaning of error answers: https://ai.google.dev/gemini-api/docs/troubleshooting and
https://ai.google.dev/gemini-api/docs/rate-limits. Their details are google.rpc messages (RetryInfo, QuotaFailure,
ErrorInfo).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from redimento.models.port import Failure, ModelError
from redimento.text.redaction import Secrets

# Do not wait any longer: Gemini CLI gives up at the same limit.
LONGEST_WAIT_SECONDS = 300
_LONGEST_QUOTE = 300  # characters of the service's own words
_MOST_NAMES = 25
_RETRYABLE: frozenset[Failure] = frozenset({"quota_minute", "unavailable", "connection", "timeout", "bad_body"})

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
    """The model to call, its address, and the key, which no text may show."""

    model: str
    base_url: str
    key: str = field(repr=False)


@dataclass(frozen=True)
class Refusal:
    """An HTTP answer with an error status."""

    status: int
    body: str
    headers: Mapping[str, str]


def refused(refusal: Refusal, endpoint: Endpoint) -> ModelError:
    """Return the failure for an error status of the service."""
    error = _error_object(refusal.body)
    if error is None:
        return _not_the_service(refusal, endpoint)
    reason = _reason(error)
    said = _quote(str(error.get("message", "")), endpoint)
    if refusal.status == 429:  # noqa: PLR2004 - Too Many Requests
        return _quota(refusal, error, said)
    if refusal.status == 401 or reason.startswith("API_KEY") or _is_about_the_key(refusal.status, reason, error):  # noqa: PLR2004 - Unauthorized
        return _failure(
            "key_refused",
            f"Gemini did not accept the key ({refusal.status}).{said}",
            "Create a new key at https://aistudio.google.com/apikey and set GEMINI_API_KEY to it. New keys begin "
            "with `AQ.`; unrestricted keys that begin with `AIza` have been refused since 2026-06-19. A restricted "
            "key must allow the Generative Language API and this address.",
        )
    if refusal.status == 404:  # noqa: PLR2004 - Not Found
        return _failure("unknown_model", f"There is no model {endpoint.model!r} for this key (404).{said}", "")
    if refusal.status == 403 or error.get("status") == "FAILED_PRECONDITION":  # noqa: PLR2004 - Forbidden
        return _failure(
            "forbidden",
            f"Gemini refused to serve this project ({refusal.status}).{said}",
            "Check in Google AI Studio whether the key's project may use this model and has billing set up, and whether "
            "Gemini is available in the region where the agent runs.",
        )
    if _is_transient(refusal.status):
        return _failure(
            "unavailable",
            f"Gemini is unavailable ({refusal.status}).{said}",
            "Run the step again later, or set model.name to another model.",
            retry_after=_retry_after(refusal, error),
        )
    return _failure(
        "bad_request",
        f"Gemini rejected the request ({refusal.status}).{said}",
        "Check model.name, model.thinking and model.max_output_tokens; if the prompt is too long, lower "
        "context.budget_tokens.",
    )


def naming_models(error: ModelError, names: Iterable[str], endpoint: Endpoint) -> ModelError:
    """Return the failure for an unknown model, listing the models that the key can use; `names` may be empty."""
    seen = sorted({_clean(name.removeprefix("models/"), endpoint) for name in names})
    if not seen:
        remedy = "Set model.name to a model listed in Google AI Studio."
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
    """Return the failure for a connection that was refused, reset or cut off, or whose host is unknown."""
    return _failure(
        "connection",
        f"The connection to {_clean(endpoint.base_url, endpoint)} failed."
        f"{_quote(f'{type(reason).__name__}: {reason}', endpoint)}",
        "Check that the agent can reach this address; behind a proxy set HTTPS_PROXY, and set SSL_CERT_FILE for a "
        "private certificate authority.",
    )


def unreadable(reason: Exception, endpoint: Endpoint) -> ModelError:
    """Return the failure for a successful answer that the SDK cannot read."""
    return _failure(
        "bad_body",
        f"{_clean(endpoint.base_url, endpoint)} sent an answer that does not come from Gemini "
        f"({type(reason).__name__}).",
        "Check model.base_url, and that no proxy answers instead of Gemini.",
    )


def _failure(kind: Failure, sentence: str, remedy: str, retry_after: float | None = None) -> ModelError:
    return ModelError(sentence, remedy, kind=kind, retryable=kind in _RETRYABLE, retry_after=retry_after)


def _not_the_service(refusal: Refusal, endpoint: Endpoint) -> ModelError:
    """Return the failure for an answer that is not in Google's format: from a proxy, a gateway or a wrong address."""
    where = _clean(endpoint.base_url, endpoint)
    if _is_transient(refusal.status) or refusal.status == 429:  # noqa: PLR2004 - Too Many Requests
        return _failure(
            "unavailable",
            f"{where} is unavailable ({refusal.status}).",
            "Run the step again later.",
            retry_after=_retry_after(refusal, {}),
        )
    return _failure(
        "forbidden" if refusal.status in {401, 403, 407} else "bad_request",
        f"{where} answered {refusal.status}, but not in Gemini's format.",
        "Check model.base_url and the proxy between the agent and Google.",
    )


def _quota(refusal: Refusal, error: Mapping[str, Any], said: str) -> ModelError:
    wait = _retry_after(refusal, error)
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


def _is_about_the_key(status: int, reason: str, error: Mapping[str, Any]) -> bool:
    if status != 403:  # noqa: PLR2004 - Forbidden
        return False
    return reason == "SERVICE_DISABLED" or bool(_ABOUT_THE_KEY.search(str(error.get("message", ""))))


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


def _reason(error: Mapping[str, Any]) -> str:
    return next((str(detail.get("reason", "")) for detail in _details(error, "ErrorInfo")), "")


def _retry_after(refusal: Refusal, error: Mapping[str, Any]) -> float | None:
    """Return the seconds that the answer asks to wait, from RetryInfo, its message, or the Retry-After header."""
    for detail in _details(error, "RetryInfo"):
        if match := _SECONDS.fullmatch(str(detail.get("retryDelay", ""))):
            return float(match[1])
    if match := _RETRY_IN.search(str(error.get("message", ""))):
        return float(match[1])
    header = next((value.strip() for name, value in refusal.headers.items() if name.lower() == "retry-after"), "")
    if header.isascii() and header.isdigit():
        return float(header[:9])
    try:
        at = parsedate_to_datetime(header)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max((at - datetime.now(UTC)).total_seconds(), 0.0)


def _clean(text: str, endpoint: Endpoint) -> str:
    """Return foreign text on one printable line, with the key redacted: some servers echo it."""
    return " ".join(Secrets((endpoint.key,)).clean(text).split())


def _quote(text: str, endpoint: Endpoint) -> str:
    """Return the service's own message as a sentence to append, "" when there is none."""
    words = _clean(text, endpoint)
    if not words:
        return ""
    if len(words) > _LONGEST_QUOTE:
        words = words[:_LONGEST_QUOTE].rstrip() + " …"
    return f" It says: {words}" + ("" if words.endswith((".", "…", "!", "?")) else ".")
