"""Trying again: what may pass, how long to wait, and when to give up."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import tenacity

from redimento.errors import AzureError

T = TypeVar("T")
_ATTEMPTS = 6
_backoff = tenacity.wait_exponential_jitter(initial=0.5, max=20.0, jitter=0.5)


class TransientError(Exception):
    """An attempt failed that may succeed when made again.

    `error` is what to raise when it is not, `pause` the seconds that the server asked to wait.
    """

    def __init__(self, error: AzureError, pause: float = 0.0) -> None:
        super().__init__()
        self.error = error
        self.pause = pause


def persist(attempt: Callable[[], T], *, seconds: float, sleep: Callable[[float], None]) -> T:
    """Return what `attempt` returns, made again after a PassingError with growing pauses, until `seconds` are used up.

    A pause that would end later than that is not begun: the error comes at once.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TransientError),
        stop=tenacity.stop_after_attempt(_ATTEMPTS) | tenacity.stop_before_delay(seconds),
        wait=_pause,
        sleep=sleep,
        reraise=True,
    )
    return _or_its_error(lambda: retrying(attempt))


def once(attempt: Callable[[], T]) -> T:
    """Return what `attempt` returns; a PassingError becomes the error it carries."""
    return _or_its_error(attempt)


def _or_its_error(attempt: Callable[[], T]) -> T:
    try:
        return attempt()
    except TransientError as passing:
        error = passing.error
    raise error


def _pause(state: tenacity.RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    told = failure.pause if isinstance(failure, TransientError) else 0.0
    return max(told, _backoff(state))
