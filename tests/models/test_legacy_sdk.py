"""Settings that the previous SDK does not support are refused, and its messages are suppressed."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from redimento.errors import UsageError
from redimento.models import google_generativeai
from redimento.models.access import Access
from redimento.settings import ModelSettings, Thinking
from tests.models.gemini_server import GeminiServer

ACCEPTING = ModelSettings(sdk="google-generativeai", allow_prompt_storage=True)

installed = pytest.mark.skipif(
    importlib.util.find_spec("google.generativeai") is None, reason="the extra `legacy` is not installed"
)


def test_storage_of_prompts_must_be_accepted() -> None:
    with pytest.raises(UsageError) as caught:
        google_generativeai.open_model(replace(ACCEPTING, allow_prompt_storage=False), Access("https://host", "key"))
    assert "source code" in caught.value.sentence
    assert "model.allow_prompt_storage" in caught.value.remedy


@pytest.mark.parametrize(
    ("name", "thinking", "possible"), [("gemini-3.8-flash", "high", "medium"), ("gemini-4-neon", "medium", "high")]
)
def test_level_of_thinking_that_cannot_be_set_is_refused(name: str, thinking: Thinking, possible: str) -> None:
    with pytest.raises(UsageError) as caught:
        google_generativeai.open_model(replace(ACCEPTING, name=name, thinking=thinking), Access("https://host", "key"))
    assert f"{name} always uses the level {possible}" in caught.value.sentence
    assert f"Set model.thinking to {possible}" in caught.value.remedy


def test_absent_sdk_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.generativeai", None)
    with pytest.raises(UsageError) as caught:
        google_generativeai.open_model(ACCEPTING, Access("https://host", "key"))
    assert "pip install '.[legacy]'" in caught.value.remedy


CALL = """
import locale, sys
from redimento.models import google_generativeai as adapter
from redimento.models.access import Access
from redimento.models.port import Message, ModelRequest
from redimento.settings import ModelSettings

before = locale.setlocale(locale.LC_CTYPE)
settings = ModelSettings(sdk="google-generativeai", allow_prompt_storage=True)
model = adapter.open_model(settings, Access(sys.argv[1], "a-key-of-a-test"))
request = ModelRequest("author", "You change code.", (Message("user", "x"),), 100, "medium", 600.0)
assert model.answer(request).text == "hello"
assert locale.setlocale(locale.LC_CTYPE) == before
"""


@installed
def test_opening_and_calling_print_nothing(gemini: GeminiServer) -> None:
    ended = subprocess.run([sys.executable, "-c", CALL, gemini.url], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.fixture
def turkish(tmp_path: Path) -> dict[str, str]:
    """The environment of a process in a Turkish locale, which is compiled into a temporary folder."""
    compiler = shutil.which("localedef")
    if compiler is None:
        pytest.skip("compiles its locale with localedef, which is not installed")
    made = subprocess.run(
        [compiler, "-i", "tr_TR", "-f", "UTF-8", str(tmp_path / "tr_TR.UTF-8")], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip("the sources of the locale tr_TR are not installed (Debian: locales)")
    return {**os.environ, "LOCPATH": str(tmp_path), "LC_ALL": "tr_TR.UTF-8"}


@installed
def test_system_text_is_sent_in_a_turkish_locale(gemini: GeminiServer, turkish: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-c", CALL, gemini.url], env=turkish, check=True)
    assert gemini.calls[0].body["systemInstruction"]["parts"] == [{"text": "You change code."}]


def test_neither_sdk_is_loaded_before_it_is_opened() -> None:
    program = (
        "import sys\n"
        "import redimento.models.google_genai, redimento.models.google_generativeai\n"
        "print(sorted({'google.genai', 'google.generativeai', 'httpx2', 'requests'} & set(sys.modules)))\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"
