"""Say in plain words why a connection failed: what libraries say is the names of their classes, and the address again."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

# By the name of the class: the libraries themselves are for the clients to load.
_WORDS = {
    "ConnectTimeoutError": "no connection came about in time",
    "ConnectTimeout": "no connection came about in time",
    "ReadTimeoutError": "no answer came in time",
    "ReadTimeout": "no answer came in time",
    "RemoteDisconnected": "the connection was closed without an answer",
    "IncompleteRead": "the answer broke off",
    "DecodeError": "the answer is not compressed as it says",
}
# What the libraries raise before a request is sent.
_NOT_SENT = frozenset(
    {"ConnectError", "ConnectTimeout", "ProxyError", "NewConnectionError", "ConnectTimeoutError", "NameResolutionError"}
)


def why_unreachable(failure: BaseException) -> str:
    """Return why, as part of a sentence; "" where only the library's own words would tell. Foreign text may be in it."""
    known = [*causes(failure)]
    proxy = "the proxy: " if any(type(one).__name__ == "ProxyError" for one in known) else ""
    return next((proxy + said for one in known if (said := _said(one))), "")


def may_be_sent(failure: BaseException) -> bool:
    """Return whether the request may have reached the server before this happened."""
    return not any(type(one).__name__ in _NOT_SENT for one in causes(failure))


def causes(failure: BaseException) -> Iterator[BaseException]:
    """Yield an exception and those behind it; `requests` and urllib3 put some of them into arguments and `reason`."""
    waiting: list[Any] = [failure]
    seen: set[int] = set()
    while waiting:
        cause = waiting.pop()
        if isinstance(cause, BaseException) and id(cause) not in seen:
            seen.add(id(cause))
            yield cause
            waiting += [cause.__cause__, cause.__context__, getattr(cause, "reason", None), *cause.args]


def _said(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return str(cause.verify_message)
    if isinstance(cause, OSError) and isinstance(cause.errno, int) and cause.strerror:
        return str(cause.strerror)
    if type(cause) is OSError and cause.args and isinstance(cause.args[0], str):  # a tunnel that the proxy refused
        return cause.args[0]
    return _WORDS.get(type(cause).__name__, "")
