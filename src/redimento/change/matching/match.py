"""Find the one place that a search text means: exactly, or on the first rung of a ladder where one place fits.

Each rung forgives one kind of slip and needs exactly one place; a rung with several ends the search, because a wrong
edit is worse than a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from redimento.change.matching import elision, fuzzy, indentation
from redimento.change.matching.lines import Lines, Span, candidates_for

# Characters that models write for one another; each stands for one character, so that positions stay the same.
_LOOK_ALIKES = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " "),
    }
)
_LINE_NUMBER = re.compile(r"\s{0,8}\d{1,6}(?: ?[|:\u2502]|\t)")
_DIFF_MARK = re.compile(r"[-+]")
_OPENS_BLOCK = (":", "{", "(", "[", "=>", ",")
_WORD = re.compile(r"\w")
_MOST_PLACES = 20  # enough to tell that there are several, and where


@dataclass(frozen=True)
class Place:
    """Characters `start` to `end` of the text are to become `new`; `rung` names what had to be forgiven."""

    start: int
    end: int
    new: str
    rung: str


@dataclass(frozen=True)
class Ambiguous:
    """More than one place fits: the numbers of their first lines, counted from 1."""

    lines: tuple[int, ...]


Outcome = tuple[Place, ...] | Ambiguous | None


def line_number(text: str, position: int) -> int:
    """Return the number of the line that holds `position`, counted from 1."""
    return text.count("\n", 0, position) + 1


def find(text: str, search: str, replacement: str) -> Outcome:
    """Return what to replace in `text`, the places if there are several, None if there is none."""
    whole_lines = search.endswith("\n")
    exact = _exact_lines(text, search, replacement) if whole_lines else _exact_piece(text, search, replacement)
    if exact is not None:
        return exact
    lines = Lines(text)
    for rung in (_by_rungs, _by_look_alikes, _without_prefixes):
        outcome = rung(lines, search, replacement)
        if outcome is not None:
            return outcome
    if whole_lines and (piece := _piece_of_a_line(text, search, replacement)) is not None:
        return piece
    return _elided(lines, search, replacement) or _fuzzy(lines, search, replacement)


def occurs_once(text: str, wanted: str) -> bool:
    """Tell whether `wanted` stands in the text in exactly one place, but for white space."""
    exact = _exact_lines(text, wanted, wanted) if wanted.endswith("\n") else _exact_piece(text, wanted, wanted)
    return isinstance(exact or _by_rungs(Lines(text), wanted, wanted), tuple)


def occurrences(text: str, search: str) -> list[int]:
    """Return where `search` occurs, overlapping ones included, a limited number."""
    places: list[int] = []
    position = text.find(search)
    while position >= 0 and len(places) < _MOST_PLACES:
        places.append(position)
        position = text.find(search, position + 1)
    return places


def _one(text: str, places: Sequence[int]) -> int | Ambiguous | None:
    if len(places) > 1:
        return Ambiguous(tuple(line_number(text, place) for place in places))
    return places[0] if places else None


def _exact_lines(text: str, search: str, replacement: str) -> Outcome:
    """Match whole lines; the last line of a file may lack its break."""
    place = _one(text, occurrences("\n" + text, "\n" + search))
    if isinstance(place, Ambiguous):
        return place
    if place is not None:
        return (Place(place, place + len(search), replacement, "exact"),)
    body = search[:-1]
    start = len(text) - len(body)
    if body and text.endswith(body) and (start == 0 or text[start - 1] == "\n"):
        return (_at_end_without_break(text, start, replacement),)
    return None


def _at_end_without_break(text: str, start: int, replacement: str) -> Place:
    if replacement:
        return Place(start, len(text), replacement.removesuffix("\n"), "exact")
    return Place(max(0, start - 1), len(text), "", "exact")


def _exact_piece(text: str, search: str, replacement: str) -> Outcome:
    place = _one(text, occurrences(text, search))
    if place is None or isinstance(place, Ambiguous):
        return place
    return (Place(place, place + len(search), _in_line(text, place, search, replacement), "exact"),)


def _in_line(text: str, place: int, search: str, replacement: str) -> str:
    """Indent the further lines of a replacement for one line that was quoted without its indentation."""
    before = text[text.rfind("\n", 0, place) + 1 : place]
    if not before or before.strip() or "\n" in search or "\n" not in replacement or search[:1].isspace():
        return replacement
    first, *rest = replacement.split("\n")
    written = [line for line in rest if line.strip()]
    deeper = before + (" " if first.rstrip().endswith(_OPENS_BLOCK) else "")
    if not written or (all(line.startswith(before) for line in written) and written[0].startswith(deeper)):
        return replacement
    return "\n".join([first, *(before + line if line.strip() else line for line in rest)])


def _piece_of_a_line(text: str, search: str, replacement: str) -> Outcome:
    """Match a search text that quotes only a piece of a line, but not a piece of a word."""
    body = search.strip("\n")
    everywhere = occurrences(text, body)
    if len(everywhere) == _MOST_PLACES:
        return Ambiguous(tuple(line_number(text, place) for place in everywhere))
    places = [
        place
        for place in everywhere
        if not (_WORD.match(body) and _WORD.match(text[place - 1 : place]))
        and not (_WORD.match(body[-1:]) and _WORD.match(text[place + len(body) : place + len(body) + 1]))
    ]
    place = _one(text, places)
    if place is None or isinstance(place, Ambiguous):
        return place
    new = _in_line(text, place, body, replacement.strip("\n"))
    return (Place(place, place + len(body), new, "a piece of a line"),)


def _by_rungs(lines: Lines, search: str, replacement: str) -> Outcome:
    """Forgive white space: at line ends, in indentation, in blank lines. Each rung looks at the same candidates."""
    wanted, new = _trimmed(search, replacement)
    if not wanted:
        return None
    dense = [line for line in wanted if line.strip()]
    rungs: list[tuple[str, Callable[[Sequence[str]], bool]]] = [
        ("trailing white space", lambda found: [x.rstrip() for x in found] == [x.rstrip() for x in wanted]),
        ("indentation", lambda found: _same(found, wanted) and indentation.is_uniform(dense, _dense(found))),
        ("leading white space", lambda found: _same(found, wanted)),
        ("blank lines", lambda found: _dense_stripped(found) == [x.strip() for x in dense]),
    ]
    candidates = list(candidates_for(lines, wanted))
    for name, fits in rungs:
        places = sorted({span for span in candidates if fits(lines.all[span[0] : span[1] + 1])})
        if len(places) > 1:
            return Ambiguous(tuple(first + 1 for first, _ in places))
        if places:
            return (_placed(lines, places[0], wanted, new, name),)
    return None


def _trimmed(search: str, replacement: str) -> tuple[list[str], list[str]]:
    """Cut into lines, without the blank lines that begin or end both texts."""
    wanted, new = (
        search.removesuffix("\n").split("\n"),
        replacement.removesuffix("\n").split("\n") if replacement else [],
    )
    while wanted and not wanted[0].strip():
        wanted.pop(0)
        if new and not new[0].strip():
            new.pop(0)
    while wanted and not wanted[-1].strip():
        wanted.pop()
        if new and not new[-1].strip():
            new.pop()
    return wanted, new


def _same(found: Sequence[str], wanted: Sequence[str]) -> bool:
    return [line.strip() for line in found] == [line.strip() for line in wanted]


def _dense(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line.strip()]


def _dense_stripped(lines: Sequence[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()]


def _placed(lines: Lines, span: Span, wanted: Sequence[str], new: Sequence[str], rung: str) -> Place:
    """Replace the lines of a span; lines that the edit keeps at either end stay as the file has them."""
    first, last = span
    found = lines.all[first : last + 1]
    written = indentation.reindent(_dense(wanted), _dense(found), new)
    head = tail = 0
    if len(found) == len(wanted):
        shortest = min(len(wanted), len(new))
        while head < shortest and wanted[head] == new[head]:
            head += 1
        while tail < shortest - head and wanted[-1 - tail] == new[-1 - tail]:
            tail += 1
        written = [*found[:head], *written[head : len(written) - tail], *found[len(found) - tail :]]
    start, end = lines.span(first, last)
    ends = lines.text[start:end].endswith("\n")
    if not ends and not written:
        return Place(max(0, start - 1), end, "", rung)
    return Place(start, end, "\n".join(written) + ("\n" if ends and written else ""), rung)


def _by_look_alikes(lines: Lines, search: str, replacement: str) -> Outcome:
    text, wanted = lines.text.translate(_LOOK_ALIKES), search.translate(_LOOK_ALIKES)
    if text == lines.text and wanted == search:
        return None
    exact = _exact_piece(text, wanted, replacement) if not search.endswith("\n") else None
    outcome = exact or _by_rungs(Lines(text), wanted, replacement)
    if not isinstance(outcome, tuple):
        return outcome
    return tuple(
        Place(p.start, p.end, _own_characters(lines.text[p.start : p.end], p.new), "look-alikes") for p in outcome
    )


def _own_characters(old: str, new: str) -> str:
    """Return the new text with each line that is old but for look-alikes as the file has it."""
    own = {line.translate(_LOOK_ALIKES): line for line in old.split("\n")}
    return "\n".join(own.get(line.translate(_LOOK_ALIKES), line) for line in new.split("\n"))


def _without_prefixes(lines: Lines, search: str, replacement: str) -> Outcome:
    """Forgive line numbers, or the marks of a diff, before every line of the search text."""
    for strip, prefix in ((_without_numbers, _LINE_NUMBER), (_without_diff_marks, _DIFF_MARK)):
        wanted = strip(search)
        if wanted is None:
            continue
        new = strip(replacement)
        if new is None and any(map(prefix.match, replacement.split("\n"))):
            continue  # prefixes on some of the lines only: none may get into the file
        outcome = _by_rungs(lines, wanted, replacement if new is None else new)
        if outcome is not None:
            return (
                outcome
                if isinstance(outcome, Ambiguous)
                else tuple(Place(place.start, place.end, place.new, "line prefixes") for place in outcome)
            )
    return None


def _without_numbers(text: str) -> str | None:
    written = text.split("\n")
    prefixes = [_LINE_NUMBER.match(line) for line in written]
    if not all(prefix or not line.strip() for prefix, line in zip(prefixes, written, strict=True)) or not any(prefixes):
        return None
    bare = [line[prefix.end() :] if prefix else line for prefix, line in zip(prefixes, written, strict=True)]
    spaced = all(line.startswith(" ") for line, prefix in zip(bare, prefixes, strict=True) if line and prefix)
    return "\n".join(line[1:] if spaced else line for line in bare)


def _without_diff_marks(text: str) -> str | None:
    written = [line for line in text.split("\n") if line]
    marks = {line[0] for line in written}
    if not marks <= {" ", "-", "+"} or not marks & {"-", "+"} or {"-", "+"} <= marks:
        return None
    return "\n".join(line[1:] for line in text.split("\n"))


def _elided(lines: Lines, search: str, replacement: str) -> Outcome:
    """Match the parts around lines that stand for omitted code, each part in one place and all in order."""
    pairs = elision.parts(search, replacement)
    if not pairs:
        return None
    places: list[Place] = []
    for wanted, new in pairs:
        exact = _exact_lines(lines.text, wanted, new)
        found = exact if exact is not None else _by_rungs(lines, wanted, new)
        if not isinstance(found, tuple):
            return found
        places.extend(found)
    if any(after.start < before.end for before, after in pairwise(places)):
        return None
    return tuple(Place(place.start, place.end, place.new, "omitted lines") for place in places)


def _fuzzy(lines: Lines, search: str, replacement: str) -> Outcome:
    wanted, new = _trimmed(search, replacement)
    windows = fuzzy.windows(lines.all, wanted)
    if len(windows) > 1:
        return Ambiguous(tuple(first + 1 for first in windows))
    if not windows:
        return None
    first = windows[0]
    last = first + len(wanted) - 1
    found = lines.all[first : last + 1]
    place = _placed(lines, (first, last), wanted, fuzzy.merged(wanted, found, new), "similar lines")
    return (place,)
