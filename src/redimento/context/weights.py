"""The weights of the signals, fitted on the development cases by `benchmarks/context/fit.py` and `fit_places.py`."""

from __future__ import annotations

from typing import Final

# Of the survey alone, for the shortlist.
FIRST: Final = {
    "text": 4.79, "title": 1.02, "path": 1.73, "uses": 1.13, "defines": 1.68, "mentioned": 2.47, "stem": 0.53, "test": -3.97,
    "margin": 0.81, "imported": 0.74, "importing": 0.75, "tested": 0.78, "folder": 0.87,
}  # fmt: skip
# Of both looks.
SECOND: Final = {
    "text": 2.38, "title": 0.91, "path": 1.36, "uses": 0.49, "defines": 1.3, "mentioned": 2.3, "stem": 0.57, "test": -4.2,
    "margin": 0.84, "imported": 0.72, "importing": 0.74, "tested": 0.7, "folder": 0.92, "place": 2.23, "places": 1.01,
    "pairs": 0.85, "phrase": 1.59,
}  # fmt: skip
# Where the clone has a history: what the score above weighs, and the signals of past commits beside it.
PAST: Final = {"score": 0.94, "message": 0.84, "together": 0.7}
# Where in a file the change lies.
PLACE: Final = {
    "fit": 1.55,
    "fit_in_file": 2.04,
    "beside": 1.49,
    "named": 0.48,
    "title": 0.12,
    "head": 1.16,
    "lines": 0.45,
}
