"""Where a name is defined, and where it is used."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from redimento.context.languages import language
from redimento.context.segments import cut
from redimento.context.spans import Span
from redimento.exploration.definitions import definitions, enclosing, name_parts
from redimento.exploration.excerpts import excerpt
from redimento.exploration.naming import echo
from redimento.exploration.present import Present
from redimento.exploration.reading import Read
from redimento.exploration.scanning import Hits, compiled, left_out, scan, spread

_DEFINITIONS: Final = 5
_MOST_USES: Final = 60
_IMPORT: Final = re.compile(r"(?:import|from|using|use|require|#include|export \{|export \*)\b")


def uses(present: Present, target: str) -> Read:
    """Return the heads of the definitions of a name, then the lines that use it, by the definition they are in."""
    parts = name_parts(target)
    if not parts:
        return Read(text=f"Write the name of a definition, such as `total` or `Cart.total`: {echo(target)} is none.")
    name = parts[-1]
    defined = definitions(present, parts)
    heads: dict[str, list[Span]] = {}
    for one in defined[:_DEFINITIONS]:
        heads.setdefault(one.path, []).append(one.head)
    excerpts = tuple(excerpt(path, present.lines(path) or [""], spans) for path, spans in heads.items())
    places = {(one.path, line) for one in defined for line in range(one.head[0], one.head[1] + 1)}
    boundary = r"[^\pL\pN_$]"
    word = compiled(rf"(?:^|{boundary})\Q{name}\E(?:{boundary}|$)")
    found = scan(present, present.promising(), word, name.encode())
    used = [hits for each in found.files if (hits := _without(each, places)).lines]
    call = re.compile(rf"\.{re.escape(name)}\b(?!\.| import)|(?<![\w$]){re.escape(name)}\s?[(<\[]")
    calls = [
        Hits(hits.path, own, len(own))
        for hits in used
        if (own := tuple(one for one in hits.lines if call.search(one[1])))
    ]
    called = {hits.path for hits in calls}
    chosen, others = spread(present, calls or used, (), _MOST_USES)
    others += [hits for hits in used if calls and hits.path not in called]
    if not defined and not used:
        return Read(text=f"Nothing defines or uses {echo(target)}.")
    notes = [] if defined else [f"No definition of {echo(target)} was found."]
    further = [f"{one.path}:{one.first}" for one in defined[_DEFINITIONS:]]
    notes += [f"Also defined in: {', '.join(further[:_MOST_USES])}."] if further else []
    notes += ["Used in:" if used else "No use was found."]
    lines = [line for hits in chosen for line in _grouped(present, hits)]
    return Read(excerpts, "\n".join([*notes, *lines, *left_out(chosen, others, found.unsearched)]))


def _without(hits: Hits, places: set[tuple[str, int]]) -> Hits:
    """Return the hits that are no definition; imports only if there is nothing else."""
    lines = [line for line in hits.lines if (hits.path, line[0]) not in places]
    calls = [line for line in lines if not _IMPORT.match(line[1])]
    return Hits(hits.path, tuple(calls or lines), len(calls or lines))


def _grouped(present: Present, hits: Hits) -> Iterator[str]:
    """Yield the hits of a file, each definition they are in before them."""
    lines: Sequence[str] = present.lines(hits.path) or ()
    segments = cut("\n".join(lines).encode("utf-8", "replace"), language(hits.path)) if language(hits.path) else ()
    inside = ""
    for number, text in hits.lines:
        definition = enclosing(segments, number)
        if definition and definition != inside:
            yield f"in {definition}:"
        inside = definition
        yield f"{hits.path}:{number}: {text}"
