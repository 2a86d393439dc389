"""Answers that are JSON, but not the JSON that was asked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from redimento.errors import AzureError

P = ParamSpec("P")
T = TypeVar("T")


def readable(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """Let a method of an adapter, which has a `client`, raise AzureError where an answer lacks what the method reads from it.

    A gateway or a newer server answers like that. Each member would need a check of its own otherwise.
    """

    @wraps(method)
    def call(adapter: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(adapter, *args, **kwargs)
        except (TypeError, LookupError, ValueError, AttributeError, OverflowError) as error:
            raise AzureError(
                f"Azure DevOps answered {adapter.client.last_call} with JSON of another shape than expected "
                f"({type(error).__name__}).",
                "Check that SYSTEM_COLLECTIONURI is the address of the organisation and no gateway answers instead, and "
                "run it again.",
            ) from error

    return call
