"""Words that every report uses, whatever its subject: they say little about where to look."""

from __future__ import annotations

from typing import Final

# By the share of a repository's reports that contain the stem, averaged over the 35 repositories of the development
# cases: at least two in five, one in five, one in twelve. `benchmarks/context/commonplace.py` counts them.
_EVERYWHERE_TEXT: Final = "behavior expect"
_OFTEN_TEXT: Final = (
    "actual add bug cod com description error fil get github http issu nam new output python reproduc result return run set "
    "step str system typ user valu version work"
)
_SOMETIMES_TEXT: Final = (
    "abov additional allow api arg bas below both build call cas caus chang check class config configuration contain context "
    "cor correct correctli creat current currentli data default describ detail did doc environment even exampl exception exist "
    "fail fals featur field first fix follow function handl happen however id imag import includ information install instanc "
    "instead java json last lin linux list local log look mac main mak match messag method miss modul most must non np numpi "
    "object open operat org os out packag parameter pass path pip pleas possibl print problem process project provid public py "
    "releas remov report request requir respons search seem self show start summari support target test text tim titl tru "
    "updat way whil without"
)
_TELLING: Final = {
    **dict.fromkeys(_SOMETIMES_TEXT.split(), 0.65),
    **dict.fromkeys(_OFTEN_TEXT.split(), 0.35),
    **dict.fromkeys(_EVERYWHERE_TEXT.split(), 0.1),
}


def telling(stem: str) -> float:
    """Return the share of its weight that a stem keeps: 1 for most."""
    return _TELLING.get(stem, 1.0)
