"""Search texts in which a line such as `...` stands for omitted lines."""

from __future__ import annotations

from redimento.change.matching.placeholders import is_placeholder

_MAX_PARTS = 100  # each is searched in the whole file
_BARE = {"...", "\u2026", "[...]", "(...)", "{...}", "{ ... }"}


def is_elision(line: str) -> bool:
    """Return whether a line of a search text stands for omitted lines."""
    return line.strip() in _BARE or is_placeholder(line)


def parts(search: str, replacement: str) -> list[tuple[str, str]]:
    """Pair the texts between the omissions; [] if there are none or the replacement omits something else.

    Omissions must lie between two texts, because the lines after a trailing one are unknown. A replacement with another
    number of omissions would delete lines that nobody has seen.
    """
    wanted, new = _cut(search), _cut(replacement)
    if not 1 < len(wanted) <= _MAX_PARTS or len(wanted) != len(new) or not (wanted[0] and wanted[-1]):
        return []
    if any(after and not before for before, after in zip(wanted, new, strict=True)):
        return []
    return [(before, after) for before, after in zip(wanted, new, strict=True) if before]


def _cut(text: str) -> list[str]:
    pieces: list[list[str]] = [[]]
    for line in text.removesuffix("\n").split("\n"):
        if is_elision(line):
            pieces.append([])
        else:
            pieces[-1].append(line)
    return ["".join(f"{line}\n" for line in piece) if any(map(str.strip, piece)) else "" for piece in pieces]
