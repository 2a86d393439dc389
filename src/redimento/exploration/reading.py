"""Found a file, lines of a file, or the definition of a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from redimento.context.languages import extension, is_test, role
from redimento.context.long_lines import clipped
from redimento.context.spans import Span, joined
from redimento.context.tokens import estimate
from redimento.exploration.definitions import CODE, DEFINING, Definition, definitions, head, name_parts
from redimento.exploration.excerpts import LARGEST, Found, excerpt, fitting, listed, size
from redimento.exploration.globs import is_glob, matching
from redimento.exploration.listing import list_files
from redimento.exploration.naming import LONGEST, cleaned, echo, files_meant, modules_meant, nearest
from redimento.exploration.present import Present

_RANGES: Final = re.compile(r"[\dL,;\s-]*\d[\dL,;\s-]*")
_RANGE: Final = re.compile(r"L?(\d{1,9})?(?:-L?(\d{1,9})?)?")
# What tests of JavaScript, TypeScript and Go call a part of them.
_TITLED: Final = re.compile(
    r"\s*(?:(?:[fx]?(?:describe|context|it|test)|suite|specify)(?:\.\w+)*|[bt]\.Run)\(\s*[\"'`]"
)
_POSITION: Final = re.compile(r"(.+)(:)(\d+):\d+")  # line and column, as compilers write them
_MOST_RANGES: Final = 50
_OUTLINE: Final = 5_000  # tokens
_HEAD: Final = 60  # lines of a large file without definitions
_LONGEST_LINE: Final = 200  # characters in which a definition is looked for
_SHOWN: Final = 4  # definitions
_LONGEST_DEFINITION: Final = 5_000  # tokens
_LISTED: Final = 20


def read(present: Present, target: str) -> Found:
    """Return what `target` names: a path, `path:10-80,120-140`, `path:name`, a name, a folder or a glob.

    A path that names nothing is answered with the nearest ones.
    """
    if not target.strip() or len(target) > LONGEST or "\0" in target or "\n" in target.strip():
        return Found(text="Write `path`, `path:first-last` or the name of a definition, on one line.")
    path, ranges = divided(target)
    files = files_meant(present, path)
    if len(files) == 1:
        found = _read_file(present, files[0], ranges)
        # It begins above the repository, or in a folder that does not exist.
        guessed = f"{echo(path)} was taken for `{files[0]}`." if len(path.strip("/")) > len(files[0]) else ""
        notes = filter(None, (guessed, found.text, _snapshots(present, files[0])))
        return Found(found.excerpts, "\n".join(notes))
    if files:
        return Found(text=listed(f"{echo(path)} may be any of these files; write more of the path", files, _LISTED))
    why = present.why_hidden(path)
    if why:
        return Found(text=f"`{path}` is not shown: {why}.")
    if path.strip("/") in present.folders or (is_glob(path) and matching(present.sizes, path)):
        return Found(text=list_files(present, path))
    if named := _read_name(present, target, path, ranges):
        return named
    close = sorted(nearest(present.sizes, path), key=lambda one: is_test(one) and not is_test(path))
    none = f"The repository has no file and no definition {echo(path)}."
    return Found(text=listed(f"{none} The nearest paths", close, _LISTED) if close else none)


def _snapshots(present: Present, path: str) -> str:
    """Return where the snapshots of a test are, which neither the map nor a search shows; "" if it has none."""
    folder, slash, name = path.rpartition("/")
    kept = f"{folder}{slash}__snapshots__/{name}.snap"
    return f"Its snapshots are in `{kept}`." if kept in present.sizes else ""


def divided(target: str) -> tuple[str, str]:
    """Return the path, and the ranges of lines behind it, "" if there are none."""
    written = target.strip().strip("`'\"").replace("#L", ":L")  # as in the address of a line on the web
    position = _POSITION.fullmatch(written)
    before, colon, after = position.groups() if position else written.rpartition(":")
    if colon and before and _RANGES.fullmatch(after):
        return cleaned(before), after
    return cleaned(written), ""


def _read_file(present: Present, path: str, ranges: str) -> Found:
    lines = present.lines(path)
    if lines is None:
        return Found(text=f"`{path}` is not shown: it is a binary file, or cannot be read.")
    if not ranges:
        found = excerpt(path, lines, [(1, len(lines))], as_is=True)
        return Found((found,)) if found.tokens <= LARGEST else _outlined(present, path, lines)
    asked = spans_of(ranges, len(lines))
    spans = joined((first, min(last, len(lines))) for first, last in asked if 1 <= first <= min(last, len(lines)))
    absent = [f"{first}-{last}" for first, last in asked if not 1 <= first <= min(last, len(lines))]
    notes = [f"`{path}` has {len(lines)} lines; it does not have lines {', '.join(absent)}."] if absent else []
    as_is = _cost(lines, spans) <= LARGEST  # only what is shown as it is can be quoted
    kept, left = (spans, []) if as_is else fitting(lines, spans)
    if not as_is and any(clipped(line) != line for first, last in kept for line in lines[first - 1 : last]):
        notes.append("Long lines are cut: to quote one, ask for it alone.")
    notes += [f"{size(path, lines, span)} They are too many for one answer." for span in left[:_MOST_RANGES]]
    return Found((excerpt(path, lines, kept, as_is=as_is),) if kept else (), "\n".join(notes))


def spans_of(ranges: str, count: int) -> list[Span]:
    """Return the ranges as written, of a file with `count` lines: they may lie outside it."""
    found: list[Span] = []
    for part in re.split("[,;]", "".join(ranges.split()))[:_MOST_RANGES]:
        matched = _RANGE.fullmatch(part)
        if matched and part:
            first = int(matched[1] or 1)
            found.append((first, int(matched[2] or (count if "-" in part else first))))
    return found


def _outlined(present: Present, path: str, lines: Sequence[str]) -> Found:
    """Return the heads of the definitions of a large file, and how to ask for more."""
    segments = present.segments(path, "\n".join(lines))
    heads = [(segment.name.count("."), head(segment)) for segment in segments if segment.signature]
    if is_test(path):
        titled = [(number, line) for number, line in enumerate(lines, 1) if _TITLED.match(line[:_LONGEST_LINE])]
        heads += [(len(line) - len(line.lstrip()), (number, number)) for number, line in titled]
    spans = [span for _, span in sorted(heads)]  # the outermost come first
    if not heads and role(path) in CODE:
        spans = [(number, number) for number, line in enumerate(lines, 1) if DEFINING.search(line[:_LONGEST_LINE])]
    kept, left = fitting(lines, spans or [(1, min(_HEAD, len(lines)))], _OUTLINE)
    rest = " Further definitions are left out." if left and spans else ""
    how = f"Ask for `{path}:first-last`, or for a definition by its name."
    shown = (excerpt(path, lines, kept),) if kept else ()
    return Found(shown, f"`{path}` is too long to show whole. {size(path, lines, (1, len(lines)))}{rest} {how}")


def _cost(lines: Sequence[str], spans: Sequence[Span]) -> int:
    return sum(estimate("\n".join(lines[first - 1 : last])) for first, last in spans)


def _read_name(present: Present, target: str, path: str, ranges: str) -> Found | None:
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


def _shown(present: Present, found: Sequence[Definition], parts: Sequence[str], asked: str) -> Found:
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
        notes.append(listed("Also defined in", others, _LISTED))
    excerpts = tuple(excerpt(path, texts[path], own) for path, own in spans.items() if own)
    return Found(excerpts, "\n".join(notes))
