"""What the known models and libraries accept: levels of thinking, tokens of output, and tiers.

As of 2026-11-26. Sources: https://ai.google.dev/gemini-api/docs/thinking; LiteLLM 1.109.1's price map; the model guides
of Argon and Hydrogen (docs.cloud.google.com). A level that a model lacks, and more output than it has, is answered with
400 (reported for xhigh on gemini-3.8-flash and gemini-4-argon, and minimal on gemini-3.8-flash and gemini-4-neon).
"""

from __future__ import annotations

from datetime import date

from redimento.errors import UsageError
from redimento.models.lifetimes import serving
from redimento.settings import ModelSettings, Thinking

_LEVELS: tuple[Thinking, ...] = ("minimal", "low", "medium", "high", "xhigh")
# The first and the last level of each model, and the one that it uses when none is sent.
_RANGES: dict[str, tuple[Thinking, Thinking, Thinking]] = {
    "gemini-4-neon": ("low", "xhigh", "high"),
    "gemini-4-hydrogen": ("low", "xhigh", "high"),
    "gemini-4-argon": ("low", "high", "medium"),
    "gemini-3.8-flash": ("low", "high", "medium"),
    "gemini-3.7-flash": ("low", "high", "medium"),
    "gemini-3.6-flash": ("minimal", "high", "medium"),
    "gemini-3.5-flash": ("minimal", "high", "medium"),
    "gemini-3.5-flash-lite": ("minimal", "high", "minimal"),
    "gemini-3.1-flash-lite": ("minimal", "high", "medium"),
    "gemini-3.1-pro-preview": ("low", "high", "high"),
}
_LONGEST_OUTPUT = 65_536  # tokens, of every model in the price list
_LONGER_NOT = {"gemini-4-argon": 32_768}  # for an answer that is not streamed

# The 2.5 models take a number of tokens, not a level. Google maps levels to these numbers itself
# (https://ai.google.dev/gemini-api/docs/openai, reasoning_effort).
_BUDGETS: dict[Thinking, int] = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24_576, "xhigh": 24_576}


def refuse_impossible(settings: ModelSettings, *, on: date) -> None:
    """Raise UsageError if the model does not have the level of thinking, the output or the tier that the settings say."""
    if settings.tier != "standard" and settings.sdk == "google-generativeai":
        raise UsageError("The library google-generativeai knows no tiers.", "Set model.tier to standard.")
    name = serving(settings.name, on)
    if name in _RANGES:
        first, last, _ = _RANGES[name]
        levels = _LEVELS[_LEVELS.index(first) : _LEVELS.index(last) + 1]
        if settings.thinking not in levels:
            raise UsageError(
                f"The model {settings.name} has no level of thinking {settings.thinking}.",
                f"Set model.thinking to one of {', '.join(levels)}.",
            )
    known = name in _RANGES or name.startswith("gemini-2.5")
    most = _LONGER_NOT.get(name, _LONGEST_OUTPUT)
    if known and settings.max_output_tokens > most:
        raise UsageError(
            f"The model {settings.name} writes at most {most:,} tokens, and model.max_output_tokens is "
            f"{settings.max_output_tokens:,}.",
            f"Set model.max_output_tokens to {most} or less.",
        )


def harder(settings: ModelSettings, thinking: Thinking, *, on: date) -> Thinking:
    """Return the next level of thinking that the model has; `thinking` itself where there is none."""
    if settings.sdk == "google-generativeai":  # cannot set the level
        return thinking
    _, last, _ = _RANGES.get(serving(settings.name, on), ("minimal", "high", "medium"))
    level = _LEVELS.index(thinking)
    return _LEVELS[max(level, min(level + 1, _LEVELS.index(last)))]


def budget(model: str, thinking: Thinking, *, on: date) -> int | None:
    """Return the number of tokens that stands for a level, None for a model that takes the level itself."""
    return _BUDGETS[thinking] if serving(model, on).startswith("gemini-2.5") else None


def default_level(model: str) -> Thinking:
    """Return the level that a model uses when none is sent."""
    found = _RANGES.get(model.removeprefix("models/"))
    return found[2] if found else "medium"
