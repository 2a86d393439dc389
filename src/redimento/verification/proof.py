"""Fail-to-pass: what the tests that a change adds or alters say of the old source, and whether they run the new one."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from redimento.change.edit import Change, FileChange
from redimento.events import Note
from redimento.sandbox.bench import Workbench
from redimento.text.wording import Sentence
from redimento.verification.altered_tests import altered_tests, may_stand_in
from redimento.verification.assertions import ending_on_old_source, existing_source, is_assertion
from redimento.verification.checks import run_tests
from redimento.verification.evidence import CheckResult, Checks, Ending, Proof, TestResult, Verdict
from redimento.verification.hunks import hunks_of, without
from redimento.verification.old_judge import Substitute
from redimento.verification.roles import Roles
from redimento.verification.runners import is_test_runner
from redimento.verification.syntax import bytes_of
from redimento.verification.variants import decoy, hollow, other_text

_SECONDS = 600.0  # for everything beyond the one run on the old source
_MOST_HUNKS = 12

# Looking into a function instead of calling it.
_LOOKS_INSIDE = re.compile(rb"\b__code__\b|\bgetsource(?:lines|file)?\b|\bco_(?:code|consts|names|varnames|freevars)\b")
# Why a test proves nothing, as names of sentences.
_READS = "reads_the_source"
_WAVERS = "does_not_end_the_same"
_NOT_RUN = "not_run_in_another_form"  # a linter of the same check minds our form before the tests run


@dataclass(frozen=True)
class _Trial:
    """The tests of one check that a change adds or alters; none: the check speaks as a whole."""

    result: CheckResult
    tests: tuple[TestResult, ...]

    @property
    def names(self) -> list[str]:
        return [test.id for test in self.tests] or [self.result.name]


@dataclass(frozen=True)
class _Court:
    """What every run for proof needs. `latest`: when to stop beginning further ones, on the monotonic clock."""

    bench: Workbench
    change: Change
    source: tuple[FileChange, ...]
    substitute: Substitute
    latest: float = field(default_factory=lambda: time.monotonic() + _SECONDS)

    @property
    def in_time(self) -> bool:
        return self.bench.tape.in_time(self.latest)


def prove(
    bench: Workbench,
    change: Change,
    before: Checks,
    after: Checks,
    *,
    roles: Roles,
    failed_old_forms: Collection[str],
    substitute: Substitute,
) -> tuple[list[Proof], list[str]]:
    """Return a proof for every test that the change adds or alters, as far as a check runs it.

    And the places in the source that no test of the change notices.

    In a compiled language a new test that uses new names cannot be built with the old source: "error", which proves less
    than "failed". `failed_old_forms`: tests that proved nothing but that they were rewritten.
    """
    files = [file for file in change.files if file.path in roles.tests and file.after is not None]
    source = tuple(file for file in change.files if file.path in {*roles.source, *roles.loose, *roles.texts})
    court = _Court(bench, change, source, substitute)
    proofs: list[Proof] = []
    trials = _trials(files, before, after)
    for trial in trials:
        bench.emit(Note(Sentence("proof_on_old_source", check=trial.result.name)))
        found = _first_proofs(court, trial)
        doubts = dict.fromkeys(failed_old_forms, "old_form_fails")
        suspects = [proof.test for proof in found if proof.proves and proof.test not in doubts]
        doubts |= _cross_examined(court, trial, suspects)
        proofs += [replace(one, doubt=Sentence(doubts[one.test])) if one.test in doubts else one for one in found]
    return proofs, _unnoticed(court, trials, proofs)


def share_passing(bench: Workbench, change: Change, verdict: Verdict) -> float | None:
    """Return the share of the tests of another change that pass with `change`, which is in the tree with those tests.

    `verdict`: of the other change. Only its tests that pass with it beyond doubt count; None if there are none.
    """
    believed = {proof.test for proof in verdict.proofs if proof.after == "passed" and not proof.doubt}
    passed: list[bool] = []
    for result in verdict.after.results:
        tests = tuple(test for test in result.tests if test.id in believed)
        if tests or (result.name in believed and not result.tests):
            again = run_tests(bench, result.name, tests, changed=change.paths)
            passed += [ending == "passed" for ending in _endings(_Trial(result, tests), again).values()]
    return sum(passed) / len(passed) if passed else None


def _trials(files: Sequence[FileChange], before: Checks, after: Checks) -> list[_Trial]:
    if not files:
        return []
    known = {result.name: frozenset(test.id for test in result.tests) for result in before.results}
    trials = [
        _Trial(result, tuple(altered_tests(files, result.tests, known.get(result.name, frozenset()))))
        for result in after.results
    ]
    by_test = [trial for trial in trials if trial.tests]
    # Without a report only the check as a whole can speak, and only when it passed on the untouched tree.
    passing = {result.name for result in before.results if result.ok and not result.skipped}
    return by_test or [
        _Trial(result, ())
        for result in after.results
        if result.name in passing and not result.skipped and not result.tests and is_test_runner(result.command)
    ]


def _first_proofs(court: _Court, trial: _Trial) -> list[Proof]:
    """Run the tests on the old source."""
    endings = _endings(trial, trial.result)
    before = endings  # if nothing but tests changed: the source of before is the source of now
    if court.source:
        old = _run(court, trial, {file.path: file.before for file in court.source})
        is_source = existing_source(court.bench.kept.files)
        # A file that cannot be imported or compiled reports no test: the run fails, and the test is absent.
        before = dict.fromkeys(endings, "absent" if old.ok else "error")
        found = {test.id: ending_on_old_source(test, is_source) for test in old.tests if test.id in endings}
        before |= found if trial.tests else _endings(trial, old)
    return [Proof(name, before[name], ending) for name, ending in endings.items()]


def _run(court: _Court, trial: _Trial, contents: Mapping[str, bytes | None]) -> CheckResult:
    """Run the tests of a trial with other contents of some files."""
    with court.substitute(contents):
        return run_tests(court.bench, trial.result.name, trial.tests, changed=court.change.paths)


def _cross_examined(court: _Court, trial: _Trial, suspects: Sequence[str]) -> dict[str, str]:
    """Try the tests that seem to prove something on other forms of the source; return why some prove nothing."""
    if not any(hunks_of(file) for file in court.source):
        return dict.fromkeys(suspects, "no_code_changed")
    inside = [file.path for file in court.change.files if _LOOKS_INSIDE.search(file.after or b"")]
    peeping = [test.id for test in trial.tests if any(may_stand_in(path, test) for path in inside)]
    doubts = {test: _READS for test in suspects if test in peeping}
    for number, examine in enumerate((_decoy_doubts, _second_look_doubts, _hollow_doubts), start=2):
        trusted = [test for test in suspects if test not in doubts]
        if trusted:
            court.bench.emit(Note(Sentence("proof_on_other_form", number=number, check=trial.result.name)))
            doubts |= examine(court, trial, trusted) if court.in_time else dict.fromkeys(trusted, "no_time_to_try")
    return doubts


def _decoy_doubts(court: _Court, trial: _Trial, tests: Sequence[str]) -> dict[str, str]:
    decoys = {file.path: bytes_of(text) for file in court.source if (text := decoy(file))}
    if not decoys:
        return {}
    contents = {file.path: file.before for file in court.source} | decoys
    return dict.fromkeys(_passing(court, trial, contents, tests), _READS)


def _second_look_doubts(court: _Court, trial: _Trial, tests: Sequence[str]) -> dict[str, str]:
    contents = {file.path: bytes_of(text) for file in court.source if (text := other_text(file)) is not None}
    result = _run(court, trial, contents)
    if trial.tests and contents and not result.tests:
        return dict.fromkeys(tests, _NOT_RUN)
    unsteady = set(tests) - set(_passed(trial, result, tests))
    again = _passing(court, trial, {}, tests) if unsteady and contents else []
    return {test: _READS if test in again else _WAVERS for test in unsteady}


def _hollow_doubts(court: _Court, trial: _Trial, tests: Sequence[str]) -> dict[str, str]:
    contents = {file.path: bytes_of(text) for file in court.source if (text := hollow(file)) is not None}
    return dict.fromkeys(_passing(court, trial, contents, tests), "runs_none_of_it") if contents else {}


def _passing(court: _Court, trial: _Trial, contents: Mapping[str, bytes | None], tests: Sequence[str]) -> list[str]:
    return _passed(trial, _run(court, trial, contents), tests)


def _passed(trial: _Trial, result: CheckResult, tests: Sequence[str]) -> list[str]:
    endings = _endings(trial, result)
    return [test for test in tests if endings[test] == "passed"]


def _unnoticed(court: _Court, trials: Sequence[_Trial], proofs: Sequence[Proof]) -> list[str]:
    """Take each hunk of the source back alone; return the places of those that no test of the change notices."""
    hunks = [
        (file, hunk)
        for file in court.source
        for hunk in hunks_of(file)
        if file.before is not None and file.after is not None
    ]
    passing = [proof.test for proof in proofs if proof.after == "passed"]
    if not hunks or not passing:
        return []
    if len(hunks) == 1:  # the run on the old source has shown it
        return [] if any(proof.before != "passed" for proof in proofs) else [hunks[0][1].where]
    found = []
    for number, (file, hunk) in enumerate(hunks[:_MOST_HUNKS], start=1):
        if not court.in_time:
            break
        many = min(len(hunks), _MOST_HUNKS)
        court.bench.emit(Note(Sentence("proof_without_hunk", number=number, many=many, where=hunk.where)))
        contents = {file.path: bytes_of(without(file, (hunk,)))}
        tried = ((trial, [test for test in passing if test in trial.names]) for trial in trials)
        if all(len(_passing(court, trial, contents, mine)) == len(mine) for trial, mine in tried):
            found.append(hunk.where)
    return found


def _endings(trial: _Trial, result: CheckResult) -> dict[str, Ending]:
    """Return how each test of a trial, or the check as a whole, ended in a run."""
    if not trial.tests:
        asserted = not result.reason and is_assertion(result.output)
        return {trial.result.name: "passed" if result.ok else "failed" if asserted else "error"}
    found: dict[str, Ending] = {test.id: test.outcome for test in result.tests}
    return {name: found.get(name, "absent") for name in trial.names}
