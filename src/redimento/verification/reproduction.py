"""Reproduce first: tell whether a new test, alone on the untouched source, shows the reported fault.

Agents' reproduction tests fail before and pass after the right change in 63 % of cases, and as a filter they double an
agent's precision (arXiv 2508.06365, 2406.12952). So a test counts only if it fails for a reason that the source gave: an
assertion, or an exception raised inside a file of the source. What the test misses itself is no sign of a fault: a name
that is still to be written, an import, a fixture, its own syntax.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from redimento.change.edit import Change, FileChange
from redimento.events import Note
from redimento.sandbox.bench import Workbench
from redimento.settings import CheckCommand
from redimento.text.wording import Sentence
from redimento.verification.altered_tests import altered_tests, declaration_in
from redimento.verification.assertions import ending_on_old_source, existing_source
from redimento.verification.checks import run_alone_and_clean
from redimento.verification.evidence import CheckResult, Checks, Ending, TestResult
from redimento.verification.reach import leads_to_source
from redimento.verification.roles import roles_of
from redimento.verification.runners import asked, runs_alone

_SECONDS = 300
_RUNS = 2  # a test that fails only now and then shows nothing


@dataclass(frozen=True)
class Reproduction:
    """Tests of one check that show the reported fault, as they ended on the untouched source; `change` brings them.

    `rewritten`: those that passed before `change` gave them another expectation.
    """

    check: str
    tests: tuple[TestResult, ...]
    change: Change
    rewritten: tuple[str, ...] = ()


@dataclass(frozen=True)
class Examined:
    """What the gate says of a change that brings only tests: a reproduction, or why there is none and what was printed."""

    reproduction: Reproduction | None = None
    refusal: str = ""
    output: str = ""


def can_reproduce(commands: Sequence[CheckCommand]) -> bool:
    """Return whether a check reports its tests and can run a few of them alone."""
    return any(command.junit and runs_alone(command.run) for command in commands)


def examine(bench: Workbench, change: Change, before: Checks) -> Examined:
    """Run the tests of `change`, which is in the bench's tree, and return what the gate says of them.

    `before`: the baseline, which tells new tests from old ones.
    """
    existing = bench.kept.files
    roles = roles_of(change, bench.settings.commands, existing)
    files = [file for file in change.files if file.path in roles.tests]
    if others := sorted({*change.paths} - {*roles.tests}):
        return Examined(refusal=f"Only tests may change in this step, and it changes {', '.join(others)}.")
    told = Examined(refusal=f"No check that reports its tests runs {', '.join(change.paths)}.")
    is_source = existing_source(existing)
    for command in _commands(bench, files):
        base = before.of(command.name)
        runs: list[CheckResult] = []
        for number in range(1, _RUNS + 1):
            bench.emit(Note(Sentence("proof_of_fault", number=number, many=_RUNS, check=command.name)))
            runs.append(run_alone_and_clean(bench, command, changed=change.paths, seconds=_SECONDS))
        known = {test.id: test.outcome for test in base.tests} if base else {}
        new = altered_tests(files, runs[0].tests, frozenset(known))
        names = {test.id for test in new}
        endings = [
            {one.id: ending_on_old_source(one, is_source) for one in run.tests if one.id in names} for run in runs
        ]
        refusals = (_refusal(run, {*ended.values()}) for run, ended in zip(runs, endings, strict=True))
        refusal = next(filter(None, (*refusals, _broken(runs[0], base, files, new))), "")
        showing = [test for test in new if all(ended.get(test.id) == "failed" for ended in endings)]
        judging = tuple(
            test for test in showing if all(leads_to_source(one.path, one.after, test, existing) for one in files)
        )
        if not refusal and judging:
            rewritten = tuple(test.id for test in judging if known.get(test.id) == "passed")
            return Examined(Reproduction(command.name, judging, change, rewritten))
        refusal = refusal or (_JUDGES_NOTHING if showing else "It does not fail every time.")
        told = Examined(refusal=refusal, output=runs[0].output)
        if new:
            break
    return told


_JUDGES_NOTHING = (
    "It fails whatever the source does: nothing in it leads to the source. Call the code that is at fault, and assert what "
    "should happen."
)


def _refusal(run: CheckResult, endings: Collection[Ending]) -> str:
    """Return why tests that end like this on the untouched source show no fault of it, "" if one of them does."""
    if run.reason:
        return f"The run did not end by itself: {run.reason}."
    if not endings:
        return "The report names no test that it adds or alters: its file cannot be loaded, or declares none."
    if "failed" in endings:
        return ""
    if "error" in endings:
        return (
            "It fails before it can judge the code: by an import, a fixture, a name or an argument that does not exist, or an "
            "exception of its own. Use only what exists now, and assert what should happen."
        )
    return "It passes on the code as it is." if "passed" in endings else "It is skipped."


def altered(reproduction: Reproduction, change: Change) -> str:
    """Return the first path of which `change` does not keep all lines of the reproduction, in order; "" if there is none."""
    texts = {file.path: _lines(file.after) for file in change.files}
    for file in reproduction.change.files:
        rest = iter(texts.get(file.path, ()))
        if not all(line in rest for line in _lines(file.after)):
            return file.path
    return ""


def _lines(content: bytes | None) -> list[bytes]:
    return [line.rstrip() for line in (content or b"").splitlines() if line.strip()]


def _commands(bench: Workbench, files: Sequence[FileChange]) -> Iterator[CheckCommand]:
    """Yield the checks that report their tests, so that they run these files alone where their runner can."""
    for command in bench.settings.commands:
        paths = [file.path for file in files if file.after is not None and asked(command.run, [file.path], bench.tree)]
        chosen = asked(command.run, paths, bench.tree)
        if command.junit and (chosen or not runs_alone(command.run)):
            yield replace(command, run=chosen or command.run)


def _broken(run: CheckResult, base: CheckResult | None, files: Sequence[FileChange], new: Sequence[TestResult]) -> str:
    """Return a sentence about files that the run spoiled, or a test of the changed files that passed before and does not now."""
    now = {test.id: test for test in run.tests}
    if damage := [line for line in run.damage if not base or line not in base.damage]:
        return f"It changes files of the repository while it runs: {' '.join(damage)}"
    for then in base.tests if base else ():
        test = now.get(then.id)
        lost = then.outcome == "passed" and (test is None or test.outcome != "passed") and test not in new
        if lost and any(file.before is not None and declaration_in(file.path, file.before, then) for file in files):
            return f"It removes or breaks the existing test {then.id}: leave that as it is."
    return ""
