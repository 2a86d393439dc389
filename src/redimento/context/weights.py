"""The weights of the signals, fitted on the development cases by `benchmarks/context/fit.py` and `fit_places.py`."""

from __future__ import annotations

from typing import Final

# Of the survey alone, for the shortlist.
FIRST: Final = {
    "text": 3.44, "title": 1.33, "path": 1.59, "uses": 1.78, "defines": 0.7,
    "mentioned": 2.13, "raised": 0.42, "stem": 0.5, "test": -4.6, "margin": 0.72, "imported": 0.61, "importing": 0.54, "tested": 0.6, "folder": 0.75,
}  # fmt: skip
# Of both looks.
SECOND: Final = {
    "text": 1.1, "title": 1.25, "path": 1.3, "uses": 1.3, "defines": 0.7,
    "mentioned": 2.13, "raised": 0.42, "stem": 0.5, "test": -4.72, "margin": 0.82, "imported": 0.83, "importing": 0.53, "tested": 0.64,
    "folder": 0.73, "place": 3.01, "places": 0.99, "pairs": 0.97, "phrase": 1.51,
}  # fmt: skip
# Where the clone has a history: what the score above weighs, and the signals of past commits beside it.
PAST: Final = {"score": 0.94, "message": 0.84, "together": 0.7}
# Where in a file the change lies.
PLACE: Final = {
    "fit": 2.01,
    "fit_in_file": 1.73,
    "beside": 1.41,
    "named": 0.81,
    "title": 0.24,
    "head": 0.97,
    "lines": 0.3,
}
