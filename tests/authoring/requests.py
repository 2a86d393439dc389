"""Requests as a test reads them: without their elements, or only what stands around these."""

from __future__ import annotations

import re

from redimento.text.foreign import NONCE

_MARK = f"</?data-{NONCE}>"


def bare(request: str) -> str:
    return re.sub(_MARK, "", request)


def around(request: str) -> str:
    """Return the request with every element empty. Each one has to be closed before the next one opens."""
    marks = re.findall(_MARK, request)
    assert marks == [f"<data-{NONCE}>", f"</data-{NONCE}>"] * (len(marks) // 2)
    return re.sub(rf"(<data-{NONCE}>).*?(</data-{NONCE}>)", r"\1\2", request, flags=re.DOTALL)


def inside(request: str) -> list[str]:
    return re.findall(rf"<data-{NONCE}>(.*?)</data-{NONCE}>", request, flags=re.DOTALL)
