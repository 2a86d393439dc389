"""A Model that retries transient failures. The SDKs' own retries are off."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from redimento.models.failures import LONGEST_WAIT_SECONDS
from redimento.models.port import Model, ModelError, ModelReply, ModelRequest, Usage

# Total attempts, by the kind of the latest failure; every other kind is final. Few, because each attempt may be billed,
# and the service does not cancel a call when we disconnect.
_ATTEMPTS = {"quota_minute": 5, "unavailable": 4, "connection": 4, "bad_body": 3, "empty": 3, "timeout": 2}
_QUOTA_SECONDS = 60.0  # for a 429 about a quota per minute that gives no time


def with_retries(
    model: Model,
    *,
    deadline_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Model:
    """Return a model that retries `retryable` failures; the deadline covers all attempts and waits of one `answer`.

    It waits at least as long as the service asks. The final reply or error includes the usage of failed attempts.
    """
    return _Retrying(model, deadline_seconds, sleep, clock)


@dataclass(frozen=True)
class _Retrying:
    model: Model
    deadline_seconds: float
    sleep: Callable[[float], None]
    clock: Callable[[], float]

    @property
    def name(self) -> str:
        return self.model.name

    def answer(self, request: ModelRequest) -> ModelReply:
        """Return the first answer, or raise the last failure with the number of attempts."""
        ends, lost, attempt = self.clock() + self.deadline_seconds, Usage(), 0
        while True:
            attempt += 1
            left = max(ends - self.clock(), 0.0)
            try:
                reply = self.model.answer(replace(request, timeout_seconds=min(request.timeout_seconds, left)))
                return replace(reply, usage=reply.usage + lost, attempts=attempt)
            except ModelError as error:
                lost += error.usage or Usage()
                wait = _wait(error, attempt)
                given_up = not error.retryable or attempt >= _ATTEMPTS.get(error.kind, 1)
                if given_up or wait > LONGEST_WAIT_SECONDS or self.clock() + wait >= ends:
                    raise _final(error, attempt, lost) from None
            self.sleep(wait)


def _wait(error: ModelError, attempt: int) -> float:
    jitter = random.uniform(0, 2)  # noqa: S311  so that parallel jobs do not retry at the same moment
    if error.kind == "quota_minute":
        return (_QUOTA_SECONDS if error.retry_after is None else error.retry_after) + jitter
    return max(min(2.0**attempt + jitter, 30.0), error.retry_after or 0.0)


def _final(error: ModelError, attempts: int, lost: Usage) -> ModelError:
    if attempts == 1:
        return error
    return ModelError(
        f"{error.sentence} It was tried {attempts} times.",
        error.remedy,
        kind=error.kind,
        retryable=error.retryable,
        retry_after=error.retry_after,
        usage=lost if lost != Usage() else error.usage,
    )
