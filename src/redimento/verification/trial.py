"""Run a few tests of one check on a change that its author has not submitted yet."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from redimento.sandbox.bench import Workbench
from redimento.settings import CheckCommand
from redimento.text.wording import Sentence
from redimento.verification.altered_tests import may_stand_in
from redimento.verification.checks import run_alone_and_clean
from redimento.verification.evidence import TestResult
from redimento.verification.runners import asked, runs_alone
from redimento.verification.test_names import same_test

_SECONDS = 120.0  # for each command of a try: it runs a few tests, and the whole check runs on the change later anyway
_MOST_NAMES = 20
_LONGEST_NAME = 300  # characters
_FORMS = "tests/test_cart.py, tests/test_cart.py::test_total, or the name in a report"


@dataclass(frozen=True)
class TrialResult:
    """What a try showed. `asked`: the names as they were given; none: the whole check. `seconds`: builds before it included.

    `tests` are those of the report that the names mean. `remark`: a sentence about what could not be done as asked, "" if
    nothing. `ran`: whether a command ran at all.
    """

    check: str
    asked: tuple[str, ...] = ()
    tests: tuple[TestResult, ...] = ()
    output: str = ""  # neutralised, head and tail only
    exit_code: int | None = None
    seconds: float = 0.0
    remark: str = ""
    ran: bool = True


def run_trial(
    bench: Workbench, check: str, names: Sequence[str], *, changed: Sequence[str], seconds: float = _SECONDS
) -> TrialResult:
    """Run the named tests of a check on the bench's tree, which holds the change, and put back what the run wrote there.

    `check` "": the first one that reports its tests. `changed`: the paths of the change. Where the runner cannot run
    single tests, the whole check runs. `seconds`: the limit of the run, and of each build before it. Never raises for what a
    command does, except HostileCheckError.
    """
    names = tuple(dict.fromkeys(name.strip()[:_LONGEST_NAME] for name in names))[:_MOST_NAMES]
    command = _command(bench.settings.commands, check)
    if command is None:
        known = [command.name for command in bench.settings.commands]
        return TrialResult(check, names, remark=Sentence("no_such_check", known=known), ran=False)
    chosen = asked(command.run, names, bench.tree) if names else None
    if names and chosen is None and runs_alone(command.run):
        remark = Sentence("names_lead_nowhere", forms=_FORMS)
        return TrialResult(command.name, names, remark=remark, ran=False)
    began = time.monotonic()
    result = run_alone_and_clean(
        bench, replace(command, run=chosen or command.run), changed=changed, seconds=int(seconds)
    )
    meant = [test for test in result.tests if not names or any(_means(name, test) for name in names)]
    missing = [name for name in names if not any(_means(name, test) for test in meant)]
    remarks = [
        Sentence("did_not_end", reason=result.reason) if result.reason else "",
        Sentence("runs_no_single_tests") if names and chosen is None else "",
        Sentence("not_in_report", names=missing) if command.junit and missing else "",
    ]
    return TrialResult(
        command.name,
        names,
        tuple(meant),
        result.output,
        result.exit_code,
        time.monotonic() - began,
        Sentence("several", sentences=[*filter(None, remarks)]) if any(remarks) else "",
    )


def _means(name: str, test: TestResult) -> bool:
    """Return whether a name, a path or `path::test`, means a test of a report."""
    path, _, title = name.partition("::")
    return same_test(name, test.id) or (
        not title and may_stand_in(path, test) and bool(test.file or path.endswith(".py"))
    )


def _command(commands: Sequence[CheckCommand], check: str) -> CheckCommand | None:
    if check:
        return next((command for command in commands if command.name == check), None)
    return next((command for command in commands if command.junit), commands[0] if commands else None)
