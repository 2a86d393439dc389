"""Run the commands of the settings on the current tree."""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

from redimento.errors import HostileCheckError, UsageError
from redimento.events import CheckFinished, CheckStarted, Stage
from redimento.sandbox.bench import Workbench, clean, execute, remember, seen
from redimento.sandbox.files import clear, state_of
from redimento.sandbox.keeping import guarded
from redimento.sandbox.leftovers import built
from redimento.settings import CheckCommand
from redimento.store.plain import made, plain
from redimento.text.wording import Sentence
from redimento.verification.canary import with_canary, without_canary
from redimento.verification.evidence import CheckResult, Checks, TestResult
from redimento.verification.reports.finding import find_reports
from redimento.verification.reports.reading import read_reports
from redimento.verification.runners import narrowed

SETUP_SECONDS = 1_800
_NOT_ARMED = 'Error importing plugin "redimento_canary"'


def run_setup(bench: Workbench, *, changed: Sequence[str] = ()) -> CheckResult | None:
    """Run the lines of `checks.setup` in one shell, up to the first failure. Return None if there are none.

    Call it once for each tree, even without lines: what is in the tree afterwards is what every later run starts from.
    On the untouched tree it has network access even if the checks have none: it installs what the target branch
    requires.
    """
    result = None
    if bench.settings.setup:
        connected = bench if changed else replace(bench, isolation=replace(bench.isolation, network=True))
        script = "\n".join(("set -e", *bench.settings.setup))
        command = CheckCommand(name="setup", run=script, timeout_seconds=SETUP_SECONDS)
        result = run_check(connected, command, changed=changed)
    remember(bench, "setup")
    return result


def run_baseline(bench: Workbench) -> Checks:
    """Run every check on the untouched tree; without results if the settings disable the baseline.

    What the checks leave there is trusted: later runs start with it, except for the reports.
    """
    if not bench.settings.baseline:
        return Checks(isolation=bench.isolation.sentences)
    checks = _pass(replace(bench, trusting=True), None, (), stage="before")
    remember(bench, "baseline", without=_reports(bench))
    return checks


@contextlib.contextmanager
def without_new_reports(bench: Workbench) -> Iterator[None]:
    """Take the reports that were not there before out of the tree in the end: a person may work in it."""
    before = {*bench.kept.files, *_reports(bench)}
    try:
        yield
    finally:
        for path in {*_reports(bench)} - before:
            with contextlib.suppress(OSError):
                (bench.tree / path).unlink()


def _reports(bench: Workbench) -> list[str]:
    found = [path for command in bench.settings.commands for path in find_reports(command.junit, bench.tree)]
    return [str(path.relative_to(bench.tree)) for path in found]


def run_checks(bench: Workbench, *, changed: Sequence[str] | None = None, stage: Stage = "after") -> Checks:
    """Clean the tree and run every check in order, skipping those whose `paths` match nothing in `changed`.

    None skips none. The tree is not cleaned between the checks: a later one may use what an earlier one built.
    """
    return _pass(bench, changed, _cleaned(bench, changed or ()), stage=stage)


def run_alone(
    bench: Workbench, command: CheckCommand, *, changed: Sequence[str] = (), seconds: int | None = None
) -> CheckResult:
    """Clean the tree and run one check, after those before it that build something in the tree.

    `seconds`: at most, for each of these commands.
    """
    problems = _cleaned(bench, changed)
    for earlier in bench.settings.commands:
        if earlier.name == command.name:
            break
        if earlier.name in bench.memory.builders and _concerned(earlier, changed):
            run_check(bench, _within(earlier, seconds), changed=changed)
    return run_check(bench, _within(command, seconds), changed=changed, problems=problems)


def _within(command: CheckCommand, seconds: int | None) -> CheckCommand:
    return command if seconds is None else replace(command, timeout_seconds=min(command.timeout_seconds, seconds))


def run_tests(bench: Workbench, check: str, tests: Sequence[TestResult], *, changed: Sequence[str]) -> CheckResult:
    """Run these tests of a check alone where its runner lets us, else the whole check."""
    command = next(command for command in bench.settings.commands if command.name == check)
    return run_alone(
        bench, replace(command, run=narrowed(command.run, tests, bench.tree) or command.run), changed=changed
    )


def run_alone_and_clean(
    bench: Workbench, command: CheckCommand, *, changed: Sequence[str], seconds: int
) -> CheckResult:
    """Run one check alone and clean the tree again: the model goes on from it, and nothing may run there any more."""
    try:
        return run_alone(bench, command, changed=changed, seconds=seconds)
    finally:
        clean(bench, changed)


def _pass(bench: Workbench, changed: Sequence[str] | None, problems: Sequence[str], *, stage: Stage) -> Checks:
    results: list[CheckResult] = []
    of, number = sum(_concerned(command, changed) for command in bench.settings.commands), 0
    for command in bench.settings.commands:
        if not _concerned(command, changed):
            results.append(_skipped(command))
            continue
        number += 1
        bench.emit(CheckStarted(command.name, stage, number, of))
        # Note, the first time that a check runs, whether it builds something that a later one may need.
        watched = command.name not in bench.memory.looked_at and command is not bench.settings.commands[-1]
        was = seen(bench, changed or ()) if watched else None
        result = run_check(bench, command, changed=changed or (), problems=problems)
        if was is not None:
            bench.memory.looked_at.add(command.name)
            bench.memory.builders.update([command.name] if built(was, seen(bench, changed or ())) else [])
        passes = result.ok and not any(test.fails for test in result.tests)
        if not bench.stop.is_set():  # or it was stopped, which says nothing of the code
            bench.emit(CheckFinished(command.name, stage, number, of, result.seconds, passes))
        results.append(result)
    return Checks(tuple(results), bench.isolation.sentences)


def _cleaned(bench: Workbench, changed: Sequence[str]) -> tuple[str, ...]:
    """Clean the tree, and return a sentence for everything that could not be restored."""
    lost = clean(bench, changed)
    if lost and bench.settings.setup:
        for path in lost:
            clear(bench.tree / path)
        again = run_setup(bench, changed=changed)
        if again is not None and again.ok:
            return ()
    return tuple(Sentence("not_restored", path=path) for path in lost)


def run_check(
    bench: Workbench, command: CheckCommand, *, changed: Sequence[str] = (), problems: Sequence[str] = ()
) -> CheckResult:
    """Run one command, read its report, and restore git's files. `problems`: what makes this run worthless.

    Raises HostileCheckError if the command attacks the process that watches it, or leaves another that cannot be ended.
    """
    asked = f"{command.name} {_state(bench, command, changed)}"
    told = bench.tape.heard("check", asked, lambda: plain(_run(bench, command, changed=changed, problems=problems)))
    try:
        return made(CheckResult, told)
    except ValueError as error:
        raise UsageError(f"A recorded result of {command.name} cannot be read: {error}.", "Run it again.") from None


def _state(bench: Workbench, command: CheckCommand, changed: Sequence[str]) -> str:
    """Return a hash of all that a command judges: itself, the base, and the files of the change as they are now."""
    files = [(path, state_of(bench.tree, bench.tree / path)) for path in sorted(changed)]
    judged = repr((command, bench.tape.base)) + "".join(map(repr, files))
    return hashlib.sha256(judged.encode("utf-8", "backslashreplace")).hexdigest()[:32]


def _run(
    bench: Workbench, command: CheckCommand, *, changed: Sequence[str], problems: Sequence[str], canary: bool = True
) -> CheckResult:
    armed = with_canary(bench, command) if canary else command
    stale = find_reports(command.junit, bench.tree)
    damage: list[str] = []
    with guarded(bench.kept, changed, damage):
        ended = execute(bench, command.run, timeout_seconds=command.timeout_seconds, env=armed.env)
        # Read inside the guard: a report tracked by git is restored on exit.
        reported = read_reports(command.junit, bench.tree, stale=stale, secrets=bench.secrets)
    if ended.hostile or ended.alive:
        raise HostileCheckError(
            Sentence("check_attacked", check=command.name)
            if ended.hostile
            else Sentence("check_left_processes", check=command.name, processes=ended.alive),
            Sentence("nothing_is_pushed"),
        )
    if armed is not command and _NOT_ARMED in ended.output:  # an environment of its own: do without
        return _run(bench, command, changed=changed, problems=problems, canary=False)
    output = ended.output + "".join(f"\n[{line}]" for line in damage)
    result = replace(
        _skipped(command), exit_code=ended.exit_code, seconds=ended.seconds, output=output, tests=reported.tests,
        reason=ended.reason, skipped=False, remarks=reported.remarks, damage=tuple(damage),
        report_problems=(*reported.problems, *problems, *(Sentence("not_restored", path=f"~/{path}") for path in ended.lost)),
    )  # fmt: skip
    return without_canary(result)


def _skipped(command: CheckCommand) -> CheckResult:
    return CheckResult(command.name, command.line, command.required, None, 0.0, "", skipped=True)


def _concerned(command: CheckCommand, changed: Sequence[str] | None) -> bool:
    if changed is None or not command.paths:
        return True
    return any(_under(path, wanted) for path in changed for wanted in command.paths)


def _under(path: str, wanted: str) -> bool:
    folder = wanted.rstrip("/")
    return path == folder or path.startswith(f"{folder}/") or fnmatch.fnmatchcase(path, wanted)
