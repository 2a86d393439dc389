"""Run the commands of the settings on the current tree."""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Sequence
from dataclasses import replace

from redimento.sandbox.bench import Workbench, execute
from redimento.sandbox.keeping import guarded
from redimento.settings import CheckCommand
from redimento.verification.evidence import CheckResult, Checks
from redimento.verification.junit import find_reports, read_junit

SETUP_SECONDS = 1_800


def run_setup(bench: Workbench, *, changed: Sequence[str] = ()) -> CheckResult | None:
    """Run the lines of `checks.setup` in one shell, up to the first failure. Return None if there are none.

    Call it once for each tree, and again with `changed` if the change adds dependencies. On the untouched tree it has
    network access even if the checks have none: it installs what the target branch requires.
    """
    if not bench.settings.setup:
        return None
    if not changed:
        bench = replace(bench, isolation=replace(bench.isolation, network=True))
    script = "\n".join(("set -e", *bench.settings.setup))
    return run_check(bench, CheckCommand(name="setup", run=script, timeout_seconds=SETUP_SECONDS), changed=changed)


def run_baseline(bench: Workbench) -> Checks:
    """Run every check on the untouched tree; without results if the settings disable the baseline."""
    return run_checks(bench) if bench.settings.baseline else Checks(isolation=bench.isolation.kind)


def run_checks(bench: Workbench, *, changed: Sequence[str] | None = None) -> Checks:
    """Run every check in order, skipping those whose `paths` match nothing in `changed`; None skips none."""
    results = tuple(
        _skipped(command) if not _concerned(command, changed) else run_check(bench, command, changed=changed or ())
        for command in bench.settings.commands
    )
    return Checks(results, bench.isolation.kind)


def run_check(bench: Workbench, command: CheckCommand, *, changed: Sequence[str] = ()) -> CheckResult:
    """Run one command, read its report, and restore the tree."""
    stale = find_reports(command.junit, bench.tree)
    damage: list[str] = []
    with guarded(bench.kept, changed, damage):
        ended = execute(bench, command.run, timeout_seconds=command.timeout_seconds, env=command.env)
        # Read inside the guard: a report tracked by git is restored on exit.
        tests = read_junit(command.junit, bench.tree, stale=stale, secrets=bench.secrets)
    result = _skipped(command)
    output = ended.output + "".join(f"\n[{line}]" for line in damage)
    return replace(
        result, exit_code=ended.exit_code, seconds=ended.seconds, output=output, tests=tests,
        reason=ended.reason, skipped=False,
    )  # fmt: skip


def _skipped(command: CheckCommand) -> CheckResult:
    line = command.run if isinstance(command.run, str) else shlex.join(command.run)
    return CheckResult(command.name, line, command.required, None, 0.0, "", skipped=True)


def _concerned(command: CheckCommand, changed: Sequence[str] | None) -> bool:
    if changed is None or not command.paths:
        return True
    return any(_under(path, wanted) for path in changed for wanted in command.paths)


def _under(path: str, wanted: str) -> bool:
    folder = wanted.rstrip("/")
    return path == folder or path.startswith(f"{folder}/") or fnmatch.fnmatchcase(path, wanted)
