"""The model through `google-genai`, Google's current SDK."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from redimento.models import failures, thinking
from redimento.models.access import Access
from redimento.models.candidate import Candidate
from redimento.models.failures import Endpoint
from redimento.models.port import Message, ModelRequest, Usage
from redimento.models.service import LISTING_SECONDS, SHORTEST_SDK_TIMEOUT_SECONDS, ServiceModel
from redimento.settings import ModelSettings
from redimento.text.answer_size import UnusableAnswerError

if TYPE_CHECKING:
    from google import genai
    from google.genai import types

# It has every model and every field; v1 lacks aliases and previews. Vertex AI has all that we use in v1.
_API_VERSION = "v1beta"
_VERTEX_API_VERSION = "v1"
# What the SDK raises for a 200 without a valid answer: JSONDecodeError, UnknownApiResponseError and pydantic's
# ValidationError are ValueErrors; its converters raise the others for JSON of another shape.
_UNREADABLE = (ValueError, TypeError, AttributeError, LookupError, RecursionError)


def open_model(
    settings: ModelSettings, access: Access, certificates: str = "", issued: list[str] | None = None
) -> ServiceModel:
    """Return the model that the settings name, without sending anything.

    `certificates`: the file or folder with the authorities to trust, "" for those of the system. `issued` receives the
    tokens that signing in takes, which are secrets of the run.
    """
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # it looks for them in all packages, and we have none
    import httpx2  # noqa: PLC0415 - comes with the SDK
    from google import genai  # noqa: PLC0415 - the import takes a third of a second

    from redimento.models.bounded import BoundedClient  # noqa: PLC0415 - needs httpx2
    from redimento.models.keyless import SignIn  # noqa: PLC0415 - needs httpx2 and google-auth

    # The SDK prints a warning for each finish reason newer than itself; to us they are ordinary answers.
    warnings.filterwarnings("ignore", message=".* is not a valid ", category=UserWarning, module=r"google\.genai")
    http = BoundedClient(certificates)
    # All explicit: the environment must not switch to the other service or to another key or address.
    options: dict[str, Any] = {
        "base_url": access.base_url,
        "api_version": _VERTEX_API_VERSION if access.identity else _API_VERSION,
        "httpx_client": http,
        # Never used; without them the SDK loads the certificates twice more.
        "httpx_async_client": httpx2.AsyncClient(verify=http.trusted, trust_env=False),
        "async_client_args": {"ssl": http.trusted},
    }
    signing: dict[str, Any] = {"api_key": access.key, "vertexai": False}
    endpoint = Endpoint(settings.name, access.base_url, lambda: (access.key,), access.project)
    if access.identity:
        sign_in = SignIn(access.identity, http, seen=[] if issued is None else issued)
        endpoint = replace(endpoint, secrets=sign_in.secrets)
        place = {"project": access.project, "location": access.location}
        signing = {"vertexai": True, "credentials": sign_in.credentials(), **place}
    client = genai.Client(**signing, http_options=options)  # type: ignore[arg-type]  # a dict is one of its forms
    return ServiceModel(
        endpoint,
        ask=lambda request: _ask(client, endpoint, request),
        count=lambda text, seconds: _count(client, endpoint, text, seconds),
        list_models=lambda: () if access.identity else _list(client),
    )


def _ask(client: genai.Client, endpoint: Endpoint, request: ModelRequest) -> Candidate:
    with _named_failures(endpoint, request.timeout_seconds):
        response = client.models.generate_content(
            model=endpoint.model, contents=_contents(request), config=_config(endpoint, request)
        )
        return _candidate(response)


def _count(client: genai.Client, endpoint: Endpoint, text: str, seconds: float) -> int:
    from google.genai import types  # noqa: PLC0415 - loaded by open_model

    config = types.CountTokensConfig(http_options=_http_options(seconds))
    with _named_failures(endpoint, seconds):
        answer = client.models.count_tokens(model=endpoint.model, contents=text, config=config)
        return int(answer.total_tokens or 0)


@contextmanager
def _named_failures(endpoint: Endpoint, seconds: float) -> Iterator[None]:
    """Turn what the SDK raises for a call into ModelError."""
    import httpx2  # noqa: PLC0415 - comes with the SDK
    from google.genai import errors  # noqa: PLC0415 - loaded by open_model

    try:
        yield
    except errors.APIError as error:
        answer: Any = error.response
        raise failures.refused(error.code, answer.text, answer.headers, endpoint) from None
    except httpx2.TimeoutException:
        raise failures.timed_out(seconds) from None
    except httpx2.DecodingError as error:
        raise failures.unreadable(error, endpoint) from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise failures.unreachable(error, endpoint) from None
    except UnusableAnswerError as error:
        raise failures.unusable(error, endpoint) from None
    except _UNREADABLE as error:
        raise failures.unreadable(error, endpoint) from None


def _contents(request: ModelRequest) -> list[types.ContentUnion]:
    from google.genai import types  # noqa: PLC0415 - loaded by open_model

    def parts(message: Message) -> list[types.Part]:
        images = [types.Part.from_bytes(data=each.content, mime_type=each.media_type) for each in message.images]
        return [*images, types.Part(text=message.text)]

    return [types.Content(role=message.role, parts=parts(message)) for message in request.messages]


def _config(endpoint: Endpoint, request: ModelRequest) -> types.GenerateContentConfig:
    from google.genai import types  # noqa: PLC0415 - loaded by open_model

    budget = thinking.budget(endpoint.model, request.thinking, on=datetime.now(UTC).date())
    return types.GenerateContentConfig(
        system_instruction=request.system or None,
        max_output_tokens=request.max_output_tokens,
        thinking_config=(
            types.ThinkingConfig(thinking_level=types.ThinkingLevel(request.thinking.upper()))
            if budget is None
            else types.ThinkingConfig(thinking_budget=budget)
        ),
        service_tier=types.ServiceTier.FLEX if request.tier == "flex" else None,
        # Projects created since 2026-10-26 store every prompt, i.e. the user's source code, unless told not to. Vertex
        # AI has no such switch, and does not store them.
        store=None if endpoint.project else False,
        # On by default, with no limit on requests or cost.
        automatic_continuation=False,
        automatic_function_calling=types.AutomaticFunctionCallingConfig(disable=True),
        # No temperature: models since 3.6 ignore it, older ones loop on low values.
        http_options=_http_options(request.timeout_seconds),
    )


def _http_options(seconds: float) -> types.HttpOptions:
    from google.genai import types  # noqa: PLC0415 - loaded by open_model

    return types.HttpOptions(timeout=round(max(seconds, SHORTEST_SDK_TIMEOUT_SECONDS) * 1000))


def _candidate(response: types.GenerateContentResponse) -> Candidate:
    feedback = response.prompt_feedback
    first = response.candidates[0] if response.candidates else None
    parts = (first.content.parts or []) if first and first.content else []
    text = "".join(part.text for part in parts if part.text and not part.thought)
    text.encode()  # raises for a lone surrogate, which is legal in JSON but cannot be written to a file
    return Candidate(
        text=text,
        finish=_spelled(first.finish_reason if first else None),
        usage=_usage(response.usage_metadata),
        block_reason=_spelled(feedback.block_reason if feedback else None),
        block_message=(feedback.block_reason_message or "") if feedback else "",
    )


def _spelled(reason: Any) -> str:
    return "" if reason is None else str(reason.value)


def _usage(usage: types.GenerateContentResponseUsageMetadata | None) -> Usage:
    if usage is None:
        return Usage()
    return Usage(
        prompt=(usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0),
        cached=usage.cached_content_token_count or 0,
        output=usage.candidates_token_count or 0,
        thoughts=usage.thoughts_token_count or 0,
    )


def _list(client: genai.Client) -> Iterator[str]:
    from google.genai import types  # noqa: PLC0415 - loaded by open_model

    timeout = types.HttpOptions(timeout=round(LISTING_SECONDS * 1000))
    for model in client.models.list(config=types.ListModelsConfig(http_options=timeout, page_size=1000)):
        if model.name and "generateContent" in (model.supported_actions or ()):
            yield model.name
