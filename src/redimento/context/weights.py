"""The weights of the signals, fitted on the development cases by `benchmarks/context/fit.py` and `fit_places.py`."""

from __future__ import annotations

from typing import Final

# Survey only, for the shortlist.
FIRST: Final = {
    "text": 5.62, "title": 1.06, "path": 1.78, "defines": 1.8, "mentioned": 2.51, "stem": 0.59, "test": -3.82, "imported": 0.76,
    "importing": 0.8, "tested": 0.83, "folder": 0.92,
}  # fmt: skip
# Both looks.
SECOND: Final = {
    "text": 2.63, "title": 0.91, "path": 1.32, "defines": 1.35, "mentioned": 2.26, "stem": 0.62, "test": -4.1, "imported": 0.77,
    "importing": 0.75, "tested": 0.73, "folder": 0.96, "place": 2.24, "places": 1.08, "pairs": 0.94, "phrase": 1.56,
}  # fmt: skip
# If the clone has a history: the weight of the score above and of the signals of past commits.
PAST: Final = {"score": 0.94, "message": 0.84, "together": 0.7}
# Where in a file the change is.
PLACE: Final = {
    "fit": 1.55,
    "fit_in_file": 2.04,
    "beside": 1.49,
    "named": 0.48,
    "title": 0.12,
    "head": 1.16,
    "lines": 0.45,
}
