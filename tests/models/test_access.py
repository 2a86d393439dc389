"""Finding the key and the address, and refusing invalid ones."""

from __future__ import annotations

import traceback

import pytest

from redimento.errors import UsageError
from redimento.models.access import GOOGLE, find_base_url, find_key


def test_key_of_gemini_comes_before_that_of_google() -> None:
    assert find_key({"GEMINI_API_KEY": "AQ.one", "GOOGLE_API_KEY": "AIzatwo"}) == "AQ.one"
    assert find_key({"GOOGLE_API_KEY": "AIzatwo"}) == "AIzatwo"


@pytest.mark.parametrize("unset", ["", "  ", "$(GEMINI_API_KEY)", " $(key) \n"])
def test_variable_that_was_not_expanded_counts_as_unset(unset: str) -> None:
    assert find_key({"GEMINI_API_KEY": unset, "GOOGLE_API_KEY": "AIzatwo"}) == "AIzatwo"
    with pytest.raises(UsageError) as caught:
        find_key({"GEMINI_API_KEY": unset})
    assert "GEMINI_API_KEY: $(GEMINI_API_KEY)" in caught.value.remedy


def test_white_space_around_a_key_is_dropped() -> None:
    assert find_key({"GEMINI_API_KEY": " AQ.one\r\n"}) == "AQ.one"


@pytest.mark.parametrize(
    "value", ["AQ.one\nAQ.two", "my secret phrase", '"AQ.one-secret"', "schlüssel-secret", "secret\x00", "s" * 513]
)
def test_invalid_key_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_key({"GEMINI_API_KEY": value})
    assert "GEMINI_API_KEY" in caught.value.sentence
    assert value not in "".join(traceback.format_exception(caught.value))


def test_address_of_the_settings_comes_first_then_the_environment_then_google() -> None:
    environment = {"GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:8089/"}
    assert find_base_url("https://gateway.example/gemini/", environment) == "https://gateway.example/gemini"
    assert find_base_url("", environment) == "http://127.0.0.1:8089"
    assert find_base_url("", {"GOOGLE_GEMINI_BASE_URL": "$(Address)"}) == GOOGLE
    assert find_base_url("", {}) == GOOGLE


@pytest.mark.parametrize(
    "address",
    [
        "gateway.example", "ftp://gateway.example", "https://", "https://user:secret@gateway.example", "https://g/?key=1",
        "https://g/#a", "https://g:99999", "https://[", "https://g h", "https://g\n.example", "file:///etc/passwd",
    ],
)  # fmt: skip
def test_invalid_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"model\.base_url is not a usable address"):
        find_base_url(address, {})
    with pytest.raises(UsageError, match="GOOGLE_GEMINI_BASE_URL is not a usable address"):
        find_base_url("", {"GOOGLE_GEMINI_BASE_URL": address})


def test_the_key_never_travels_in_the_clear_to_another_machine() -> None:
    with pytest.raises(UsageError, match="GOOGLE_GEMINI_BASE_URL"):
        find_base_url("", {"GOOGLE_GEMINI_BASE_URL": "http://gateway.example.com"})
