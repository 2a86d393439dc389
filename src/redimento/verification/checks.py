"""Run the settings' commands on the tree as it stands."""

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
    """Run `checks.setup`: its lines in one shell that stops at the first failure. None: there is none.

    Once for a tree, and again with `changed` when the change brings new dependencies. On the untouched tree it has the
    network even when the checks have none, for it installs what the target branch names.
    """
    if not bench.settings.setup:
        return None
    if not changed:
        bench = replace(bench, isolation=replace(bench.isolation, network=True))
    script = "\n".join(("set -e", *bench.settings.setup))
    return run_check(bench, CheckCommand(name="setup", run=script, timeout_seconds=SETUP_SECONDS), changed=changed)


def run_baseline(bench: Workbench) -> Checks:
    """Run every check on the untouched tree; no results when the settings want no baseline."""
    return run_checks(bench) if bench.settings.baseline else Checks(isolation=bench.isolation.kind)


def run_checks(bench: Workbench, *, changed: Sequence[str] | None = None) -> Checks:
    """Run every check in order. `changed`: paths of the change; None means that no check is left out for its `paths`."""
    results = tuple(
        _skipped(command) if not _concerned(command, changed) else run_check(bench, command, changed=changed or ())
        for command in bench.settings.commands
    )
    return Checks(results, bench.isolation.kind)


def run_check(bench: Workbench, command: CheckCommand, *, changed: Sequence[str] = ()) -> CheckResult:
    """Run one command and read its report; the tree's files are put back afterwards."""
    stale = find_reports(command.junit, bench.tree)
    damage: list[str] = []
    with guarded(bench.kept, changed, damage):
        ended = execute(bench, command.run, timeout_seconds=command.timeout_seconds, env=command.env)
        # Read while they are there: a report may be tracked by git, and would be put back.
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
