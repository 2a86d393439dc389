"""Parse foreign TOML."""

from __future__ import annotations

import tomllib
from typing import Any

# tomllib takes quadratic time for a dotted key: 250 s for one of a megabyte.
_LONGEST_LINE = 20_000


def parse(text: str) -> dict[str, Any]:
    """Parse a TOML text. Raises ValueError, or RecursionError if it is nested too deeply."""
    if any(len(line) > _LONGEST_LINE for line in text.split("\n")):
        raise ValueError(f"a line is longer than {_LONGEST_LINE} characters")
    return tomllib.loads(text)
