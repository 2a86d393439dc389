"""Choose among candidates: every candidate's new tests run on every other candidate."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from redimento.change import writer
from redimento.change.edit import Change
from redimento.run.attempt import Attempt, rank
from redimento.sandbox.bench import Workbench
from redimento.verification.proof import passing_elsewhere
from redimento.verification.roles import is_test_path


def best_first(made: Sequence[Attempt], bench: Workbench, root: Path, journal: Path) -> list[Attempt]:
    """Return the attempts, the best first: nothing required fails, all new tests prove, the others' tests pass.

    The sort is stable: among equals the earliest wins. `root` is the bench's tree, which is put back.
    """
    with_change = [attempt for attempt in made if attempt.change.files]
    passing = {attempt.number: 0 for attempt in made}
    if len(with_change) > 1:
        try:
            passing |= {one.number: _passing(one, with_change, bench, root, journal) for one in with_change}
        finally:
            writer.recover(root, journal)

    def key(attempt: Attempt) -> tuple[object, ...]:
        required, new, proofs, size = rank(attempt)
        conclusive = is_conclusive(attempt)
        return not attempt.change.files, not conclusive, required, new, -passing[attempt.number], proofs, size

    return sorted(made, key=key)


def is_conclusive(attempt: Attempt) -> bool:
    """Return whether no other candidate is needed: all checks pass, and every new test proves something."""
    verdict = attempt.verdict
    return verdict is not None and verdict.verified and all(proof.proves for proof in verdict.proofs)


def _passing(one: Attempt, made: Sequence[Attempt], bench: Workbench, root: Path, journal: Path) -> int:
    """Return how many of the tests that prove something of the other candidates pass with the change of `one`."""
    count = 0
    for other in made:
        taken = set(one.change.paths)
        tests = [file for file in other.change.files if is_test_path(file.path) and file.path not in taken]
        if other is one or other.verdict is None or not tests:
            continue
        change = Change(tuple(sorted((*one.change.files, *tests), key=lambda file: file.path)))
        writer.write(root, change, journal)
        count += passing_elsewhere(bench, change, other.verdict)
    return count
