"""What tokens cost on which day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.errors import UsageError
from redimento.models.port import Usage
from redimento.models.prices import cost_usd, price_of
from redimento.settings import ModelSettings

TODAY = date(2026, 11, 22)
MILLION = 1_000_000


def price(name: str, fresh: int = 0, cached: int = 0, output: int = 0, on: date = TODAY) -> float:
    usage = Usage(prompt=fresh + cached, cached=cached, output=output)
    return cost_usd(price_of(ModelSettings(name=name)), usage, on=on)


def test_default_model_has_a_price() -> None:
    assert price(ModelSettings().name, fresh=MILLION) > 0


def test_cached_tokens_cost_their_own_price_and_are_not_counted_twice() -> None:
    assert price("gemini-3.8-flash", fresh=MILLION, cached=MILLION) == pytest.approx(0.75 + 0.075)


def test_cached_tokens_of_neon_have_their_published_price() -> None:
    assert price("gemini-4-neon", cached=MILLION) == pytest.approx(0.15)


def test_thoughts_cost_what_output_costs() -> None:
    flash = price_of(ModelSettings(name="gemini-3.8-flash"))
    thought = cost_usd(flash, Usage(thoughts=MILLION), on=TODAY)
    assert thought == cost_usd(flash, Usage(output=MILLION), on=TODAY) == pytest.approx(3.75)


@pytest.mark.parametrize(
    ("name", "last_day", "before", "after"),
    [
        ("gemini-4-carbon", date(2026, 11, 30), (2.00, 10.00), (4.00, 20.00)),
        ("gemini-4-argon", date(2026, 11, 30), (2.00, 10.00), (4.00, 20.00)),
        ("gemini-3.8-flash", date(2026, 12, 31), (0.75, 3.75), (1.50, 7.50)),
        ("gemini-2.5-pro", date(2026, 11, 30), (1.25, 10.00), (0.75, 3.75)),
    ],
)
def test_price_changes_on_its_day(
    name: str, last_day: date, before: tuple[float, float], after: tuple[float, float]
) -> None:
    first_day = date.fromordinal(last_day.toordinal() + 1)
    thousands = 100_000  # below the prompts that cost more
    for day, rates in ((last_day, before), (first_day, after)):
        assert price(name, fresh=thousands, on=day) * 10 == pytest.approx(rates[0])
        assert price(name, output=MILLION, on=day) == pytest.approx(rates[1])


def test_long_prompt_makes_the_whole_call_more_expensive() -> None:
    short = price("gemini-3.1-pro-preview", fresh=200_000, output=1000)
    assert short == pytest.approx(0.2 * 2 + 0.001 * 12)
    assert price("gemini-3.1-pro-preview", fresh=200_001, output=1000) == pytest.approx(0.200001 * 4 + 0.001 * 18)


@given(fresh=st.integers(0, MILLION), cached=st.integers(0, MILLION), output=st.integers(0, 65_536))
def test_worst_case_is_never_below_the_cost(fresh: int, cached: int, output: int) -> None:
    for name in ("gemini-3.8-flash", "gemini-4-neon", "gemini-4-carbon", "gemini-3.1-pro-preview"):
        known = price_of(ModelSettings(name=name))
        usage = Usage(prompt=fresh + cached, cached=cached, output=output // 2, thoughts=output - output // 2)
        worst = cost_usd(known, Usage(prompt=fresh + cached, output=output), on=TODAY)
        assert cost_usd(known, usage, on=TODAY) <= worst + 1e-9


def test_stated_price_comes_before_the_known_one() -> None:
    settings = ModelSettings(input_usd_per_million=1.0, output_usd_per_million=2.0)
    assert cost_usd(price_of(settings), Usage(prompt=MILLION, output=MILLION), on=TODAY) == pytest.approx(3.0)


def test_free_model_may_be_stated() -> None:
    settings = ModelSettings(name="own", input_usd_per_million=0.0, output_usd_per_million=0.0)
    assert cost_usd(price_of(settings), Usage(prompt=MILLION, output=MILLION), on=TODAY) == 0


def test_unknown_model_needs_a_stated_price() -> None:
    with pytest.raises(UsageError) as caught:
        price_of(ModelSettings(name="gemini-flash-latest"))
    assert "gemini-flash-latest" in caught.value.sentence
    assert "model.input_usd_per_million and model.output_usd_per_million" in caught.value.remedy


def test_only_one_stated_price_is_refused() -> None:
    with pytest.raises(UsageError, match="Only one of"):
        price_of(ModelSettings(input_usd_per_million=1.0))


def test_name_may_carry_the_prefix_of_the_service() -> None:
    assert price_of(ModelSettings(name="models/gemini-4-neon")) == price_of(ModelSettings(name="gemini-4-neon"))
