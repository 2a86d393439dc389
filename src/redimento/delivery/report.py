"""Everything the texts say about a finished attempt, as one value."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from redimento.change.edit import Change, Dependency, FileChange
from redimento.change.guards.line_diff import changed_lines
from redimento.change.guards.steering import SteeringFile
from redimento.delivery.criteria import CriterionEvidence, NamedTest
from redimento.text import wording
from redimento.text.wording import Sentence, say
from redimento.verification.comparison import failures_of
from redimento.verification.evidence import CheckResult, Checks, Failure, FailureKind, Proof, Verdict
from redimento.verification.test_names import same_test
from redimento.work_items.item import WorkItem


@dataclass(frozen=True)
class FileLine:
    """One changed file with its counts of added and removed lines."""

    path: str
    added: int
    removed: int
    what: str  # added, deleted, changed; how else a file was added


CheckStanding = Literal["passes", "fails", "lost tests", "flaky", "fails as before", "not needed"]


@dataclass(frozen=True)
class CheckLine:
    """One check before and after, in words, and what that says of the change."""

    name: str
    required: bool
    before: str
    after: str
    standing: CheckStanding


@dataclass(frozen=True)
class Report:
    """The content of the pull request, the comment, the summary and the page."""

    item: WorkItem
    summary: str
    criteria: tuple[CriterionEvidence, ...]
    verdict: Verdict | None
    further_proofs: tuple[Proof, ...]  # of tests that no criterion names
    files: tuple[FileLine, ...]
    new_dependencies: tuple[Dependency, ...]
    checks: tuple[CheckLine, ...]
    draft_reasons: tuple[str, ...]
    rounds: int
    model: str
    tokens: int
    usd: float
    run_url: str
    documentation: str = ""
    build_instructions: str = ""
    questions: tuple[str, ...] = ()
    candidate: int = 1  # the number of this one among all `candidates`
    candidates: int = 1
    steering: tuple[SteeringFile, ...] = ()
    estimated_usd: float = 0.0  # the part of `usd` that nobody counted
    reproduction: tuple[Proof, ...] = ()  # of the tests that showed the fault before the change was written
    rewritten: tuple[str, ...] = ()  # those of them that passed until the change gave them another expectation
    notes: tuple[str, ...] = ()  # what people changed meanwhile
    language: str = "en"  # of the team, one of `wording.LANGUAGES`

    @property
    def words(self) -> tuple[str, ...]:
        """What the model says itself, each part to be quoted."""
        questions = "\n".join(f"- {' '.join(question.split())}" for question in self.questions)
        notes = "\n".join(f"- {one.id}: {' '.join(one.note.split())}" for one in self.criteria if one.note.strip())
        titled = (
            ("on_the_criteria", notes),
            ("questions", questions),
            ("to_build", self.build_instructions),
            ("notes", self.documentation),
        )
        return (self.summary, *(f"{say(title, self.language)}:\n{text}" for title, text in titled if text.strip()))

    @property
    def old_judge(self) -> Sentence | None:
        """What the tests as they were say of the new source; None if they did not run apart."""
        return old_judge_sentence(self.verdict) if self.verdict and self.verdict.old_judge else None

    def failures(self, kind: FailureKind) -> tuple[Failure, ...]:
        """Return what counts against the change, of one kind."""
        return tuple(failure for failure in self.verdict.new_failures if failure.kind == kind) if self.verdict else ()


def proofs_of(tests: Collection[str], verdict: Verdict | None) -> tuple[Proof, ...]:
    """Return the proofs of the tests with these ids."""
    return tuple(proof for proof in verdict.proofs if proof.test in tests) if verdict else ()


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
    return FileLine(file.path, len(added), len(removed), _what(file))


def _what(file: FileChange) -> Sentence:
    if file.before is None:
        return Sentence("file_added", excepted=file.excepted)
    return Sentence("file_deleted" if file.after is None else "file_changed")


def check_lines(verdict: Verdict) -> tuple[CheckLine, ...]:
    """Return a line for each configured check, in order."""
    before = {result.name: result for result in verdict.before.results}
    broken: dict[str, set[str]] = {}
    for failure in verdict.new_failures:
        broken.setdefault(failure.check, set()).add(failure.kind)
    flaky = {failure.check for failure in verdict.flaky}
    return tuple(
        CheckLine(
            result.name,
            result.required,
            in_words(before.get(result.name)),
            in_words(result),
            _standing(result, broken.get(result.name, set()), flaky),
        )
        for result in verdict.after.results
    )


def _standing(result: CheckResult, kinds: Collection[str], flaky: Collection[str]) -> CheckStanding:
    if result.skipped:
        return "not needed"
    if "fails" in kinds or "judge" in kinds:
        return "fails"
    if "missing" in kinds:
        return "lost tests"
    if not failures_of(result):
        return "passes"
    return "flaky" if result.name in flaky else "fails as before"


def old_judge_sentence(verdict: Verdict) -> Sentence:
    """Say how the tests as they were end on the new source: how many pass, and which do not."""
    results = [result for result in (verdict.old_judge or Checks()).results if not result.skipped]
    tests = [test for result in results for test in result.tests]
    known = {test.id for result in verdict.before.results for test in result.tests if test.fails}
    return Sentence(
        "old_judge",
        tests=len(tests),
        passing=sum(test.outcome == "passed" for test in tests),
        as_before=sum(test.fails and test.id in known for test in tests),
        skipped=sum(test.outcome == "skipped" for test in tests),
        failing=[test.id for test in tests if test.fails and test.id not in known],
        checks=[
            Sentence("check_ended", check=result.name, how=in_words(result)) for result in results if not result.tests
        ],
    )


def history(test: NamedTest | Proof) -> Sentence:
    """Say how a test ended on the old source and on the new one, and why it proves nothing if it does not."""
    changed = isinstance(test, Proof) or test.changed
    return Sentence("history", before=test.before, after=test.after, doubt=test.doubt, changed=changed)


def in_words(result: CheckResult | None) -> Sentence:
    """Return how a command ended, in a few words; test counts if it reported tests."""
    if result is None:
        return Sentence("not_run")
    if result.skipped:
        return Sentence("not_needed")
    if result.reason:
        return Sentence("ended_for_a_reason", reason=result.reason)
    if not result.tests:
        return Sentence("ended", exit_code=result.exit_code)
    count = {name: sum(test.outcome == name for test in result.tests) for name in ("passed", "failed", "error")}
    explained = result.exit_code == 0 or count["failed"] or count["error"]
    return Sentence(
        "tests_ended",
        passed=count["passed"],
        failed=count["failed"],
        errors=count["error"],
        exit_code=0 if explained else result.exit_code,
    )


wording.add_filter("history", history)
