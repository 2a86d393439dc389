"""Where the place of a review thread is in a later iteration of its pull request."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from devops_emulator.repos import git
from devops_emulator.store import Document

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@", re.MULTILINE)
_RIGHT = ("rightFileStart", "rightFileEnd")


def tracked(home: Path, pull: Document, thread: Document, iteration: int, base: int) -> Document:
    """Return a thread with its lines in the right file moved to `iteration`, and where they were (CommentTrackingCriteria)."""
    place, context = thread["threadContext"], thread["pullRequestThreadContext"] or {}
    made = (context.get("iterationContext") or {}).get("secondComparingIteration")
    moving = place and any(place.get(name) for name in _RIGHT)
    if not moving or not 1 <= iteration <= len(pull["iterations"]) or made in (None, iteration):
        return thread
    before, after = (pull["iterations"][number - 1]["source"] for number in (made, iteration))
    path = place["filePath"].lstrip("/")
    hunks = _HUNK.findall(git.text(home, "diff", "--unified=0", before, after, "--", path))
    moved = place | {
        name: place[name] | {"line": _moved(place[name]["line"], hunks)} for name in _RIGHT if place.get(name)
    }
    was = {f"orig{name[0].upper()}{name[1:]}": place[name] for name in _RIGHT if place.get(name)}
    criteria = {
        "firstComparingIteration": base,
        "secondComparingIteration": iteration,
        "origFilePath": place["filePath"],
    }
    return thread | {
        "threadContext": moved,
        "pullRequestThreadContext": context | {"trackingCriteria": criteria | was},
    }


def _moved(line: int, hunks: list[Any]) -> int:
    shift = 0
    for start, removed, new, added in ((int(a), int(b or 1), int(c), int(d or 1)) for a, b, c, d in hunks):
        if line < start or (removed == 0 and line <= start):
            break
        if line < start + removed:
            return max(new, 1)
        shift += added - removed
    return line + shift
