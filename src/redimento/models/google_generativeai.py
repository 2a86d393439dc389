"""The model through `google-generativeai`, Google's previous SDK, unsupported since 2025-11-30.

It cannot set the thinking level, prevent the storage of prompts, or separate thoughts from the answer. Settings that
need any of these are refused when the model is opened.
"""

from __future__ import annotations

import io
import locale
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from redimento.errors import UsageError
from redimento.models import failures, thinking
from redimento.models.access import Access
from redimento.models.candidate import Candidate
from redimento.models.failures import Endpoint
from redimento.models.port import Message, ModelRequest, Usage
from redimento.models.service import LISTING_SECONDS, SHORTEST_SDK_TIMEOUT_SECONDS, ServiceModel
from redimento.settings import ModelSettings
from redimento.text.answer_size import UnusableAnswerError, refuse_long, refuse_many_values

_PIECE = 64 * 1024  # bytes
# Answers of another shape, as in google_genai.py; protobuf's ParseError is caught in addition.
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, RecursionError)


def open_model(settings: ModelSettings, access: Access, certificates: str = "") -> ServiceModel:
    """Return the model that the settings name, without sending anything.

    `certificates`: the file or folder with the authorities to trust, "" for those of the system. Raise UsageError when
    the SDK is not installed or does not support the settings. The SDK stores one key and address for the whole process:
    those of the model opened last.
    """
    _refuse_unsupported(settings, access)
    genai = _import_sdk()
    endpoint = Endpoint(settings.name, access.base_url, lambda: (access.key,))
    # The address keeps its scheme, otherwise the SDK assumes https.
    genai.configure(api_key=access.key, transport="rest", client_options={"api_endpoint": endpoint.base_url})
    _harden_sessions(certificates)
    return ServiceModel(
        endpoint,
        ask=lambda request: _ask(genai, endpoint, request),
        count=lambda text, seconds: _count(genai, endpoint, text, seconds),
        list_models=lambda: _list(genai),
    )


def _refuse_unsupported(settings: ModelSettings, access: Access) -> None:
    if access.identity:
        raise UsageError(
            "The SDK google-generativeai cannot sign in with the job's identity.",
            "Set model.sdk to google-genai (in a pipeline: remove REDIMENTO_SDK), or use a key.",
        )
    level = thinking.default_level(settings.name)
    if settings.thinking != level:
        raise UsageError(
            f"The SDK google-generativeai cannot set the thinking level to {settings.thinking}: with it, "
            f"{settings.name} always uses the level {level}.",
            f"Set model.thinking to {level}, or model.sdk to google-genai.",
        )
    if not settings.allow_prompt_storage:
        raise UsageError(
            "The SDK google-generativeai cannot tell Google not to store the prompts, which contain your source code.",
            "Set model.sdk to google-genai, or accept this by setting model.allow_prompt_storage to true.",
        )


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
            "Run `pip install '.[legacy]'` in Redimento's own folder, or set model.sdk to google-genai.",
        ) from None
    finally:
        locale.setlocale(locale.LC_CTYPE, previous)
    return genai


def _harden_sessions(certificates: str) -> None:
    """Stop redirects, which would take key and prompt along to another host (measured), and answers without an end."""
    from google.generativeai import client as clients  # noqa: PLC0415 - loaded by _import_sdk
    from requests.adapters import HTTPAdapter  # noqa: PLC0415 - comes with the SDK
    from urllib3 import HTTPResponse  # noqa: PLC0415 - comes with the SDK

    class Bounded(HTTPAdapter):
        def send(self, request: Any, **options: Any) -> Any:  # type: ignore[override]  # a session names the options
            trusted = {"verify": certificates} if certificates else {}
            answer = super().send(request, **{**options, **trusted, "stream": True})
            try:
                content = _read(answer.raw, time.monotonic() + options["timeout"])
            except BaseException:
                answer.close()
                raise
            answer.raw.release_conn()
            answer.raw = HTTPResponse(io.BytesIO(content), status=answer.status_code, preload_content=False)
            return answer

    transports: tuple[Any, ...] = (
        clients.get_default_generative_client().transport,
        clients.get_default_model_client().transport,
    )
    for transport in transports:
        session = transport._session  # noqa: SLF001 - the SDK does not expose its HTTP session
        session.max_redirects = 0
        session.mount("https://", Bounded())
        session.mount("http://", Bounded())


def _read(answer: Any, until: float) -> bytes:
    """Return the whole body of an answer of urllib3. Raise UnusableAnswerError, requests.Timeout."""
    import requests  # noqa: PLC0415 - comes with the SDK

    content = bytearray()
    # read1 returns what has arrived, decompressed; other ways wait for a full piece of a slow body.
    while piece := answer.read1(_PIECE, decode_content=True):
        content += piece
        refuse_long(content)
        if time.monotonic() > until:
            raise requests.Timeout
    refuse_many_values(content)
    return bytes(content)


def _ask(genai: Any, endpoint: Endpoint, request: ModelRequest) -> Candidate:
    with _named_failures(endpoint, request.timeout_seconds):
        model = genai.GenerativeModel(endpoint.model, system_instruction=request.system or None)
        response = model.generate_content(
            [{"role": message.role, "parts": _parts(message)} for message in request.messages],
            generation_config={"max_output_tokens": request.max_output_tokens},
            request_options=_options(genai, request.timeout_seconds),
        )
        return _candidate(genai, response)


def _count(genai: Any, endpoint: Endpoint, text: str, seconds: float) -> int:
    with _named_failures(endpoint, seconds):
        model = genai.GenerativeModel(endpoint.model)
        return int(model.count_tokens(text, request_options=_options(genai, seconds)).total_tokens)


def _options(genai: Any, seconds: float) -> Any:
    # RequestOptions, not a dict: with a dict the SDK retries for ten minutes.
    return genai.types.RequestOptions(timeout=max(seconds, SHORTEST_SDK_TIMEOUT_SECONDS))


@contextmanager
def _named_failures(endpoint: Endpoint, seconds: float) -> Iterator[None]:
    """Turn what the SDK raises for a call into ModelError."""
    import requests  # noqa: PLC0415 - comes with the SDK
    import urllib3  # noqa: PLC0415 - comes with the SDK
    from google.api_core import exceptions  # noqa: PLC0415 - comes with the SDK
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415 - comes with the SDK
    from google.protobuf.json_format import ParseError  # noqa: PLC0415 - comes with the SDK

    try:
        yield
    except exceptions.GoogleAPICallError as error:
        answer = error.response
        raise failures.refused(int(error.code or 0), answer.text, answer.headers, endpoint) from None
    except requests.Timeout:
        raise failures.timed_out(seconds) from None
    except UnusableAnswerError as error:
        raise failures.unusable(error, endpoint) from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, GoogleAuthError) as error:
        raise failures.unreachable(error, endpoint) from None
    except (ParseError, *_UNREADABLE) as error:
        raise failures.unreadable(error, endpoint) from None


def _parts(message: Message) -> list[dict[str, Any]]:
    images = [{"inline_data": {"mime_type": each.media_type, "data": each.content}} for each in message.images]
    return [*images, {"text": message.text}]


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


def _list(genai: Any) -> Iterator[str]:
    for model in genai.list_models(page_size=1000, request_options=genai.types.RequestOptions(timeout=LISTING_SECONDS)):
        if "generateContent" in model.supported_generation_methods:
            yield model.name
