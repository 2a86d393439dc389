"""The Gemini service as a Model, for both SDKs: deadline, check of the answer, and the available models after a 404."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from redimento.interruption import within
from redimento.models import failures
from redimento.models.candidate import Candidate, reply_from
from redimento.models.failures import Endpoint
from redimento.models.port import ModelError, ModelReply, ModelRequest

# The SDK sends its timeout along, and for a shorter one the service answers 500 (googleapis/python-genai#1330).
SHORTEST_SDK_TIMEOUT_SECONDS = 10.0
LISTING_SECONDS = 10.0


@dataclass(frozen=True)
class ServiceModel:
    """`ask` makes one call and raises ModelError; `list_models` returns the models that can generate text."""

    endpoint: Endpoint
    ask: Callable[[ModelRequest], Candidate]
    list_models: Callable[[], Iterable[str]]

    @property
    def name(self) -> str:
        return self.endpoint.model

    def answer(self, request: ModelRequest) -> ModelReply:
        """Return an answer with text, or raise ModelError; one call, no retry, within the request's timeout."""
        started = time.monotonic()
        try:
            candidate = within(request.timeout_seconds, lambda: self.ask(request))
        except TimeoutError:
            raise failures.timed_out(request.timeout_seconds) from None
        except ModelError as error:
            if error.kind != "unknown_model":
                raise
            left = request.timeout_seconds - (time.monotonic() - started)
            raise failures.naming_models(error, self._visible(min(left, LISTING_SECONDS)), self.endpoint) from None
        return reply_from(candidate, request, self.name, time.monotonic() - started)

    def _visible(self, seconds: float) -> tuple[str, ...]:
        try:
            return within(seconds, lambda: tuple(self.list_models()))
        except Exception:  # noqa: BLE001 - optional; the failure to report is the 404
            return ()
