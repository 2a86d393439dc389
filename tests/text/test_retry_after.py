from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from redimento.text.retry_after import retry_after


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("17", 17.0), (" 1.5 ", 1.5), ("0", 0.0), ("-1", None), ("NaN", None), ("1e9", None), ("9999999999", None), ("", None)],
)  # fmt: skip
def test_number_is_taken_if_it_makes_sense(value: str, seconds: float | None) -> None:
    assert retry_after(value) == seconds


def test_date_is_taken_if_the_calendar_has_it() -> None:
    assert retry_after("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert (retry_after("Fri, 31 Dec 9999 23:59:59 GMT") or 0) > 1e10
    assert retry_after("Fri, 31 Dec 99999 23:59:59 GMT") is None


@given(
    st.text() | st.from_regex(r"[A-Z][a-z]{2}, \d{1,4} [A-Z][a-z]{2} \d{1,12} \d{1,3}:\d{1,3}:\d{1,3} [-+A-Z0-9]{1,9}")
)
def test_any_value_is_a_time_or_none(value: str) -> None:
    seconds = retry_after(value)
    assert seconds is None or (seconds >= 0 and math.isfinite(seconds))


def test_no_more_than_the_beginning_of_a_long_value_is_read() -> None:
    assert retry_after("9, " * 1_000_000) is None
    assert retry_after("12" + " " * 1_000_000) == 12.0
