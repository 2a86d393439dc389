"""How many tokens a text takes at most, counted without a network and without the model's vocabulary."""

from __future__ import annotations

import math
import re
from typing import Final

# Runs that the vocabulary keeps together: a word with the blank before it, one digit, indentation, one mark.
_PIECE: Final = re.compile(r" ?[A-Za-z]+|[0-9]|[^\S\n]+|\n+|[^\sA-Za-z0-9]")


def estimate(text: str) -> int:
    """Return an upper bound of the tokens of `text` for Gemini, from the text alone."""
    return math.ceil(1.25 * len(_PIECE.findall(text)))


def corrected(estimated: int, ratio: float) -> int:
    """Return the estimate times `ratio`, the tokens that the model counted over those estimated so far."""
    return math.ceil(estimated * ratio)
