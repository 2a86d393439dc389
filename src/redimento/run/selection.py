"""Choose among candidates by the matrix of all their tests on all of their sources."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from redimento.change import writer
from redimento.change.edit import Change, FileChange
from redimento.run.attempt import Attempt, rank
from redimento.sandbox.bench import Workbench
from redimento.verification.evidence import Verdict
from redimento.verification.proof import share_passing
from redimento.verification.roles import roles_of

_SECONDS = 900.0  # after which the tests of no further candidate are tried


def best_first(made: Sequence[Attempt], bench: Workbench, root: Path, journal: Path) -> list[Attempt]:
    """Return the attempts, the best first.

    Fewest required failures, then the most of all candidates' tests passed, then proofs, then size; among equals the
    earliest. Every candidate's tests count as much as any other's, however many they are. `root` is the bench's tree, which
    is put back.
    """
    with_change = [attempt for attempt in made if attempt.change.files]
    passed = {attempt.number: 0.0 for attempt in made}
    if len(with_change) > 1:
        try:
            for row in _matrix(with_change, bench, root, journal):
                for attempt, share in zip(with_change, row, strict=True):
                    passed[attempt.number] += share
        finally:
            writer.recover(root, journal)

    def key(attempt: Attempt) -> tuple[object, ...]:
        required, new, proofs, size = rank(attempt)
        return not attempt.change.files, required, not attempt.verified, -passed[attempt.number], proofs, new, size

    return sorted(made, key=key)


def _matrix(made: Sequence[Attempt], bench: Workbench, root: Path, journal: Path) -> Iterator[list[float]]:
    """Yield, for each candidate that has tests, the share of them that every candidate passes.

    A row counts only if it is complete: a candidate whose turn has not come must not lose by it.
    """
    latest = time.monotonic() + _SECONDS
    sides = [_sides(attempt.change, bench) for attempt in made]
    for author, (_, tests) in zip(made, sides, strict=True):
        row: list[float] = []
        for one, (source, _) in zip(made, sides, strict=True):
            if author.verdict is None or not tests or not bench.tape.in_time(latest):
                break
            share = 1.0 if one is author else _share((*source, *tests), author.verdict, bench, root, journal)
            if share is None:
                break
            row.append(share)
        if len(row) == len(made):
            yield row


def _sides(change: Change, bench: Workbench) -> tuple[list[FileChange], list[FileChange]]:
    """Split a change into its source and its tests."""
    tests = set(roles_of(change, bench.settings.commands, bench.kept.files).tests)
    source = [file for file in change.files if file.path not in tests]
    return source, [file for file in change.files if file.path in tests]


def _share(files: Sequence[FileChange], verdict: Verdict, bench: Workbench, root: Path, journal: Path) -> float | None:
    # The tests of the author replace those of the other candidate, also where both wrote the same file.
    change = Change(tuple(sorted(files, key=lambda file: file.path)))
    writer.write(root, change, journal)
    return share_passing(bench, change, verdict)
