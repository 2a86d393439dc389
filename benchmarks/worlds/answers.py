"""What the model answers, scripted: each run's change differs, and is a whole file, so that it fits wherever main is."""

from __future__ import annotations

import json
from typing import Any

_USAGE = {"prompt": 1500, "output": 500}
_ENOUGH = 6  # more than any run here asks


def scripted(kind: str, number: int) -> list[dict[str, Any]]:
    """Return the answers to one run, in order; the last one is repeated."""
    texts = {
        "good": [_good(number)],
        "stumbling": ["That is not an answer.", _good(number)],
        "garbage": ["That is not an answer."],
        "idle": [_head(nothing_to_do="It adds already.")],
        "questions": [_head(questions=["Which sum do you mean?"])],
    }
    if kind == "down":
        fault = {"kind": "unavailable", "sentence": "The model is down.", "remedy": "Wait.", "retryable": True}
        return [{"error": fault}] * _ENOUGH * 2
    answers = texts[kind]
    return [{"text": text, "usage": _USAGE} for text in answers + answers[-1:] * _ENOUGH]


def _good(number: int) -> str:
    code = f"def add(a, b):\n    return a + b  # {number}\n"
    return f"{_head(summary='add() adds.')}```python\ncalc.py\n<<<<<<< WHOLE\n{code}>>>>>>> WHOLE\n```\n"


def _head(**fields: object) -> str:
    return f"```json\n{json.dumps(fields)}\n```\n"
