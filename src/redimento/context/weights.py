"""The weights of the signals, fitted on the development cases by `benchmarks/context/fit.py`."""

from __future__ import annotations

from typing import Final

# Of the survey alone, for the shortlist.
FIRST: Final = {
    "text": 3.5,
    "title": 1.8,
    "path": 1.6,
    "path_title": 0.9,
    "definitions": 0.8,
    "uses": 2.0,
    "defines": 0.8,
    "mentioned": 2.3,
    "stem": 0.6,
    "frame": 1.0,
    "test": -6.0,
    "margin": 0.6,
    "imported": 0.8,
    "importing": 0.5,
    "tested": 0.6,
    "folder": 0.7,
}
# Of both looks.
SECOND: Final = {
    "text": 1.04,
    "title": 1.16,
    "path": 1.46,
    "path_title": 0.82,
    "definitions": 0.73,
    "uses": 1.53,
    "defines": 0.68,
    "mentioned": 2.19,
    "stem": 0.62,
    "test": -5.0,
    "margin": 0.61,
    "imported": 0.68,
    "importing": 0.44,
    "tested": 0.55,
    "degree": -0.25,
    "folder": 0.62,
    "place": 3.54,
    "places": 0.94,
    "phrase": 1.23,
}
# Where in a file the change lies; by `benchmarks/context/fit_places.py`.
PLACE: Final = {
    "fit": 1.61,
    "fit_in_file": 2.1,
    "beside": 1.57,
    "named": 0.82,
    "title": 0.18,
    "head": 0.93,
    "lines": 0.27,
}
