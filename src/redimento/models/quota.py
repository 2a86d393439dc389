"""A Model that keeps to a quota of requests and tokens a minute, which it shares with other runs."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from redimento.events import Emit, Note
from redimento.models.port import Model, ModelError, ModelReply, ModelRequest, Usage, estimated_tokens
from redimento.store.port import Bucket, Store

_SHOWN = 1.0  # seconds; a shorter wait is not worth a line


@dataclass(frozen=True)
class QuotaModel:
    """`requests` and `tokens` are buckets in the store, None without a limit; `estimate` counts the tokens of a text."""

    model: Model
    store: Store
    requests: Bucket | None
    tokens: Bucket | None
    estimate: Callable[[str], int]
    emit: Emit
    sleep: Callable[[float], None] = time.sleep

    @property
    def name(self) -> str:
        return self.model.name

    def answer(self, request: ModelRequest) -> ModelReply:
        """Return the answer, within the request's timeout, after waiting for the quota. Raises ModelError."""
        estimated = float(estimated_tokens(request, self.estimate))
        left = request.timeout_seconds - self._waited(estimated, request.timeout_seconds)
        used: int | None = None
        try:
            reply = self.model.answer(replace(request, timeout_seconds=left))
            used = reply.usage.prompt
            return reply
        except ModelError as error:
            used = error.usage.prompt if error.usage else None
            if error.kind == "quota_minute" and error.retry_after:
                self._let_all_wait(error.retry_after)
            raise
        finally:
            if self.tokens is not None and used:
                self.store.take(self.tokens, used - estimated, float("inf"))

    def _waited(self, tokens: float, most: float) -> float:
        """Wait for both buckets, and return how long; raise ModelError where that takes all the time of the call."""
        wait, why = 0.0, ""
        for bucket, amount, what in ((self.requests, 1.0, "requests"), (self.tokens, tokens, "tokens")):
            if bucket is None:
                continue
            own = self.store.take(bucket, amount, most)
            quota = f"the quota of {bucket.per_minute:g} {what} a minute"
            if own > most:
                if what == "tokens" and self.requests is not None:
                    self.store.take(self.requests, -1, most)  # given back
                raise ModelError(
                    f"It takes {own:.0f} s until {quota} has room for this call, which may take {most:.0f} s.",
                    f"Run fewer work items at a time, or raise model.{what}_per_minute if your quota allows it.",
                    kind="quota_minute",
                    usage=Usage(),
                )
            if own > wait:
                wait, why = own, f"Waiting {own:.0f} s for {quota}."
        if wait >= _SHOWN:
            self.emit(Note(why))
        if wait:
            self.sleep(wait)
        return wait

    def _let_all_wait(self, seconds: float) -> None:
        """Empty the buckets for as long as the service says, and up to as long again, so that not all come back at once."""
        for bucket in (self.requests, self.tokens):
            if bucket is not None:
                self.store.empty(bucket, seconds + random.uniform(0, seconds))  # noqa: S311 - no secret
