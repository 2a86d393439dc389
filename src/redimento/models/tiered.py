"""A Model that asks for the flex tier first: half the price, but it may take minutes and may be turned away.

https://ai.google.dev/gemini-api/docs/flex-inference (Preview): answers within 1 to 15 minutes; 503 or 429 when there is no
room.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from redimento.events import Emit, Note
from redimento.models.port import Failure, Model, ModelError, ModelReply, ModelRequest, Usage

_TURNED_AWAY: frozenset[Failure] = frozenset({"unavailable", "quota_minute", "timeout"})
_SHARE = 0.5  # of the call's time, so that enough is left for an answer of the standard tier


@dataclass(frozen=True)
class FlexModel:
    """One call of the flex tier and, if it is turned away or takes too long, one of the standard tier."""

    model: Model
    emit: Emit
    clock: Callable[[], float] = time.monotonic

    @property
    def name(self) -> str:
        return self.model.name

    def answer(self, request: ModelRequest) -> ModelReply:
        """Return an answer within the request's timeout, or raise the failure of the standard tier."""
        ends = self.clock() + request.timeout_seconds
        try:
            return self.model.answer(replace(request, tier="flex", timeout_seconds=_SHARE * request.timeout_seconds))
        except ModelError as error:
            if error.kind not in _TURNED_AWAY:
                raise
            lost = error.usage or Usage()
            self.emit(Note(f"The flex tier gave no answer: {error.sentence} The standard tier is asked."))
        reply = self.model.answer(replace(request, tier="standard", timeout_seconds=max(ends - self.clock(), 0.0)))
        return replace(reply, usage=reply.usage + lost, attempts=reply.attempts + 1)
