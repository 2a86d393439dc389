"""The Gemini service as a Model, for both SDKs: deadline, check of the answer, and the available models after a 404."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from redimento.interruption import within
from redimento.models import failures
from redimento.models.candidate import Candidate, reply_from
from redimento.models.failures import Endpoint
from redimento.models.port import ModelError, ModelReply, ModelRequest

T = TypeVar("T")

# The SDK sends its timeout along, and for a shorter one the service answers 500 (googleapis/python-genai#1330).
SHORTEST_SDK_TIMEOUT_SECONDS = 10.0
LISTING_SECONDS = 10.0


@dataclass(frozen=True)
class ServiceModel:
    """`ask` makes one call and raises ModelError; `list_models` returns the models that can generate text.

    `count` returns the number of tokens of a text within some seconds, and raises ModelError.
    """

    endpoint: Endpoint
    ask: Callable[[ModelRequest], Candidate]
    count: Callable[[str, float], int]
    list_models: Callable[[], Iterable[str]]

    @property
    def name(self) -> str:
        return self.endpoint.model

    def answer(self, request: ModelRequest) -> ModelReply:
        """Return an answer with text, or raise ModelError; one call, no retry, within the request's timeout."""
        started = time.monotonic()
        candidate = self._answered(lambda: self.ask(request), request.timeout_seconds)
        return reply_from(candidate, request, self.name, time.monotonic() - started)

    def reach(self, seconds: float) -> None:
        """Raise ModelError unless the service would take a call: it counts the tokens of a word, which is free.

        Address, certificate, key or identity, project and model have to be as right for that as for a call.
        """
        self._answered(lambda: self.count("ready", seconds), seconds)

    def _answered(self, call: Callable[[], T], seconds: float) -> T:
        started = time.monotonic()
        try:
            return within(seconds, call)
        except TimeoutError:
            raise failures.timed_out(seconds) from None
        except ModelError as error:
            if error.kind != "unknown_model":
                raise
            left = seconds - (time.monotonic() - started)
            raise failures.naming_models(error, self._visible(min(left, LISTING_SECONDS)), self.endpoint) from None

    def _visible(self, seconds: float) -> tuple[str, ...]:
        try:
            return within(seconds, lambda: tuple(self.list_models()))
        except Exception:  # noqa: BLE001 - optional; the failure to report is the 404
            return ()
