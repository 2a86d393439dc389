"""Everything the texts say about a finished attempt, as one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from redimento.change.edit import Change, FileChange
from redimento.change.guards.line_diff import changed_lines
from redimento.delivery.criteria import CriterionEvidence, same_test
from redimento.verification.comparison import failures_of
from redimento.verification.evidence import CheckResult, Proof, Verdict
from redimento.work_items.item import WorkItem


@dataclass(frozen=True)
class FileLine:
    """One changed file with its counts of added and removed lines."""

    path: str
    added: int
    removed: int
    what: str  # added, deleted, changed


@dataclass(frozen=True)
class CheckLine:
    """One check before and after, in words. `ok`: nothing fails in it; `broken`: something fails since this change."""

    name: str
    required: bool
    before: str
    after: str
    ok: bool
    broken: bool = False


@dataclass(frozen=True)
class Report:
    """The content of the pull request, the comment, the summary and the page."""

    item: WorkItem
    summary: str
    criteria: tuple[CriterionEvidence, ...]
    verdict: Verdict | None
    further_proofs: tuple[Proof, ...]  # of tests that no criterion names
    files: tuple[FileLine, ...]
    new_dependencies: tuple[str, ...]
    checks: tuple[CheckLine, ...]
    draft_reasons: tuple[str, ...]
    rounds: int
    model: str
    tokens: int
    usd: float
    run_url: str
    documentation: str = ""
    build_instructions: str = ""
    candidate: int = 1  # the number of this one among all `candidates`
    candidates: int = 1


def further_proofs(criteria: Sequence[CriterionEvidence], verdict: Verdict | None) -> tuple[Proof, ...]:
    """Return the proofs of tests that no criterion names."""
    named = [test.name for criterion in criteria for test in criterion.tests]
    proofs = verdict.proofs if verdict else ()
    return tuple(proof for proof in proofs if not any(same_test(name, proof.test) for name in named))


def file_lines(change: Change) -> tuple[FileLine, ...]:
    return tuple(_file_line(file) for file in change.files)


def _file_line(file: FileChange) -> FileLine:
    # Latin-1 keeps every byte apart, so files in any encoding are counted.
    before, after = ((content or b"").decode("latin-1") for content in (file.before, file.after))
    added, removed = changed_lines(before, after)
    what = "added" if file.before is None else "deleted" if file.after is None else "changed"
    return FileLine(file.path, len(added), removed, what)


def check_lines(verdict: Verdict) -> tuple[CheckLine, ...]:
    """Return a line for each configured check, in order."""
    before = {result.name: result for result in verdict.before.results}
    broken = {failure.check for failure in verdict.new_failures}
    return tuple(
        CheckLine(
            result.name,
            result.required,
            in_words(before.get(result.name)),
            in_words(result),
            ok=not failures_of(result),
            broken=result.name in broken,
        )
        for result in verdict.after.results
    )


def in_words(result: CheckResult | None) -> str:
    """Return how a command ended, in a few words; test counts if it reported tests."""
    if result is None:
        return "not run"
    if result.skipped:
        return "not needed"
    if result.reason:
        return result.reason
    if not result.tests:
        return "passed" if result.exit_code == 0 else f"failed, exit code {result.exit_code}"
    count = {name: sum(test.outcome == name for test in result.tests) for name in ("passed", "failed", "error")}
    parts = [
        f"{number} {name}{'s' if name == 'error' and number > 1 else ''}" for name, number in count.items() if number
    ]
    if result.exit_code != 0 and not (count["failed"] or count["error"]):
        parts.append(f"exit code {result.exit_code}")
    return ", ".join(parts) or "no test ran"
