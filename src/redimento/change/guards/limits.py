"""Limits on a change: files, lines, shrinkage, size, and text only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from redimento.change.document import decode
from redimento.change.edit import FileChange, Refusal
from redimento.change.guards.line_diff import Added, changed_lines
from redimento.settings import ChangeSettings
from redimento.text.encoding import NotTextError

_FEWEST_LETTERS = 4  # of a line that can be told from others
_SHORT_FILE = 10  # lines; for a shorter file a percentage is meaningless


@dataclass(frozen=True)
class Measured:
    """A changed file with its texts (None: absent, or not text) and line counts.

    `moved`: of the deleted lines, those that another file of the change adds.
    """

    file: FileChange
    before: str | None
    after: str | None
    added: tuple[Added, ...]
    deleted: int
    binary: bool
    moved: int


def measure(files: Sequence[FileChange]) -> list[Measured]:
    """Compare each file before and after, line by line. Binary content counts as no lines.

    A file that receives the whole content of a removed one adds nothing.
    """
    texts = [(_text(file, file.before), _text(file, file.after)) for file in files]
    compared = [changed_lines(before or "", after or "") for before, after in texts]
    moved = _moved(compared)
    removed = {file.before for file in files if file.after is None}
    return [
        Measured(
            file,
            before,
            after,
            () if file.after in removed else added,
            len(deleted),
            binary=after is None and file.after is not None and file.after not in removed,
            moved=moved[number],
        )
        for number, (file, (before, after), (added, deleted)) in enumerate(zip(files, texts, compared, strict=True))
    ]


def _moved(compared: Sequence[tuple[Sequence[Added], Sequence[str]]]) -> list[int]:
    """Count the deleted lines of each file that another one adds, whatever their indentation.

    An added line stands for one deleted line, and a brace or a blank line for none.
    """
    free: dict[str, Counter[int]] = {}
    for number, (added, _) in enumerate(compared):
        for one in added:
            free.setdefault(one.text.strip(), Counter())[number] += 1
    moved = [0] * len(compared)
    for number, (_, deleted) in enumerate(compared):
        for line in map(str.strip, deleted):
            places = free.get(line, Counter())
            other = next((place for place in places if place != number), None)
            if other is None or sum(map(str.isalnum, line)) < _FEWEST_LETTERS:
                continue
            moved[number] += 1
            places[other] -= 1
            if not places[other]:
                del places[other]
    return moved


def _text(file: FileChange, content: bytes | None) -> str | None:
    try:
        return None if content is None else decode(content, file.path, file.encoding).text
    except NotTextError:
        return None


def _count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n")) if text else 0


def over_limits(files: Sequence[Measured], settings: ChangeSettings) -> Iterator[Refusal]:
    """Yield a refusal for each limit that the whole change exceeds."""
    added = sum(len(file.added) for file in files)
    deleted = sum(file.deleted - file.moved for file in files)
    for setting, does, figure, unit in (
        ("max_files", "touches", len(files), "files"),
        ("max_added_lines", "adds", added, "lines"),
        ("max_deleted_lines", "deletes", deleted, "lines"),
    ):
        if figure > (limit := getattr(settings, setting)):
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
    had = _count(measured.before or "")
    left = had - measured.deleted + measured.moved + len(measured.added)
    if had < _SHORT_FILE:
        return
    shrink = 100 * (had - left) // had
    if shrink > settings.max_shrink_percent:
        yield Refusal(
            path,
            f"{path} would shrink by {shrink} %, from {had} lines to {left}, more than "
            f"change.max_shrink_percent ({settings.max_shrink_percent}) allows: keep what the work item does not ask to remove.",
        )
