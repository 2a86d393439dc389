"""The hunks of a change's source, each of which can be taken back alone. Comments and docstrings are no source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from redimento.change.edit import FileChange
from redimento.change.guards.line_diff import blocks
from redimento.verification.syntax import lines_of, same_code, text_of

_JOINED = 1  # lines at most between two differences of one hunk


@dataclass(frozen=True)
class Hunk:
    """Lines of one file that a change replaces. Positions are slices: `old` of the file before, `new` of the file after."""

    path: str
    old: tuple[int, int]
    new: tuple[int, int]

    @property
    def where(self) -> str:
        """Return the place as a reader finds it: path and first line of the new file."""
        return f"{self.path}:{self.new[0] + 1}"


def hunks_of(file: FileChange) -> tuple[Hunk, ...]:
    """Return the hunks of a source file that change code. A file that is new, gone or no text has one, or none."""
    before, after = text_of(file.before), text_of(file.after)
    if before is None or after is None:
        return ()
    found: list[Hunk] = []
    for old, new in blocks(lines_of(before), lines_of(after)):
        near = found.pop() if found and new[0] - found[-1].new[1] <= _JOINED else Hunk(file.path, old, new)
        found.append(Hunk(file.path, (near.old[0], old[1]), (near.new[0], new[1])))
    return tuple(hunk for hunk in found if not same_code(file.path, after, without(file, (hunk,))))


def without(file: FileChange, hunks: Sequence[Hunk]) -> str:
    """Return the new text of a file with some of its hunks taken back."""
    old, new = lines_of(text_of(file.before) or ""), lines_of(text_of(file.after) or "")
    for hunk in sorted(hunks, key=lambda hunk: hunk.new, reverse=True):
        new[slice(*hunk.new)] = old[slice(*hunk.old)]
    return "".join(new)
