"""Retries: which failures, how long to wait, and when to give up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import tenacity

from redimento.errors import AzureError

T = TypeVar("T")
_ATTEMPTS = 6
_backoff = tenacity.wait_exponential_jitter(initial=0.5, max=20.0, jitter=0.5)


class TransientError(Exception):
    """An attempt failed, and another may succeed.

    `error` is raised when there is no other attempt; `pause` is how many seconds the server asked to wait.
    """

    def __init__(self, error: AzureError, pause: float = 0.0) -> None:
        super().__init__()
        self.error = error
        self.pause = pause


def persist(attempt: Callable[[], T], *, seconds: float, sleep: Callable[[float], None]) -> T:
    """Return what `attempt` returns, retrying after a TransientError with growing pauses for at most `seconds`.

    If the next pause would exceed that time, the error is raised at once.
    """
    retrying = tenacity.Retrying(
        retry=tenacity.retry_if_exception_type(TransientError),
        stop=tenacity.stop_after_attempt(_ATTEMPTS) | tenacity.stop_before_delay(seconds),
        wait=_pause,
        sleep=sleep,
        reraise=True,
    )
    return once(lambda: retrying(attempt))


def once(attempt: Callable[[], T]) -> T:
    """Return what `attempt` returns; raise the error that a TransientError carries."""
    try:
        return attempt()
    except TransientError as failure:
        error = failure.error
    raise error


def checking_first(attempt: Callable[[], Any], happened: Callable[[], Any]) -> Callable[[], Any]:
    """Return what attempts a write, but before each attempt after the first asks whether it has `happened`: see `write`."""
    sent = False

    def check_or_send() -> Any:
        nonlocal sent
        answer = happened() if sent else None
        sent = True
        return attempt() if answer is None else answer

    return check_or_send


def _pause(state: tenacity.RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome else None
    requested = failure.pause if isinstance(failure, TransientError) else 0.0
    return max(requested, _backoff(state))
