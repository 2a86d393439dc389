"""A Model that tries again where that can help. The only owner of retries: those of the SDKs are off."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import tenacity

from redimento.models.failures import LONGEST_WAIT_SECONDS
from redimento.models.port import Model, ModelError, ModelReply, ModelRequest, Usage

# Attempts in all, by the kind of the failure that was met last; every other kind is final. Few: each attempt may be
# billed, and the service itself cancels nothing when we hang up.
_ATTEMPTS = {"quota_minute": 5, "unavailable": 4, "connection": 4, "bad_body": 3, "empty": 3, "timeout": 2}
_QUOTA_SECONDS = 60.0  # when a 429 about a quota per minute names no time
_BACKOFF = tenacity.wait_exponential_jitter(initial=2, max=30, jitter=2)
_JITTER = tenacity.wait_random(0, 2)  # so that parallel jobs do not come back at the same moment


def with_retries(
    model: Model,
    *,
    deadline_seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Model:
    """Return a model that repeats failed calls, each `answer` with all its attempts and waits within the deadline.

    Only failures that are `retryable` are repeated, after the time that the service asked for. The usage of failed
    attempts is in the usage of the reply, or of the error that is raised in the end.
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
        """Return the first answer, or raise the last failure, saying how often it was tried."""
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
    """One call and its attempts so far. `lost`: what failed attempts were billed for."""

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
            usage=self.lost if self.lost != Usage() else None,
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
