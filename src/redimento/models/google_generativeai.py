"""The model through `google-generativeai`, Google's previous SDK, unsupported since 2025-11-30.

It cannot set the thinking level, prevent the storage of prompts, or separate thoughts from the answer. Settings that
need any of these are refused when the model is opened.
"""

from __future__ import annotations

import locale
import warnings
from collections.abc import Iterator
from typing import Any

from redimento.errors import UsageError
from redimento.models import failures
from redimento.models.access import GOOGLE
from redimento.models.candidate import Candidate
from redimento.models.failures import Endpoint, Refusal
from redimento.models.port import Model, ModelError, ModelRequest, Usage
from redimento.models.service import LISTING_SECONDS, SHORTEST_SDK_TIMEOUT_SECONDS, ServiceModel
from redimento.settings import ModelSettings, Thinking

# Thinking levels when none is sent (https://ai.google.dev/gemini-api/docs/thinking); all other models: medium.
_DEFAULT_THINKING: dict[str, Thinking] = {
    "gemini-4-neon": "high",
    "gemini-4-hydrogen": "high",
    "gemini-3.1-pro-preview": "high",
    "gemini-3.5-flash-lite": "minimal",
}
# Answers of another shape, as in google_genai.py; protobuf's ParseError is caught in addition.
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, RecursionError)


def open_model(settings: ModelSettings, key: str, base_url: str) -> Model:
    """Return the model that the settings name, without sending anything. `base_url` "": Google's own address.

    Raise UsageError when the SDK is not installed or does not support the settings. The SDK stores one key and address
    for the whole process: those of the model opened last.
    """
    _refuse_unsupported(settings)
    genai = _import_sdk()
    endpoint = Endpoint(settings.name, base_url or GOOGLE, key)
    # The address keeps its scheme, otherwise the SDK assumes https.
    genai.configure(api_key=key, transport="rest", client_options={"api_endpoint": endpoint.base_url})
    _refuse_redirects()
    return ServiceModel(
        endpoint,
        ask=lambda request: _ask(genai, endpoint, request),
        list_models=lambda: _list(genai),
    )


def _refuse_unsupported(settings: ModelSettings) -> None:
    thinking = _default_thinking(settings.name)
    if settings.thinking != thinking:
        raise UsageError(
            f"The SDK google-generativeai cannot set the thinking level to {settings.thinking}: with it, "
            f"{settings.name} always uses the level {thinking}.",
            f"Set model.thinking to {thinking}, or model.sdk to google-genai.",
        )
    if not settings.allow_prompt_storage:
        raise UsageError(
            "The SDK google-generativeai cannot tell Google not to store the prompts, which contain your source code.",
            "Set model.sdk to google-genai, or accept this by setting model.allow_prompt_storage to true.",
        )


def _default_thinking(model: str) -> Thinking:
    return _DEFAULT_THINKING.get(model.removeprefix("models/"), "medium")


def _import_sdk() -> Any:
    """Import the SDK in the C locale and without its two start-up warnings.

    At import protobuf derives the JSON names of fields with C's `toupper`, which depends on the locale: in tr_TR.UTF-8
    `system_instruction` became `systeminstruction`, so the system text was lost (measured with protobuf 5.29.6).
    """
    previous = locale.setlocale(locale.LC_CTYPE)
    locale.setlocale(locale.LC_CTYPE, "C")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import google.generativeai as genai  # noqa: PLC0415 - an extra, and the import takes a third of a second
    except ImportError:
        raise UsageError(
            "The SDK google-generativeai is not installed.",
            "Run `pip install 'redimento[legacy]'`, or set model.sdk to google-genai.",
        ) from None
    finally:
        locale.setlocale(locale.LC_CTYPE, previous)
    return genai


def _refuse_redirects() -> None:
    """Stop redirects, which would take key and prompt along to another host (measured)."""
    from google.generativeai import client as clients  # noqa: PLC0415 - loaded by _import_sdk

    transports: tuple[Any, ...] = (
        clients.get_default_generative_client().transport,
        clients.get_default_model_client().transport,
    )
    for transport in transports:
        transport._session.max_redirects = 0  # noqa: SLF001 - the SDK does not expose its HTTP session


def _ask(genai: Any, endpoint: Endpoint, request: ModelRequest) -> Candidate:
    import requests  # noqa: PLC0415 - comes with the SDK
    from google.api_core import exceptions  # noqa: PLC0415 - comes with the SDK
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - comes with the SDK
    from google.protobuf.json_format import ParseError  # noqa: PLC0415 - comes with the SDK

    if request.thinking != _default_thinking(endpoint.model):
        raise ModelError(
            f"The call {request.purpose!r} asks for thinking level {request.thinking}, which the SDK "
            "google-generativeai cannot set.",
            "Set model.sdk to google-genai.",
            kind="refused_by_sdk",
        )
    try:
        model = genai.GenerativeModel(endpoint.model, system_instruction=request.system or None)
        response = model.generate_content(
            [{"role": message.role, "parts": [{"text": message.text}]} for message in request.messages],
            generation_config={"max_output_tokens": request.max_output_tokens},
            # RequestOptions, not a dict: with a dict the SDK retries for ten minutes.
            request_options=genai.types.RequestOptions(
                timeout=max(request.timeout_seconds, SHORTEST_SDK_TIMEOUT_SECONDS)
            ),
        )
        return _candidate(genai, response)
    except exceptions.GoogleAPICallError as error:
        raise failures.refused(_refusal(error), endpoint) from None
    except requests.Timeout:
        raise failures.timed_out(request.timeout_seconds) from None
    except (requests.RequestException, GoogleAuthError) as error:
        raise failures.unreachable(error, endpoint) from None
    except (ParseError, *_UNREADABLE) as error:
        raise failures.unreadable(error, endpoint) from None


def _candidate(genai: Any, response: Any) -> Candidate:
    protos = genai.protos
    first = response.candidates[0] if response.candidates else None
    usage = response.usage_metadata
    # Raw protobuf messages below: the SDK's own attributes print a warning for each value newer than itself.
    feedback = protos.GenerateContentResponse.PromptFeedback.pb(response.prompt_feedback)
    finish = 0 if first is None else protos.Candidate.pb(first).finish_reason
    return Candidate(
        # Not `response.text`: it joins the parts with line breaks (measured), which ruins code.
        text="" if first is None else "".join(part.text for part in first.content.parts),
        finish=_spelled(protos.Candidate.FinishReason, finish),
        usage=Usage(
            prompt=usage.prompt_token_count,
            cached=usage.cached_content_token_count,
            output=usage.candidates_token_count,
            # This SDK has no separate field for thoughts.
            thoughts=max(usage.total_token_count - usage.prompt_token_count - usage.candidates_token_count, 0),
        ),
        block_reason=_spelled(protos.GenerateContentResponse.PromptFeedback.BlockReason, feedback.block_reason),
    )


def _spelled(reasons: Any, number: int) -> str:
    """Return the name of an enum value, the number itself for one newer than the SDK, "" for 0."""
    if not number:
        return ""
    return next((str(reason.name) for reason in reasons if reason.value == number), str(number))


def _refusal(error: Any) -> Refusal:
    response = error.response
    return Refusal(int(error.code), response.text, dict(response.headers))


def _list(genai: Any) -> Iterator[str]:
    for model in genai.list_models(page_size=1000, request_options=genai.types.RequestOptions(timeout=LISTING_SECONDS)):
        if "generateContent" in model.supported_generation_methods:
            yield model.name
