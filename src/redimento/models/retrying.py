"""A Model that retries transient failures. The SDKs' own retries are off."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import tenacity

from redimento.models.failures import LONGEST_WAIT_SECONDS
from redimento.models.port import Model, ModelError, ModelReply, ModelRequest, Usage

# Total attempts, by the kind of the latest failure; every other kind is final. Few, because each attempt may be billed,
# and the service does not cancel a call when we disconnect.
_ATTEMPTS = {"quota_minute": 5, "unavailable": 4, "connection": 4, "bad_body": 3, "empty": 3, "timeout": 2}
_QUOTA_SECONDS = 60.0  # for a 429 about a quota per minute that gives no time
_BACKOFF = tenacity.wait_exponential_jitter(initial=2, max=30, jitter=2)
_JITTER = tenacity.wait_random(0, 2)  # so that parallel jobs do not retry at the same moment


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
        call = _Call(self.model, request, ends=self.clock() + self.deadline_seconds, clock=self.clock)
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_is_retryable),
            wait=_wait,
            stop=call.must_stop,
            sleep=self.sleep,
            reraise=True,
        )
        try:
            reply: ModelReply = retrying(call.attempt)
        except ModelError as error:
            raise call.final(error) from None
        return replace(reply, usage=reply.usage + call.lost, attempts=call.attempts)


@dataclass
class _Call:
    """One call and its attempts so far. `lost`: the usage of failed attempts."""

    model: Model
    request: ModelRequest
    ends: float
    clock: Callable[[], float]
    attempts: int = 0
    lost: Usage = field(default_factory=Usage)

    def attempt(self) -> ModelReply:
        self.attempts += 1
        left = max(self.ends - self.clock(), 0.0)
        try:
            return self.model.answer(replace(self.request, timeout_seconds=min(self.request.timeout_seconds, left)))
        except ModelError as error:
            self.lost += error.usage or Usage()
            raise

    def must_stop(self, state: tenacity.RetryCallState) -> bool:
        error = _error(state)
        if error is None or self.attempts >= _ATTEMPTS.get(error.kind, 1):
            return True
        return state.upcoming_sleep > LONGEST_WAIT_SECONDS or self.clock() + state.upcoming_sleep >= self.ends

    def final(self, error: ModelError) -> ModelError:
        if self.attempts == 1:
            return error
        return ModelError(
            f"{error.sentence} It was tried {self.attempts} times.",
            error.remedy,
            kind=error.kind,
            retryable=error.retryable,
            retry_after=error.retry_after,
            usage=self.lost if self.lost != Usage() else error.usage,
        )


def _error(state: tenacity.RetryCallState) -> ModelError | None:
    error = state.outcome.exception() if state.outcome else None
    return error if isinstance(error, ModelError) else None


def _is_retryable(error: BaseException) -> bool:
    return isinstance(error, ModelError) and error.retryable


def _wait(state: tenacity.RetryCallState) -> float:
    error = _error(state)
    if error is None:
        return 0.0
    if error.kind == "quota_minute":
        return (_QUOTA_SECONDS if error.retry_after is None else error.retry_after) + _JITTER(state)
    return max(_BACKOFF(state), error.retry_after or 0.0)
