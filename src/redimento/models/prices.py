"""What a call costs: `models.yml` has the prices, with the days on which they change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from redimento.errors import UsageError
from redimento.models.known import known
from redimento.models.port import Usage
from redimento.settings import ModelSettings, Tier

_MILLION = 1_000_000
_LONG_PROMPT = 200_000  # tokens; above it some models cost more, for the whole call


@dataclass(frozen=True)
class Rates:
    """USD per million tokens, from `since` on; thoughts are billed as output.

    `long`: the rates for prompts of more than 200,000 tokens, None if they are the same.
    """

    input: float
    cached: float
    output: float
    since: date = date.min
    long: Rates | None = None


Price = tuple[Rates, ...]  # of one model, earliest first


def price_of(settings: ModelSettings) -> Price:
    """Return the price in the settings, else the known price of the model.

    Raise UsageError when there is neither, because then no cost limit could be enforced.
    """
    stated = (settings.input_usd_per_million, settings.output_usd_per_million)
    if stated[0] is not None and stated[1] is not None:
        return (Rates(stated[0], stated[0], stated[1]),)
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
    return tuple(
        Rates(**{**entry, "long": Rates(**entry["long"]) if "long" in entry else None}) for entry in found["prices"]
    )


def cost_usd(price: Price, usage: Usage, *, on: date, tier: Tier = "standard") -> float:
    """Return the cost of one call's tokens on that day."""
    rates = next((rates for rates in reversed(price) if rates.since <= on), price[0])
    if rates.long and usage.prompt > _LONG_PROMPT:
        rates = rates.long
    fresh = max(usage.prompt - usage.cached, 0)
    usd = fresh * rates.input + usage.cached * rates.cached + (usage.output + usage.thoughts) * rates.output
    return float(known()["tiers"][tier]) * usd / _MILLION
