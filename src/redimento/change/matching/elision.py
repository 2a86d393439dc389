"""Search texts in which a line such as `...` stands for lines that were left out."""

from __future__ import annotations

from redimento.change.matching.placeholders import stands_for_code

_BARE = {"...", "\u2026", "[...]", "(...)", "{...}", "{ ... }"}


def is_elision(line: str) -> bool:
    """Tell whether a line of a search text stands for lines that were left out."""
    return line.strip() in _BARE or stands_for_code(line)


def parts(search: str, replacement: str) -> list[tuple[str, str]]:
    """Pair the texts between the omissions; [] when there are none, or when the replacement omits something else.

    The omissions must lie between two texts: what follows the only one could be anything.

    A replacement without the same number of omissions would delete lines that nobody has seen.
    """
    wanted, new = _cut(search), _cut(replacement)
    if len(wanted) == 1 or len(wanted) != len(new) or not (wanted[0] and wanted[-1]):
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
