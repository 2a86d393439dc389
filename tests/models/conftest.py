from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.models.gemini_server import GeminiServer, text


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    """A Gemini service on loopback that answers "hello" by default."""
    with GeminiServer(text("hello")) as server:
        yield server
