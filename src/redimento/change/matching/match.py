"""Find the one place that a search text means: exactly, or on the first rung of a ladder that matches.

Each rung forgives one kind of slip and needs exactly one match; several matches end the search, because a wrong edit is
worse than a refusal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

from redimento.change.matching import elision, fuzzy, indentation
from redimento.change.matching.lines import Lines, Span, candidates

# Characters that models confuse. Each maps to a single character, so that positions stay the same.
_LOOK_ALIKES = str.maketrans(
    {
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033", '"'),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " "),
    }
)
_LINE_NUMBER = re.compile(r"\s{0,8}\d{1,6}(?: ?[|:\u2502]|\t)")
_BARE_NUMBER = re.compile(r"\s{0,8}(\d{1,6})(?:\s|$)")
_DIFF_MARK = re.compile(r"[-+]")
_WORD = re.compile(r"\w")
_MAX_PLACES = 20  # enough to report an ambiguity


@dataclass(frozen=True)
class Place:
    """Replace the characters `start` to `end` with `new`; `rung` names what was forgiven."""

    start: int
    end: int
    new: str
    rung: str


@dataclass(frozen=True)
class Ambiguous:
    """More than one place matches: the numbers of their first lines, counted from 1."""

    lines: tuple[int, ...]


Outcome = tuple[Place, ...] | Ambiguous | None


def line_number(text: str, position: int) -> int:
    """Return the number of the line that holds `position`, counted from 1."""
    return text.count("\n", 0, position) + 1


def find(text: str, search: str, replacement: str) -> Outcome:
    """Return what to replace in `text`, Ambiguous if several places match, None if none does."""
    whole_lines = search.endswith("\n")
    exact = _exact_lines(text, search, replacement) if whole_lines else _exact_piece(text, search, replacement)
    if exact is not None:
        return exact
    lines = Lines(text)
    for rung in (_by_white_space, _by_look_alikes, _without_prefixes):
        outcome = rung(lines, search, replacement)
        if outcome is not None:
            return outcome
    if whole_lines and (piece := _part_of_a_line(text, search, replacement)) is not None:
        return piece
    return _elided(lines, search, replacement) or _fuzzy(lines, search, replacement)


def everywhere(text: str, search: str, replacement: str) -> list[Place]:
    """Return every exact occurrence of `search`, from left to right; whole lines if it ends with a line break."""
    if search.endswith("\n"):
        # The line break before the first line belongs to the match, and one may be missing at the end.
        found = _positions(f"\n{text}" + "\n" * (not text.endswith("\n")), f"\n{search}", len(search))
    else:
        found = _positions(text, search, len(search))
    return [
        Place(start, start + len(search), replacement, "exact")
        if start + len(search) <= len(text)
        else Place(start, len(text), replacement.removesuffix("\n"), "exact")
        for start in found
    ]


def occurs_once(text: str, wanted: str) -> bool:
    """Return whether `wanted` occurs exactly once, ignoring white space."""
    exact = _exact_lines(text, wanted, wanted) if wanted.endswith("\n") else _exact_piece(text, wanted, wanted)
    return isinstance(exact or _by_white_space(Lines(text), wanted, wanted), tuple)


def occurrences(text: str, search: str) -> list[int]:
    """Return the first positions of `search`, at most `_MAX_PLACES`, overlapping ones included."""
    return list(islice(_positions(text, search, 1), _MAX_PLACES))


def _positions(text: str, search: str, step: int) -> Iterator[int]:
    position = text.find(search)
    while position >= 0:
        yield position
        position = text.find(search, position + step)


def _only(text: str, places: Sequence[int]) -> int | Ambiguous | None:
    if len(places) > 1:
        return Ambiguous(tuple(line_number(text, place) for place in places))
    return places[0] if places else None


def _exact_lines(text: str, search: str, replacement: str) -> Outcome:
    """Match whole lines; the last line of the file may lack its line break."""
    place = _only(text, occurrences("\n" + text, "\n" + search))
    if isinstance(place, Ambiguous):
        return place
    if place is not None:
        return (Place(place, place + len(search), replacement, "exact"),)
    if text.endswith("\n") or not ("\n" + text).endswith("\n" + search[:-1]):
        return None
    return (_at_end(text, len(text) - len(search) + 1, replacement, "exact"),)


def _at_end(text: str, start: int, replacement: str, rung: str) -> Place:
    """Replace the last lines of a text that does not end with a line break."""
    return Place(start if replacement else max(0, start - 1), len(text), replacement.removesuffix("\n"), rung)


def _exact_piece(text: str, search: str, replacement: str) -> Outcome:
    place = _only(text, occurrences(text, search))
    if place is None or isinstance(place, Ambiguous):
        return place
    return (Place(place, place + len(search), _in_line(text, place, search, replacement), "exact"),)


def _in_line(text: str, place: int, search: str, replacement: str) -> str:
    """Indent the replacement of a single line that was quoted without its indentation."""
    before = text[text.rfind("\n", 0, place) + 1 : place]
    if not before or before.strip() or "\n" in search or "\n" not in replacement or search[:1].isspace():
        return replacement
    first, *rest = replacement.split("\n")
    if not any(map(str.strip, rest)) or indentation.has_already([search], before, [first, *rest]):
        return replacement
    return "\n".join([first, *(before + line if line.strip() else line for line in rest)])


def _part_of_a_line(text: str, search: str, replacement: str) -> Outcome:
    """Match part of a line, but not part of a word."""
    body = search.strip("\n")
    places = occurrences(text, body)
    if len(places) < _MAX_PLACES:
        places = [
            place
            for place in places
            if not (_WORD.match(body) and _WORD.match(text[place - 1 : place]))
            and not (_WORD.match(body[-1:]) and _WORD.match(text[place + len(body) : place + len(body) + 1]))
        ]
    place = _only(text, places)
    if place is None or isinstance(place, Ambiguous):
        return place
    new = _in_line(text, place, body, replacement.strip("\n"))
    return (Place(place, place + len(body), new, "part of a line"),)


def _by_white_space(lines: Lines, search: str, replacement: str) -> Outcome:
    """Forgive white space: at line ends, in indentation, in blank lines. All rungs check the same candidates."""
    wanted, new = _trimmed(search, replacement)
    if not wanted:
        return None
    spans = candidates(lines, wanted)
    for rung, matches in _WHITE_SPACE_RUNGS.items():
        places = [(first, last) for first, last in spans if matches(lines.all[first : last + 1], wanted)]
        if len(places) > 1:
            return Ambiguous(tuple(first + 1 for first, _ in places))
        if places:
            return (_placed(lines, places[0], wanted, new, rung),)
    return None


def _equal_ignoring_trailing_space(found: Sequence[str], wanted: Sequence[str]) -> bool:
    return [line.rstrip() for line in found] == [line.rstrip() for line in wanted]


def _equal_ignoring_uniform_indentation(found: Sequence[str], wanted: Sequence[str]) -> bool:
    return _equal_ignoring_outer_space(found, wanted) and indentation.is_uniform(_nonblank(wanted), _nonblank(found))


def _equal_ignoring_outer_space(found: Sequence[str], wanted: Sequence[str]) -> bool:
    return [line.strip() for line in found] == [line.strip() for line in wanted]


def _equal_ignoring_blank_lines(found: Sequence[str], wanted: Sequence[str]) -> bool:
    return _equal_ignoring_outer_space(_nonblank(found), _nonblank(wanted))


_WHITE_SPACE_RUNGS: dict[str, Callable[[Sequence[str], Sequence[str]], bool]] = {
    "trailing white space": _equal_ignoring_trailing_space,
    "indentation": _equal_ignoring_uniform_indentation,
    "leading white space": _equal_ignoring_outer_space,
    "blank lines": _equal_ignoring_blank_lines,
}


def _trimmed(search: str, replacement: str) -> tuple[list[str], list[str]]:
    """Split into lines, without the blank lines around the search text and as many around the replacement."""
    wanted = search.removesuffix("\n").split("\n")
    new = replacement.removesuffix("\n").split("\n") if replacement else []
    for _ in ("start", "end"):
        blank = _leading_blank(wanted)
        new = new[min(blank, _leading_blank(new)) :][::-1]
        wanted = wanted[blank:][::-1]
    return wanted, new


def _leading_blank(lines: Sequence[str]) -> int:
    return next((number for number, line in enumerate(lines) if line.strip()), len(lines))


def _nonblank(lines: Sequence[str]) -> list[str]:
    return [line for line in lines if line.strip()]


def _placed(lines: Lines, span: Span, wanted: Sequence[str], new: Sequence[str], rung: str) -> Place:
    """Replace the lines of a span; lines that the edit keeps at either end stay as they are in the file."""
    first, last = span
    found = lines.all[first : last + 1]
    written = indentation.reindent(_nonblank(wanted), _nonblank(found), new)
    head = tail = 0
    if len(found) == len(wanted):
        shortest = min(len(wanted), len(new))
        while head < shortest and wanted[head] == new[head]:
            head += 1
        while tail < shortest - head and wanted[-1 - tail] == new[-1 - tail]:
            tail += 1
        written = [*found[:head], *written[head : len(written) - tail], *found[len(found) - tail :]]
    start, end = lines.span(first, last)
    text = "".join(f"{line}\n" for line in written)
    return (
        Place(start, end, text, rung)
        if lines.text[start:end].endswith("\n")
        else _at_end(lines.text, start, text, rung)
    )


def _by_look_alikes(lines: Lines, search: str, replacement: str) -> Outcome:
    text, wanted = lines.text.translate(_LOOK_ALIKES), search.translate(_LOOK_ALIKES)
    if text == lines.text and wanted == search:
        return None
    exact = _exact_piece(text, wanted, replacement) if not search.endswith("\n") else None
    outcome = exact or _by_white_space(Lines(text), wanted, replacement)
    if not isinstance(outcome, tuple):
        return outcome
    return tuple(
        replace(p, new=_with_characters_of(lines.text[p.start : p.end], p.new), rung="look-alikes") for p in outcome
    )


def _with_characters_of(old: str, new: str) -> str:
    """Return the new text; a line that differs from an old one only in look-alikes stays as it is in the file."""
    own = {line.translate(_LOOK_ALIKES): line for line in old.split("\n")}
    return "\n".join(own.get(line.translate(_LOOK_ALIKES), line) for line in new.split("\n"))


def _without_prefixes(lines: Lines, search: str, replacement: str) -> Outcome:
    """Forgive line numbers or diff marks before every line of the search text."""
    for strip, prefix in (
        (_without_numbers, _LINE_NUMBER),
        (_without_bare_numbers, _BARE_NUMBER),
        (_without_diff_marks, _DIFF_MARK),
    ):
        wanted = strip(search)
        if wanted is None:
            continue
        new = strip(replacement)
        if new is None and any(map(prefix.match, replacement.split("\n"))):
            continue  # only some lines have a prefix, and none may get into the file
        if new is None and prefix is _BARE_NUMBER:  # a second blank after the numbers would count as indentation
            outcome = _exact_lines(lines.text, wanted, replacement)
        else:
            outcome = _by_white_space(lines, wanted, replacement if new is None else new)
        if outcome is not None:
            return (
                outcome
                if isinstance(outcome, Ambiguous)
                else tuple(replace(place, rung="line prefixes") for place in outcome)
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


def _without_bare_numbers(text: str) -> str | None:
    """Remove numbers that count every line; a single number is rather content."""
    written = text.removesuffix("\n").split("\n")
    prefixes = [prefix for line in written if (prefix := _BARE_NUMBER.match(line))]
    numbers = [int(prefix[1]) for prefix in prefixes]
    if not 1 < len(written) == len(numbers) or numbers != list(range(numbers[0], numbers[0] + len(numbers))):
        return None
    bare = [line[prefix.end() :] for line, prefix in zip(written, prefixes, strict=True)]
    return "".join(f"{line}\n" for line in bare)


def _without_diff_marks(text: str) -> str | None:
    written = [line for line in text.split("\n") if line]
    marks = {line[0] for line in written}
    if not marks <= {" ", "-", "+"} or not marks & {"-", "+"} or {"-", "+"} <= marks:
        return None
    return "\n".join(line[1:] for line in text.split("\n"))


def _elided(lines: Lines, search: str, replacement: str) -> Outcome:
    """Match the parts around omitted lines, each in exactly one place and all in order."""
    pairs = elision.parts(search, replacement)
    if not pairs:
        return None
    places: list[Place] = []
    for wanted, new in pairs:
        exact = _exact_lines(lines.text, wanted, new)
        found = exact if exact is not None else _by_white_space(lines, wanted, new)
        if not isinstance(found, tuple):
            return found
        places.extend(found)
    if any(after.start < before.end for before, after in pairwise(places)):
        return None
    return tuple(replace(place, rung="omitted lines") for place in places)


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
