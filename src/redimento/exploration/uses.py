"""Where a name is defined, and where it is used."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator, Sequence
from typing import Final

from redimento.context.spans import Span
from redimento.exploration.definitions import Definition, definitions, enclosing, name_parts
from redimento.exploration.excerpts import Found, excerpt
from redimento.exploration.naming import echo
from redimento.exploration.present import Present
from redimento.exploration.scanning import Hits, compiled, left_out, scan, spread

_DEFINITIONS: Final = 5
_MOST_USES: Final = 40
_IMPORT: Final = re.compile(r"(?:import|from|using|use|require|#include|export \{|export \*)\b")


def uses(present: Present, target: str) -> Found:
    """Return the heads of the definitions of a name, then the lines that use it, by the definition they are in."""
    parts = name_parts(target)
    if not parts:
        return Found(text=f"Write the name of a definition, such as `total` or `Cart.total`: {echo(target)} is none.")
    defined = definitions(present, parts)
    heads: dict[str, list[Span]] = {}
    for one in defined[:_DEFINITIONS]:
        heads.setdefault(one.path, []).append(one.head)
    excerpts = tuple(excerpt(path, present.lines(path) or [""], spans) for path, spans in heads.items())
    notes = [] if defined else [f"No definition of {echo(target)} was found."]
    further = [f"{one.path}:{one.first}" for one in defined[_DEFINITIONS:]]
    notes += [f"Also defined in: {', '.join(further[:_MOST_USES])}."] if further else []
    used = _used(present, parts[-1], defined)
    if not defined and not used:
        return Found(text=f"Nothing defines or uses {echo(target)}.")
    return Found(excerpts, "\n".join([*notes, *(["Used in:", *used] if used else ["No use was found."])]))


def _used(present: Present, name: str, defined: Sequence[Definition]) -> list[str]:
    """Return the lines that use `name`, and what was left out; files that call it come first."""
    boundary = r"[^\pL\pN_$-]" if "-" in name else r"[^\pL\pN_$]"  # `\b` of RE2 knows ASCII only
    word = compiled(rf"(?:^|{boundary})\Q{name}\E(?:{boundary}|$)")
    found, unsearched = scan(present, present.promising(), word, name.encode())
    heads = {(one.path, line) for one in defined for line in range(one.head[0], one.head[1] + 1)}
    used = [hits for each in found if (hits := _without(each, heads)).lines]
    call = re.compile(rf"\.{re.escape(name)}\b(?!\.| import)|(?<![\w$]){re.escape(name)}\s?[(<\[]")
    calling = [
        calls for hits in used if (calls := _only(hits, [line for line in hits.lines if call.search(line[1])])).lines
    ]
    chosen, others = spread(present, calling or used, (), _MOST_USES)
    if calling:
        callers = {hits.path for hits in calling}
        others += [hits for hits in used if hits.path not in callers]
    lines = [line for hits in chosen for line in _grouped(present, hits)]
    return [*lines, *left_out(chosen, others, unsearched)]


def _without(hits: Hits, heads: Container[tuple[str, int]]) -> Hits:
    """Return the hits that are in no head of a definition; imports only if there is nothing else."""
    lines = [line for line in hits.lines if (hits.path, line[0]) not in heads]
    return _only(hits, [line for line in lines if not _IMPORT.match(line[1])] or lines)


def _only(hits: Hits, lines: Sequence[tuple[int, str]]) -> Hits:
    return Hits(hits.path, tuple(lines), len(lines))


def _grouped(present: Present, hits: Hits) -> Iterator[str]:
    """Yield the hits of a file, each definition they are in before them."""
    lines: Sequence[str] = present.lines(hits.path) or ()
    segments = present.segments(hits.path, "\n".join(lines))
    inside = ""
    for number, text in hits.lines:
        definition = enclosing(segments, number)
        if definition and definition != inside:
            yield f"in {definition}:"
        inside = definition
        yield f"{hits.path}:{number}: {present.row(text)}"
