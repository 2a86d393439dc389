"""What a call costs: `models.yml` has the prices, with the days on which they change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from redimento.errors import UsageError
from redimento.models.known import known
from redimento.models.port import Usage
from redimento.settings import ModelSettings, Tier

_MILLION = 1_000_000
_LONG_PROMPT = 200_000  # tokens; above it some models cost more, for the whole call


@dataclass(frozen=True)
class Rates:
    """USD per million tokens; thoughts are billed as output."""

    input: float
    cached: float
    output: float


@dataclass(frozen=True)
class PricePeriod:
    """The rates from `since` on; `long` applies to prompts of more than 200,000 tokens."""

    since: date
    rates: Rates
    long: Rates | None = None


@dataclass(frozen=True)
class Price:
    """The price of one model: its periods, earliest first."""

    periods: tuple[PricePeriod, ...]


def price_of(settings: ModelSettings) -> Price:
    """Return the price in the settings, else the known price of the model.

    Raise UsageError when there is neither, because then no cost limit could be enforced.
    """
    stated = (settings.input_usd_per_million, settings.output_usd_per_million)
    if stated[0] is not None and stated[1] is not None:
        return Price((PricePeriod(date.min, Rates(stated[0], stated[0], stated[1])),))
    if stated != (None, None):
        raise UsageError(
            "Only one of model.input_usd_per_million and model.output_usd_per_million is set.",
            "Set both, or neither.",
        )
    models = known()["models"]
    found = models.get(settings.name.removeprefix("models/"))
    if found is None:
        raise UsageError(
            f"The price of the model {settings.name!r} is unknown, so model.max_cost_usd cannot be enforced.",
            "Set model.input_usd_per_million and model.output_usd_per_million, or model.name to one of "
            f"{', '.join(sorted(models))}.",
        )
    return Price(tuple(map(_period, found["prices"])))


def cost_usd(price: Price, usage: Usage, *, on: date, tier: Tier = "standard") -> float:
    """Return the cost of one call's tokens on that day."""
    rates = _rates(price, usage.prompt, on)
    fresh = max(usage.prompt - usage.cached, 0)
    usd = fresh * rates.input + usage.cached * rates.cached + (usage.output + usage.thoughts) * rates.output
    return float(known()["tiers"][tier]) * usd / _MILLION


def worst_case_usd(
    price: Price, prompt_tokens: int, max_output_tokens: int, *, on: date, tier: Tier = "standard"
) -> float:
    """Return the most that a call can cost: nothing cached, and all output tokens, thoughts included, used."""
    return cost_usd(price, Usage(prompt=prompt_tokens, output=max_output_tokens), on=on, tier=tier)


def _rates(price: Price, prompt_tokens: int, on: date) -> Rates:
    begun = [period for period in price.periods if period.since <= on]
    period = begun[-1] if begun else price.periods[0]
    if period.long is not None and prompt_tokens > _LONG_PROMPT:
        return period.long
    return period.rates


def _period(entry: Mapping[str, Any]) -> PricePeriod:
    long = entry.get("long")
    return PricePeriod(entry.get("since", date.min), _of(entry), _of(long) if long else None)


def _of(entry: Mapping[str, float]) -> Rates:
    return Rates(entry["input"], entry["cached"], entry["output"])
