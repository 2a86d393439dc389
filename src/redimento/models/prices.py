"""What a call costs: USD per million tokens, paid tier, standard service, with the days on which prices change.

As of 2026-11-22. Sources: the Gemini pricing page (gemini-4-neon); LiteLLM 1.109.1's price map; Google's price page as
of 2026-09-20 (api-evangelist/gemini, plans/gemini-plans-pricing.yml); the announcements of Gemini 4 (apidog.com, 11 to
19 November 2026; docs.cloud.google.com, model guides of Argon and Hydrogen). Without a published cached price, cached
tokens count at the full price, so a cost is never too low.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from redimento.errors import UsageError
from redimento.models.port import Usage
from redimento.settings import ModelSettings

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
        return _fixed(stated[0], stated[0], stated[1])
    if stated != (None, None):
        raise UsageError(
            "Only one of model.input_usd_per_million and model.output_usd_per_million is set.",
            "Set both, or neither.",
        )
    known = _PRICES.get(settings.name.removeprefix("models/"))
    if known is None:
        raise UsageError(
            f"The price of the model {settings.name!r} is unknown, so model.max_cost_usd cannot be enforced.",
            "Set model.input_usd_per_million and model.output_usd_per_million, or model.name to one of "
            f"{', '.join(sorted(_PRICES))}.",
        )
    return known


def cost_usd(price: Price, usage: Usage, *, on: date) -> float:
    """Return the cost of one call's tokens on that day."""
    rates = _rates(price, usage.prompt, on)
    fresh = max(usage.prompt - usage.cached, 0)
    return (
        fresh * rates.input + usage.cached * rates.cached + (usage.output + usage.thoughts) * rates.output
    ) / _MILLION


def worst_case_usd(price: Price, prompt_tokens: int, max_output_tokens: int, *, on: date) -> float:
    """Return the most that a call can cost: nothing cached, and all output tokens, thoughts included, used."""
    return cost_usd(price, Usage(prompt=prompt_tokens, output=max_output_tokens), on=on)


def _rates(price: Price, prompt_tokens: int, on: date) -> Rates:
    begun = [period for period in price.periods if period.since <= on]
    period = begun[-1] if begun else price.periods[0]
    if period.long is not None and prompt_tokens > _LONG_PROMPT:
        return period.long
    return period.rates


def _fixed(fresh: float, cached: float, output: float, long: Rates | None = None) -> Price:
    return Price((PricePeriod(date.min, Rates(fresh, cached, output), long),))


def _changing(*periods: tuple[date, float, float, float]) -> Price:
    return Price(tuple(PricePeriod(since, Rates(*rates)) for since, *rates in periods))


_DECEMBER_2026 = date(2026, 12, 1)
_JANUARY_2027 = date(2027, 1, 1)

# The cached price for January is not published; assumed to stay a tenth of the input price.
_FLASH_38_JANUARY = (_JANUARY_2027, 1.50, 0.15, 7.50)

_PRICES: dict[str, Price] = {
    "gemini-4-neon": _fixed(3.00, 0.15, 15.00),
    "gemini-4-hydrogen": _fixed(1.50, 0.075, 7.50),
    "gemini-4-carbon": _changing((date.min, 2.00, 2.00, 10.00), (_DECEMBER_2026, 4.00, 4.00, 20.00)),
    "gemini-4-argon": _changing((date.min, 2.00, 0.10, 10.00), (_DECEMBER_2026, 4.00, 0.20, 20.00)),
    "gemini-3.8-flash": _changing((date.min, 0.75, 0.075, 3.75), _FLASH_38_JANUARY),
    "gemini-3.7-flash": _fixed(0.75, 0.075, 3.75),
    "gemini-3.6-flash": _fixed(0.75, 0.075, 3.75),
    "gemini-3.5-flash": _fixed(1.50, 0.15, 9.00),
    "gemini-3.5-flash-lite": _fixed(0.30, 0.03, 2.50),
    "gemini-3.1-flash-lite": _fixed(0.25, 0.025, 1.50),
    "gemini-3.1-pro-preview": _fixed(2.00, 0.20, 12.00, long=Rates(4.00, 0.40, 18.00)),
    # Shut down on 2026-12-01: calls then go to gemini-3.8-flash, at its price.
    "gemini-2.5-pro": Price(
        (
            PricePeriod(date.min, Rates(1.25, 0.125, 10.00), Rates(2.50, 0.25, 15.00)),
            PricePeriod(_DECEMBER_2026, Rates(0.75, 0.075, 3.75)),
            PricePeriod(_JANUARY_2027, Rates(*_FLASH_38_JANUARY[1:])),
        )
    ),
    # Shut down on 2026-12-01: calls then go to gemini-3.5-flash-lite, which costs the same.
    "gemini-2.5-flash": _fixed(0.30, 0.03, 2.50),
    "gemini-2.5-flash-lite": _fixed(0.10, 0.01, 0.40),
}
