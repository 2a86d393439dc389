"""The HTTP header Retry-After, which anybody may have written."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_NUMBER = re.compile(r"\d{1,9}(?:\.\d{1,9})?", re.ASCII)
_LONGEST = 100  # characters that are read


def retry_after(value: str) -> float | None:
    """Return the seconds that the header asks to wait; None if it is absent or makes no sense.

    It is a number or a date (RFC 9110, 10.2.3). A negative number, one of ten digits, NaN and a date outside the calendar
    make no sense; a date in the past is 0.
    """
    value = value.strip()[:_LONGEST]
    if _NUMBER.fullmatch(value):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
        return max(((at if at.tzinfo else at.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds(), 0.0)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
