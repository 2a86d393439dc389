"""What past commits did to a file, or to lines of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from redimento.context.past import past_commits
from redimento.context.spans import Span
from redimento.context.tokens import estimate
from redimento.context.tree import PastChange, texts
from redimento.exploration.excerpts import listed
from redimento.exploration.naming import LONGEST, echo, files_meant, folder_meant
from redimento.exploration.present import Present
from redimento.exploration.reading import divided, spans_of

_MOST: Final = 12  # commits
_DIFFERENCES: Final = 4_000  # tokens, of all commits
_LINES: Final = 60  # of one difference


def history(present: Present, target: str, cache: Path | None) -> str:
    """Return the subjects of the commits that changed a file, its lines or a folder, newest first; short differences."""
    if len(target) > LONGEST or "\0" in target:
        return "Write `path` or `path:first-last`."
    path, ranges = divided(target)
    files = files_meant(present, path)
    if len(files) > 1:
        return listed(f"{echo(path)} may be any of these files", files, _MOST)
    if not files:
        folder = folder_meant(present, path)
        if folder is None:
            return f"The repository has no file {echo(path)}."
        return _subjects(present, f"{folder}/" if folder else "", cache)
    committed = next((content for _, content in texts(present.tree, files)), None)
    if committed is None:
        return f"`{files[0]}` is not in the commit that the change starts from: it has no history."
    count = committed.removesuffix("\n").count("\n") + 1
    spans = [(first, min(last, count)) for first, last in spans_of(ranges, count) if 1 <= first <= min(last, count)]
    if ranges and not spans:
        return f"`{files[0]}` has {count} lines before the change; it does not have lines {ranges}."
    lines = spans[0] if spans else None
    changes = present.tree.changes(files[0], lines, _MOST)
    return _told(present, files[0], lines, changes) if changes else _subjects(present, files[0], cache)


def _told(present: Present, path: str, lines: Span | None, changes: Sequence[PastChange]) -> str:
    where = f"lines {lines[0]}-{lines[1]} of `{path}`" if lines else f"`{path}`"
    parts = [f"Commits that changed {where}, newest first:"]
    left = _DIFFERENCES
    for change in changes:
        parts.append(f"{change.date} {present.row(change.subject)}")
        rows = change.difference.split("\n")
        shown = "\n".join(map(present.row, rows[:_LINES]))
        left -= estimate(shown)
        if shown and left >= 0:
            parts.append(shown + (f"\n… {len(rows) - _LINES} further lines" if len(rows) > _LINES else ""))
    return "\n".join([*parts, *(["The older differences are left out."] if left < 0 else [])])


def _subjects(present: Present, start: str, cache: Path | None) -> str:
    """Return the subjects alone, of the commits that changed paths with this start: a folder with its slash, or a file."""
    is_folder = not start or start.endswith("/")
    commits = [
        commit
        for commit in past_commits(present.tree, cache)
        if any(path == start or (is_folder and path.startswith(start)) for path in commit.paths)
    ]
    if not commits:
        return f"This clone has no earlier commits that changed `{start or './'}`: it may hold only the newest ones."
    subjects = [present.row(commit.subject) for commit in commits[:_MOST]]
    return "\n".join([f"Commits that changed `{start or './'}`, newest first:", *subjects])
