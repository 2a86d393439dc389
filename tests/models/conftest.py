from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from typing import cast

import pytest

from redimento.models import google_genai, google_generativeai
from redimento.models.access import Access
from redimento.models.port import Model
from redimento.settings import ModelSettings
from tests.models.gemini_server import GeminiServer, text

KEY = "AQ.test-key-0123456789-abcdefghij"
LEGACY = importlib.util.find_spec("google.generativeai") is not None

Open = Callable[..., Model]


@pytest.fixture
def gemini() -> Iterator[GeminiServer]:
    """A Gemini service on loopback that answers "hello" by default."""
    with GeminiServer(text("hello")) as server:
        yield server


@pytest.fixture(params=["google-genai", "google-generativeai"])
def sdk(request: pytest.FixtureRequest) -> str:
    name = cast("str", request.param)
    if name == "google-generativeai" and not LEGACY:
        pytest.skip("the extra `legacy` is not installed")
    return name


@pytest.fixture
def open_model(sdk: str) -> Open:
    if sdk == "google-genai":
        return lambda url, *more: google_genai.open_model(ModelSettings(), Access(url, KEY), *more)
    accepting = ModelSettings(sdk="google-generativeai", allow_prompt_storage=True)
    return lambda url, *more: google_generativeai.open_model(accepting, Access(url, KEY), *more)
