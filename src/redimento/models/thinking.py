"""What the known models and libraries accept: levels of thinking, tokens of output (`models.yml` has them), and tiers.

A level that a model lacks, and more output than it has, is answered with 400 (reported for xhigh on gemini-3.8-flash and
gemini-4-argon, and minimal on gemini-3.8-flash and gemini-4-neon).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import get_args

from redimento.errors import UsageError
from redimento.models.known import facts
from redimento.models.lifetimes import serving
from redimento.settings import ModelSettings, Thinking

_LEVELS: tuple[Thinking, ...] = get_args(Thinking)
_LONGEST_OUTPUT = 65_536  # tokens, of a known model that says nothing else

# The 2.5 models take a number of tokens, not a level. Google maps levels to these numbers itself
# (https://ai.google.dev/gemini-api/docs/openai, reasoning_effort).
_BUDGETS: dict[Thinking, int] = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 24_576}


def refuse_impossible(settings: ModelSettings, *, on: date) -> None:
    """Raise UsageError if the model does not have the level of thinking, the output or the tier that the settings say."""
    if settings.tier != "standard" and settings.sdk == "google-generativeai":
        raise UsageError("The library google-generativeai knows no tiers.", "Set model.tier to standard.")
    model = facts(serving(settings.name, on))
    levels = model.get("levels", _LEVELS)
    if settings.thinking not in levels:
        raise UsageError(
            f"The model {settings.name} has no level of thinking {settings.thinking}.",
            f"Set model.thinking to one of {', '.join(levels)}.",
        )
    most = model.get("output", _LONGEST_OUTPUT)
    if model and settings.max_output_tokens > most:
        raise UsageError(
            f"The model {settings.name} writes at most {most:,} tokens, and model.max_output_tokens is "
            f"{settings.max_output_tokens:,}.",
            f"Set model.max_output_tokens to {most} or less.",
        )


def harder(settings: ModelSettings, thinking: Thinking, *, on: date) -> Thinking:
    """Return the next level of thinking that the model has; `thinking` itself where there is none."""
    if settings.sdk == "google-generativeai":  # cannot set the level
        return thinking
    levels: Sequence[Thinking] = facts(serving(settings.name, on)).get("levels", _LEVELS[:-1])
    return next((level for level in levels if _LEVELS.index(level) > _LEVELS.index(thinking)), thinking)


def budget(model: str, thinking: Thinking, *, on: date) -> int | None:
    """Return the number of tokens that stands for a level, None for a model that takes the level itself."""
    return _BUDGETS[thinking] if serving(model, on).startswith("gemini-2.5") else None


def default_level(model: str) -> Thinking:
    """Return the level that a model uses when none is sent."""
    usual: Thinking = facts(model).get("usual", "medium")
    return usual
