"""Levels of thinking and sizes of output that a model does not have are refused before anything is sent."""

from __future__ import annotations

from datetime import date
from typing import get_args

import pytest

from redimento.errors import UsageError
from redimento.models.thinking import budget, default_level, harder, refuse_impossible
from redimento.settings import ModelSettings, Thinking

NOVEMBER, DECEMBER = date(2026, 11, 30), date(2026, 12, 1)
LEVELS: tuple[Thinking, ...] = get_args(Thinking)


@pytest.mark.parametrize(
    ("model", "accepted"),
    [
        ("gemini-3.8-flash", "low medium high"),
        ("models/gemini-4-argon", "low medium high"),
        ("gemini-4-neon", "low medium high xhigh"),
        ("gemini-3.5-flash-lite", "minimal low medium high"),
        ("gemini-2.5-flash-lite", "minimal low medium high xhigh"),
        ("a-model-of-next-year", "minimal low medium high xhigh"),
    ],
)
def test_only_levels_of_the_model_are_accepted(model: str, accepted: str) -> None:
    for level in LEVELS:
        settings = ModelSettings(name=model, thinking=level)
        if level in accepted.split():
            refuse_impossible(settings, on=NOVEMBER)
        else:
            with pytest.raises(UsageError) as caught:
                refuse_impossible(settings, on=NOVEMBER)
            assert model in caught.value.sentence
            assert ", ".join(accepted.split()) in caught.value.remedy


def test_model_that_has_ended_is_served_by_its_heir() -> None:
    ended = ModelSettings(name="gemini-2.5-pro", thinking="xhigh")
    refuse_impossible(ended, on=NOVEMBER)
    assert budget("gemini-2.5-pro", "high", on=NOVEMBER) == 24_576
    with pytest.raises(UsageError, match=r"gemini-2\.5-pro has no level"):
        refuse_impossible(ended, on=DECEMBER)
    assert budget("gemini-2.5-pro", "high", on=DECEMBER) is None
    assert budget("gemini-2.5-flash-lite", "low", on=DECEMBER) == 1024


@pytest.mark.parametrize(
    ("model", "most"),
    [("gemini-3.8-flash", 65_536), ("gemini-4-argon", 32_768), ("gemini-2.5-flash-lite", 65_536)],
)
def test_more_output_than_the_model_has_is_refused(model: str, most: int) -> None:
    refuse_impossible(ModelSettings(name=model, max_output_tokens=most), on=NOVEMBER)
    with pytest.raises(UsageError, match=f"at most {most:,} tokens"):
        refuse_impossible(ModelSettings(name=model, max_output_tokens=most + 1), on=NOVEMBER)


def test_level_without_a_setting_is_known() -> None:
    assert default_level("models/gemini-4-neon") == "high"
    assert default_level("a-model-of-next-year") == "medium"
    refuse_impossible(ModelSettings(), on=NOVEMBER)


@pytest.mark.parametrize(
    ("name", "level", "expected"),
    [
        ("gemini-3.8-flash", "low", "medium"),
        ("gemini-3.8-flash", "high", "high"),
        ("gemini-4-neon", "high", "xhigh"),
        ("models/gemini-3.5-flash", "minimal", "low"),
        ("gemini-2.5-pro", "high", "high"),
        ("a-model-of-tomorrow", "medium", "high"),
        ("a-model-of-tomorrow", "xhigh", "xhigh"),
    ],
)
def test_the_next_level_of_thinking_is_one_that_the_model_has(name: str, level: Thinking, expected: Thinking) -> None:
    assert harder(ModelSettings(name=name), level, on=NOVEMBER) == expected


def test_a_library_that_cannot_set_the_level_keeps_it() -> None:
    settings = ModelSettings(sdk="google-generativeai")
    assert harder(settings, "medium", on=NOVEMBER) == "medium"
