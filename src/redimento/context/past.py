"""What past commits say about files, if the clone has them: the words of subjects, and what changed together."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

from redimento.context.cache import replace_file
from redimento.context.clues import Clues
from redimento.context.signals import Signal, bm25, rarities, scaled
from redimento.context.survey import File
from redimento.context.tree import PastCommit, Tree

_COMMITS: Final = 3000  # ten thousand take git four times as long and rank no better
_WIDE: Final = 40  # paths: a commit that changes more is a renaming or a new licence and says nothing about them
_TOGETHER: Final = 20  # paths: likewise for what changes together
_KEPT: Final = "history-1.json"
_UNSURE: Final = 5  # commits: discounts pairs that are seen only once or twice


def past_commits(tree: Tree, cache: Path | None = None) -> Sequence[PastCommit]:
    """Return the commits before the one that `tree` shows, newest first. With a cache, git runs once per commit."""
    file = cache / _KEPT if cache and tree.commit else None
    known = _kept(file, tree.commit) if file else None
    if known is not None:
        return known
    found = tree.history(_COMMITS)
    if file and found:
        plain = [[one.subject, one.paths] for one in found]
        replace_file(file, json.dumps({"commit": tree.commit, "commits": plain}).encode())
    return found


def _kept(file: Path, commit: str) -> Sequence[PastCommit] | None:
    try:
        kept = json.loads(file.read_bytes())
        if kept["commit"] != commit:
            return None
        return [PastCommit(str(subject), tuple(map(str, paths))) for subject, paths in kept["commits"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):  # absent, broken, or in another format
        return None


def past_signals(
    commits: Sequence[PastCommit], files: Sequence[File], clues: Clues, *, place: Signal, text: Signal
) -> tuple[dict[str, Signal], dict[str, str]]:
    """Return the signals of the history, one number per file, and the path of the candidate that each changes with.

    `place` and `text` are the signals of these names.
    """
    likely = [0.6 * best + 0.4 * whole for best, whole in zip(place, text, strict=True)]
    numbers = {file.path: number for number, file in enumerate(files)}
    subjects: list[Counter[str]] = [Counter() for _ in files]
    lengths = [0] * len(files)
    beside: defaultdict[int, Counter[int]] = defaultdict(Counter)
    changed = [0] * len(files)
    said: list[Collection[str]] = []
    for commit in commits:
        found, length = clues.wanted.in_text(commit.subject)
        terms = dict.fromkeys(found)  # in order: sums of floats depend on it
        said.append(terms)
        here = [numbers[path] for path in commit.paths if path in numbers]
        if len(commit.paths) <= _WIDE:
            for number in here:
                lengths[number] += length
                for term in terms:
                    subjects[number][term] += 1
        if len(commit.paths) <= _TOGETHER:
            for number in here:
                changed[number] += 1
                beside[number].update(other for other in here if other != number)
    together = [
        max(
            ((likely[other] * count / (_UNSURE + changed[other]), other) for other, count in beside[number].items()),
            default=(0.0, number),
        )
        for number in range(len(files))
    ]
    signals = {
        "message": scaled(bm25(subjects, lengths, clues.terms, rarities(said, len(said)))),
        "together": scaled([value for value, _ in together]),
    }
    return signals, {file.path: files[other].path for file, (_, other) in zip(files, together, strict=True)}
