from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.azure.hostile import Serve, serving


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Serve scripts of faults on loopback for the length of a test."""
    with ExitStack() as stack:
        yield lambda *script, tls=None: stack.enter_context(serving(script, tls))
