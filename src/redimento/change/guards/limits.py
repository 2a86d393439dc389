"""Limits on a change: files, lines, shrinkage, size, and text only."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass

from redimento.change.document import decode
from redimento.change.edit import FileChange, Refusal
from redimento.change.guards.line_diff import Added, changed_lines
from redimento.settings import ChangeSettings
from redimento.text.encoding import NotTextError

_SHORT_FILE = 10  # lines; for a shorter file a percentage is meaningless


@dataclass(frozen=True)
class Measured:
    """A changed file with its line counts. `lines_before`: 0 for a new file."""

    file: FileChange
    added: tuple[Added, ...]
    deleted: int
    lines_before: int
    binary: bool


def measure(file: FileChange, moved: Container[bytes | None] = ()) -> Measured:
    """Compare a file before and after, line by line. Binary content counts as no lines.

    `moved`: contents removed from other paths; a file that receives one of them adds nothing.
    """
    if file.after is not None and file.after in moved:
        return Measured(file, (), 0, 0, binary=False)
    before, after = _text(file, file.before), _text(file, file.after)
    added, deleted = changed_lines(before or "", after or "")
    return Measured(file, added, deleted, _count(before or ""), binary=after is None)


def _text(file: FileChange, content: bytes | None) -> str | None:
    if content is None:
        return ""
    try:
        return decode(content, file.path, file.encoding).text
    except NotTextError:
        return None


def _count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n")) if text else 0


def over_limits(files: Sequence[Measured], settings: ChangeSettings) -> Iterator[Refusal]:
    """Yield a refusal for each limit that the whole change exceeds."""
    figures = (
        ("max_files", "touches", len(files), "files", settings.max_files),
        ("max_added_lines", "adds", sum(len(file.added) for file in files), "lines", settings.max_added_lines),
        ("max_deleted_lines", "deletes", sum(file.deleted for file in files), "lines", settings.max_deleted_lines),
    )
    for setting, does, figure, unit, limit in figures:
        if figure > limit:
            yield Refusal(
                "",
                f"The change {does} {figure} {unit}, more than change.{setting} ({limit}) allows: do only what the work item needs.",
            )


def file_over_limits(measured: Measured, settings: ChangeSettings) -> Iterator[Refusal]:
    """Yield a refusal for each limit that one file exceeds."""
    path, after = measured.file.path, measured.file.after
    if after is None:
        return
    if len(after) > settings.max_file_bytes:
        yield Refusal(
            path,
            f"{path} would be {len(after)} bytes long, more than change.max_file_bytes ({settings.max_file_bytes}) allows.",
        )
    if measured.binary:
        yield Refusal(path, f"{path} would be binary: a change may only write text.")
    left = measured.lines_before - measured.deleted + len(measured.added)
    if measured.lines_before < _SHORT_FILE:
        return
    shrink = 100 * (measured.lines_before - left) // measured.lines_before
    if shrink > settings.max_shrink_percent:
        yield Refusal(
            path,
            f"{path} would shrink by {shrink} %, from {measured.lines_before} lines to {left}, more than "
            f"change.max_shrink_percent ({settings.max_shrink_percent}) allows: keep what the work item does not ask to remove.",
        )
