"""What running the team's commands showed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from redimento.text.wording import Sentence

Outcome = Literal["passed", "failed", "error", "skipped"]
Ending = Literal["failed", "passed", "error", "skipped", "absent"]

# fails      a test fails, or a check as a whole
# missing    a test that passed before is absent or skipped
# rewritten  a test that passed before fails in its old form on the new source, and the answer does not name it
# steering   the change edits a file that decides how the checks run
# judge      the checks cannot be believed: a report breaks off, a test that must fail passes, a run left traces
FailureKind = Literal["fails", "missing", "rewritten", "steering", "judge"]


@dataclass(frozen=True)
class TestResult:
    """One test of a report. `id` is stable over runs: suite or class, and name, joined by "::".

    Reports may use one id for several tests: `copies` counts them, `failing` those that failed, and `outcome` is the
    worst of them.
    """

    __test__ = False  # a name that pytest would otherwise collect

    id: str
    outcome: Outcome
    seconds: float = 0.0
    message: str = ""
    file: str = ""
    copies: int = 1
    failing: int = 0

    @property
    def fails(self) -> bool:
        return self.outcome in {"failed", "error"}


@dataclass(frozen=True)
class CheckResult:
    """One command, run once. `reason` names an unusual end (deadline, output cap, not found), else ""."""

    name: str
    command: str
    required: bool
    exit_code: int | None  # None: it did not end by itself
    seconds: float
    output: str  # neutralised, head and tail only
    tests: tuple[TestResult, ...] = ()
    reason: str = ""
    skipped: bool = False  # none of its paths changed
    report_problems: tuple[str, ...] = ()  # a report that breaks off or cannot be decoded: its tests are not complete
    canary: Ending = "absent"  # how the test of the harness ended that has to fail
    damage: tuple[str, ...] = ()  # what it did to files of git, which were restored
    remarks: tuple[str, ...] = ()  # finished sentences for log and pull request: no report found, traces left behind

    @property
    def ok(self) -> bool:
        return self.skipped or (self.exit_code == 0 and not self.reason)

    @property
    def speaks(self) -> bool:
        """Return whether the check ran and something in it passed."""
        return not self.skipped and (self.ok or any(test.outcome == "passed" for test in self.tests))


@dataclass(frozen=True)
class Checks:
    """All commands, run once on one state of the tree. `isolation`: sentences on what they could reach. `setup`: that it failed."""

    results: tuple[CheckResult, ...] = ()
    isolation: str = ""
    setup: str = ""

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.results if result.required)

    def of(self, name: str) -> CheckResult | None:
        """Return the result of the check called `name`, None when it did not run."""
        return next((result for result in self.results if result.name == name and not result.skipped), None)


@dataclass(frozen=True)
class Failure:
    """Something that counts against the change: a test, or the check itself where it names no tests (`test` empty).

    Of kind "steering", `test` is the path of the file. `message` is what the test or the check printed, `remark` what
    there is to say of it beside that.
    """

    check: str
    test: str
    message: str
    required: bool = True
    kind: FailureKind = "fails"
    remark: str = ""

    @property
    def told(self) -> str:
        """Remark and message."""
        return f"{self.remark}\n{self.message}".strip()

    @property
    def name(self) -> str:
        """The test, or the check where it names no tests."""
        return self.test or self.check


@dataclass(frozen=True)
class ChangedTest:
    """An existing test that the work item makes wrong, as the answer names it: why, and the criterion that asks for it.

    `criterion` 0: the work item has none, its description asks for it.
    """

    test: str
    why: str
    criterion: int = 0


@dataclass(frozen=True)
class Proof:
    """A test that the change adds or alters: how it ended on the old source and on the new one.

    "failed" is an assertion's word, or an exception raised inside source that existed before; every other trouble
    (import, compilation, a fixture) is "error". `test` is the name of the check where it names no tests. `doubt`: why
    the test proves nothing although it failed before and passes now.
    """

    test: str
    before: Ending
    after: Ending
    doubt: str = ""

    @property
    def proves(self) -> bool:
        return self.before == "failed" and self.after == "passed" and not self.doubt


@dataclass(frozen=True)
class Verdict:
    """A change judged: what it broke, what was broken before, what it proves.

    `old_judge`: the checks with the tests and test settings as they were, on the new source; None when the change
    brings neither. `forbidden`: behaviour that old tests forbade, which the answer names with a criterion. `harmless`:
    rewritten tests whose old form passes on the new source. `moved`: tests under a new name, old → new. `unnoticed`:
    places in the source, `path:line`, that can be taken back without any test of the change failing.
    """

    before: Checks
    after: Checks
    new_failures: tuple[Failure, ...] = ()
    known_failures: tuple[Failure, ...] = ()
    flaky: tuple[Failure, ...] = ()
    fixed: tuple[Failure, ...] = ()
    proofs: tuple[Proof, ...] = ()
    old_judge: Checks | None = None
    forbidden: tuple[ChangedTest, ...] = ()
    harmless: tuple[str, ...] = ()
    moved: tuple[tuple[str, str], ...] = ()
    unnoticed: tuple[str, ...] = ()

    @property
    def verified(self) -> bool:
        """True when at least one required check has something to say for the change and nothing required is against it.

        A check that fails as a whole, before and after, sees nothing of the change.
        """
        speaks = any(result.required and result.speaks for result in self.after.results)
        return speaks and not any(failure.required for failure in self.new_failures)

    def remarks(self) -> Iterator[str]:
        """Yield what a reader should know of the checks beside their results, each sentence once."""
        if self.before.setup:
            yield self.before.setup
        unneeded = {result.name for result in self.after.results if result.skipped}
        runs = (self.before, self.after) if self.old_judge is None else (self.before, self.after, self.old_judge)
        results = (result for run in runs for result in run.results if result.name not in unneeded)
        yield from dict.fromkeys(
            Sentence("about_check", check=result.name, said=sentence)
            for result in results
            for sentence in (*result.remarks, *result.report_problems)
        )
