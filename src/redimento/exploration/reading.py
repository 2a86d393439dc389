"""Read a file, lines of a file, or the definition of a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from redimento.context.languages import extension, is_test, language
from redimento.context.segments import cut
from redimento.context.selection import Excerpt
from redimento.context.spans import Span, joined
from redimento.context.tokens import estimate
from redimento.exploration.definitions import Definition, definitions, head, name_parts
from redimento.exploration.excerpts import LARGEST, excerpt, fitting, size, whole
from redimento.exploration.globs import is_glob
from redimento.exploration.listing import list_files
from redimento.exploration.naming import LONGEST, cleaned, echo, files_meant, modules_meant, nearest
from redimento.exploration.present import Present

_RANGES: Final = re.compile(r"[\dL,;\s-]*\d[\dL,;\s-]*")
_RANGE: Final = re.compile(r"L?(\d{1,9})?(?:-L?(\d{1,9})?)?")
_MOST_RANGES: Final = 50
_OUTLINE: Final = 5_000  # tokens
_HEAD: Final = 60  # lines of a large file without definitions
_SHOWN: Final = 4  # definitions
_LONGEST_DEFINITION: Final = 5_000  # tokens
_LISTED: Final = 20


@dataclass(frozen=True)
class Read:
    excerpts: tuple[Excerpt, ...] = ()
    text: str = ""


def read(present: Present, target: str) -> Read:
    """Return what `target` names: a path, `path:10-80,120-140`, `path:name`, a name, a folder or a glob.

    A path that names nothing is answered with the nearest ones.
    """
    if not target.strip() or len(target) > LONGEST or "\0" in target or "\n" in target.strip():
        return Read(text="Write `path`, `path:first-last` or the name of a definition, on one line.")
    path, ranges = divided(target)
    files = files_meant(present, path)
    if len(files) == 1:
        return _read_file(present, files[0], ranges)
    if files:
        return Read(text=_listed(f"{echo(path)} may be any of these files; write more of the path", files))
    why = present.why_hidden(path)
    if why:
        return Read(text=f"`{path}` is not shown: {why}.")
    if is_glob(path) or path.strip("/") in present.folders:
        return Read(text=list_files(present, path))
    return _read_name(present, target, path, ranges) or _nothing(present, path)


def divided(target: str) -> tuple[str, str]:
    """Return the path, and the ranges of lines behind it, "" if there are none."""
    before, colon, after = target.strip().strip("`'\"").rpartition(":")
    if colon and before and _RANGES.fullmatch(after):
        return cleaned(before), after
    return cleaned(target), ""


def _read_file(present: Present, path: str, ranges: str) -> Read:
    lines = present.lines(path)
    if lines is None:
        return Read(text=f"`{path}` is not shown: it is a binary file, or cannot be read.")
    if not ranges:
        found = whole(path, lines)
        return Read((found,)) if found.tokens <= LARGEST else _outlined(path, lines)
    asked = spans_of(ranges, len(lines))
    spans = joined((first, min(last, len(lines))) for first, last in asked if 1 <= first <= min(last, len(lines)))
    absent = [f"{first}-{last}" for first, last in asked if not 1 <= first <= min(last, len(lines))]
    notes = [f"`{path}` has {len(lines)} lines; it does not have lines {', '.join(absent)}."] if absent else []
    kept, left = fitting(lines, spans)
    notes += [f"{size(path, lines, span)} They are too many for one answer." for span in left[:_MOST_RANGES]]
    return Read((excerpt(path, lines, kept),) if kept else (), "\n".join(notes))


def spans_of(ranges: str, count: int) -> list[Span]:
    found: list[Span] = []
    for part in re.split("[,;]", "".join(ranges.split()))[:_MOST_RANGES]:
        matched = _RANGE.fullmatch(part)
        if matched and part:
            first = int(matched[1] or 1)
            found.append((first, int(matched[2] or (count if "-" in part else first))))
    return found


def _outlined(path: str, lines: Sequence[str]) -> Read:
    """Return the heads of the definitions of a large file, and how to ask for more."""
    segments = cut("\n".join(lines).encode("utf-8", "replace"), language(path))
    heads = [(head(segment), segment.name.count(".")) for segment in segments if segment.signature]
    spans = [span for span, _ in sorted(heads, key=lambda pair: pair[1])]  # the outermost come first
    kept, left = fitting(lines, spans or [(1, min(_HEAD, len(lines)))], _OUTLINE)
    rest = " Further definitions are left out." if left and heads else ""
    how = f"Ask for `{path}:first-last`, or for a definition by its name."
    shown = (excerpt(path, lines, kept),) if kept else ()
    return Read(shown, f"`{path}` is too long to show whole. {size(path, lines, (1, len(lines)))}{rest} {how}")


def _cost(lines: Sequence[str], spans: Sequence[Span]) -> int:
    return sum(estimate("\n".join(lines[first - 1 : last])) for first, last in spans)


def _read_name(present: Present, target: str, path: str, ranges: str) -> Read | None:
    """Return the definitions of a name, alone or behind a path (`path::name`); None if there are none."""
    file, colon, name = target.strip().strip("`'\"").partition(":")
    files = files_meant(present, cleaned(file)) if colon else []
    parts = name_parts(name.strip(":") if files else target)
    if not parts or (len(parts) > 1 and not files and extension(target) in {extension(one) for one in present.sizes}):
        return None
    found = definitions(present, parts, files or None)
    if found:
        return _shown(present, found, parts, echo(name or target))
    modules = modules_meant(present, path)
    return _read_file(present, modules[0], ranges) if len(modules) == 1 else None


def _shown(present: Present, found: Sequence[Definition], parts: Sequence[str], asked: str) -> Read:
    notes: list[str] = []
    spans: dict[str, list[Span]] = {}
    texts: dict[str, list[str]] = {}
    best = found[0].agreement
    if best == 0 and len(parts) > 1:
        notes.append(f"There is no {asked}; these are definitions of `{parts[-1]}`.")
    chosen = [one for one in found if one.agreement == best][:_SHOWN]
    for one in chosen:
        lines = texts.setdefault(one.path, present.lines(one.path) or [])
        own = [(one.first, min(one.last, len(lines)))]
        if _cost(lines, own) > _LONGEST_DEFINITION:
            notes.append(f"{size(one.path, lines, own[0])} Only a part of `{one.name}` is shown.")
            heads = joined([one.head, *one.signatures]) if one.signatures else own
            own, _ = fitting(lines, heads, _LONGEST_DEFINITION)
        spans.setdefault(one.path, []).extend(own)
    others = [f"{one.path}:{one.first}" for one in found if one not in chosen]
    if others:
        notes.append(_listed("Also defined in", others))
    excerpts = tuple(excerpt(path, texts[path], own) for path, own in spans.items() if own)
    return Read(excerpts, "\n".join(notes))


def _nothing(present: Present, path: str) -> Read:
    close = sorted(nearest(present.sizes, path), key=lambda one: is_test(one) and not is_test(path))
    none = f"The repository has no file and no definition {echo(path)}."
    return Read(text=_listed(f"{none} The nearest paths", close) if close else none)


def _listed(heading: str, names: Sequence[str]) -> str:
    left = len(names) - _LISTED
    return "\n".join([f"{heading}:", *names[:_LISTED], *([f"… and {left} more."] if left > 0 else [])])
