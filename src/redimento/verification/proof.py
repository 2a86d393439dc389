"""Fail-to-pass: what the tests that a change adds or alters say of the old source, and whether they run the new one."""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from redimento.change.edit import Change, FileChange
from redimento.sandbox.bench import Workbench
from redimento.text.wording import Sentence
from redimento.verification.altered_tests import altered_tests, may_stand_in
from redimento.verification.assertions import ending_on_old_source, existing_source, is_assertion
from redimento.verification.checks import run_alone
from redimento.verification.evidence import CheckResult, Checks, Ending, Proof, TestResult, Verdict
from redimento.verification.hunks import Hunk, hunks_of, without
from redimento.verification.old_judge import Substitute
from redimento.verification.roles import Roles
from redimento.verification.runners import is_test_runner, narrowed
from redimento.verification.variants import decoy, hollow, other_text

_SECONDS = 600.0  # for everything beyond the one run on the old source
_MOST_HUNKS = 12

# Looking into a function instead of calling it.
_LOOKS_INSIDE = re.compile(rb"\b__code__\b|\bgetsource(?:lines|file)?\b|\bco_(?:code|consts|names|varnames|freevars)\b")
# Why a test proves nothing, as names of sentences.
_READS = "reads_the_source"
_WAVERS = "does_not_end_the_same"
_RUNS_NOTHING = "runs_none_of_it"
_NO_CODE = "no_code_changed"
_OLD_FORM = "old_form_fails"
_NO_TIME = "no_time_to_try"


@dataclass(frozen=True)
class _Trial:
    """The tests of one check that a change adds or alters; none: the check speaks as a whole."""

    result: CheckResult
    tests: tuple[TestResult, ...]


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


@dataclass(frozen=True)
class Proven:
    """The proofs of a change, and the places in its source that no test of the change notices."""

    proofs: tuple[Proof, ...] = ()
    unnoticed: tuple[str, ...] = ()


def prove(
    bench: Workbench,
    change: Change,
    before: Checks,
    after: Checks,
    *,
    roles: Roles,
    failed_old_forms: Collection[str],
    substitute: Substitute,
) -> Proven:
    """Return a proof for every test that the change adds or alters, as far as a check runs it.

    In a compiled language a new test that uses new names cannot be built with the old source: "error", which proves less
    than "failed". `failed_old_forms`: tests that proved nothing but that they were rewritten.
    """
    files = [file for file in change.files if file.path in roles.tests and file.after is not None]
    source = tuple(file for file in change.files if file.path in {*roles.source, *roles.loose, *roles.texts})
    court = _Court(bench, change, source, substitute)
    proofs: list[Proof] = []
    trials = _trials(files, before, after)
    for trial in trials:
        found = _first_proofs(court, trial)
        found = [
            replace(proof, doubt=Sentence(_OLD_FORM)) if proof.test in failed_old_forms else proof for proof in found
        ]
        proofs += _cross_examined(court, trial, found)
    return Proven(tuple(proofs), _unnoticed(court, trials, proofs))


def share_passing(bench: Workbench, change: Change, verdict: Verdict) -> float | None:
    """Return the share of the tests of another change that pass with `change`, which is in the tree with those tests.

    `verdict`: of the other change. Only its tests that pass with it beyond doubt count; None if there are none.
    """
    believed = {proof.test for proof in verdict.proofs if proof.after == "passed" and not proof.doubt}
    passed: list[bool] = []
    for result in verdict.after.results:
        tests = [test for test in result.tests if test.id in believed]
        if tests or (result.name in believed and not result.tests):
            command = next(command for command in bench.settings.commands if command.name == result.name)
            chosen = narrowed(command.run, tests, bench.tree)
            again = run_alone(bench, replace(command, run=chosen or command.run), changed=change.paths)
            passed += [ending == "passed" for ending in _endings(again, tests).values()] if tests else [again.ok]
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
    endings = _endings(trial.result, trial.tests) if trial.tests else {trial.result.name: _whole(trial.result)}
    if not court.source:  # nothing but tests changed: the source of before is the source of now
        return [Proof(name, ending, ending) for name, ending in endings.items()]
    old = _run(court, trial, {file.path: file.before for file in court.source})
    before = _endings_before(court, old, trial)
    return [Proof(name, before[name], ending) for name, ending in endings.items()]


def _run(court: _Court, trial: _Trial, contents: Mapping[str, bytes | None]) -> CheckResult:
    """Run the tests of a trial, alone where the runner lets us, with other contents of some files."""
    command = next(command for command in court.bench.settings.commands if command.name == trial.result.name)
    chosen = narrowed(command.run, trial.tests, court.bench.tree) if trial.tests else None
    with court.substitute(contents):
        return run_alone(court.bench, replace(command, run=chosen or command.run), changed=court.change.paths)


def _cross_examined(court: _Court, trial: _Trial, proofs: Sequence[Proof]) -> list[Proof]:
    """Try the tests that seem to prove something on other forms of the source, and write down what that shows."""
    doubts: dict[str, str] = {}
    suspects = [proof.test for proof in proofs if proof.proves]
    if suspects and not any(hunks_of(file) for file in court.source):
        doubts = dict.fromkeys(suspects, _NO_CODE)
    inside = [file.path for file in court.change.files if _LOOKS_INSIDE.search(file.after or b"")]
    for test in trial.tests:
        if test.id in suspects and test.id not in doubts and any(may_stand_in(path, test) for path in inside):
            doubts[test.id] = _READS
    for examine in (_decoy_doubts, _second_look_doubts, _hollow_doubts):
        trusted = [test for test in suspects if test not in doubts]
        if trusted:
            doubts |= examine(court, trial, trusted) if court.in_time else dict.fromkeys(trusted, _NO_TIME)
    said = {test: Sentence(doubt) for test, doubt in doubts.items()}
    return [replace(proof, doubt=proof.doubt or said.get(proof.test, "")) for proof in proofs]


def _decoy_doubts(court: _Court, trial: _Trial, tests: Sequence[str]) -> dict[str, str]:
    texts = {file.path: decoy(file) for file in court.source}
    if not any(texts.values()):
        return {}
    contents = {
        file.path: file.before if (text := texts[file.path]) is None else text.encode() for file in court.source
    }
    return dict.fromkeys(_passing(court, trial, contents, tests), _READS)


def _second_look_doubts(court: _Court, trial: _Trial, tests: Sequence[str]) -> dict[str, str]:
    contents = {file.path: text.encode() for file in court.source if (text := other_text(file)) is not None}
    unsteady = set(tests) - set(_passing(court, trial, contents, tests))
    if not unsteady or not contents:
        return dict.fromkeys(unsteady, _WAVERS)
    again = set(_passing(court, trial, {}, tests))
    return {test: _READS if test in again else _WAVERS for test in unsteady}


def _hollow_doubts(court: _Court, trial: _Trial, tests: Sequence[str]) -> dict[str, str]:
    contents = {file.path: text.encode() for file in court.source if (text := hollow(file)) is not None}
    return dict.fromkeys(_passing(court, trial, contents, tests), _RUNS_NOTHING) if contents else {}


def _passing(court: _Court, trial: _Trial, contents: Mapping[str, bytes | None], tests: Sequence[str]) -> list[str]:
    result = _run(court, trial, contents)
    if not trial.tests:
        return list(tests) if result.ok else []
    endings = _endings(result, trial.tests)
    return [test for test in tests if endings[test] == "passed"]


def _unnoticed(court: _Court, trials: Sequence[_Trial], proofs: Sequence[Proof]) -> tuple[str, ...]:
    """Take each hunk of the source back alone; return the places of those that no test of the change notices."""
    hunks = [
        (file, hunk)
        for file in court.source
        for hunk in hunks_of(file)
        if file.before is not None and file.after is not None
    ]
    passing = [proof.test for proof in proofs if proof.after == "passed"]
    if not hunks or not passing:
        return ()
    if len(hunks) == 1:  # the run on the old source has shown it
        return () if any(proof.before != "passed" for proof in proofs) else (hunks[0][1].where,)
    found = []
    for file, hunk in hunks[:_MOST_HUNKS]:
        if not court.in_time:
            break
        if all(_still_passes(court, trial, file, hunk, passing) for trial in trials):
            found.append(hunk.where)
    return tuple(found)


def _still_passes(court: _Court, trial: _Trial, file: FileChange, hunk: Hunk, passing: Sequence[str]) -> bool:
    names = {test.id for test in trial.tests} or {trial.result.name}
    mine = [test for test in passing if test in names]
    contents = {file.path: without(file, (hunk,)).encode()}
    return len(_passing(court, trial, contents, mine)) == len(mine)


def _endings(result: CheckResult, tests: Sequence[TestResult]) -> dict[str, Ending]:
    """Return how each of `tests` ended in a run."""
    found = {test.id: test for test in result.tests}
    return {test.id: found[test.id].outcome if test.id in found else "absent" for test in tests}


def _endings_before(court: _Court, old: CheckResult, trial: _Trial) -> dict[str, Ending]:
    if not trial.tests:
        return {trial.result.name: _whole(old)}
    found = {test.id: test for test in old.tests}
    mine = existing_source(court.bench.kept.files)
    # A file that cannot be imported or compiled reports no test: the run fails, and the test is absent.
    absent: Ending = "absent" if old.ok else "error"
    return {
        test.id: ending_on_old_source(known, mine) if (known := found.get(test.id)) else absent for test in trial.tests
    }


def _whole(result: CheckResult) -> Ending:
    if result.ok:
        return "passed"
    return "failed" if not result.reason and is_assertion(result.output) else "error"
