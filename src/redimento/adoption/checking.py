"""`redimento check`: setup and checks as a run starts them, in the same isolation, without a work item or a model."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from redimento.authoring.pieces import head_and_tail
from redimento.delivery.report import in_words
from redimento.errors import UsageError
from redimento.events import Emit, step
from redimento.locks import TakenError
from redimento.repository.checkout import Checkout, open_checkout
from redimento.repository.tree import GitTree
from redimento.run_options import RunOptions, known_secrets
from redimento.sandbox.bench import close_workbench, open_workbench
from redimento.settings import Settings
from redimento.settings import file as settings_file
from redimento.text import wording
from redimento.verification.checks import run_baseline, run_setup, without_new_reports
from redimento.verification.evidence import CheckResult, Checks
from redimento.verification.reports.finding import find_reports
from redimento.wiring.organisation import taken
from redimento.wiring.site import in_force

VERSION = 1  # of the JSON: raised when a member changes its meaning or goes
RED: Final = 6  # the exit code when setup or a required check fails already
_MOST_FAILING = 20  # tests that are named
_LONGEST_OUTPUT = 2_000  # characters of what a failing command printed


@dataclass(frozen=True)
class Checked:
    """How setup (None: there is none) and checks end on the tree as it is; `reports`: the files of each check."""

    language: str
    isolation: str
    setup: CheckResult | None
    checks: Checks
    reports: Mapping[str, tuple[str, ...]]

    @property
    def red(self) -> tuple[str, ...]:
        """The names of what is required and fails."""
        setup = (self.setup.name,) if self.setup and not self.setup.ok else ()
        return (*setup, *(one.name for one in self.checks.results if one.required and not one.ok))

    @property
    def exit_code(self) -> int:
        return RED if self.red else 0


def check(repo: Path, config: Path | None, environment: Mapping[str, str], emit: Emit) -> Checked:
    """Run setup and, if it succeeds, every check. Raises RedimentoError, a UsageError if there are no checks."""
    checkout = open_checkout(repo)
    file = config or checkout.root / settings_file.NAME
    settings = in_force(settings_file.read(file, must_exist=config is not None), environment)
    if not settings.checks.commands:
        raise UsageError(
            f"{file} has no checks." if file.exists() else f"There is no {file}, so there are no checks.",
            "Run `redimento init`, which proposes those that fit the repository, or add them to checks.commands.",
        )
    options = RunOptions(None, None, None, repo, config, None)
    try:
        with taken(checkout, options, environment, emit) as scratch:
            return _checked(checkout, settings, scratch / "checks", environment, emit)
    except TakenError as error:
        raise UsageError(str(error), "Wait until it has ended.") from error


def _checked(
    checkout: Checkout, settings: Settings, scratch: Path, environment: Mapping[str, str], emit: Emit
) -> Checked:
    secrets = known_secrets(environment)
    files = [entry.path for entry in GitTree(checkout, checkout.head).entries()]
    wanted = replace(settings.checks, baseline=True)
    bench = replace(open_workbench(checkout.root, wanted, scratch, secrets=secrets, files=files), emit=emit)
    with ExitStack() as cleanup:
        cleanup.callback(close_workbench, bench)
        cleanup.enter_context(without_new_reports(bench))
        with step(emit, "setup", "Run checks.setup"):
            setup = run_setup(bench)
        checks = Checks(isolation=bench.isolation.sentences)
        if setup is None or setup.ok:
            with step(emit, "checks", "Run the checks"):
                checks = run_baseline(bench)
        reports = {
            one.name: tuple(sorted(str(path.relative_to(bench.tree)) for path in find_reports(one.junit, bench.tree)))
            for one in wanted.commands
        }
    return secrets.redacted(Checked(settings.language, bench.isolation.sentences, setup, checks, reports))


def as_text(checked: Checked) -> str:
    """Return all of it for people, in the team's language."""
    results = [one for one in (checked.setup, *checked.checks.results) if one is not None]
    return wording.render(
        "adoption/checked.txt.j2",
        checked.language,
        checked=checked,
        rows=[(one, in_words(one), _failing(one), _output(one)) for one in results],
        most=_MOST_FAILING,
    ).rstrip()


def as_json(checked: Checked) -> Mapping[str, Any]:
    """Return the same as one JSON value."""
    return {
        "version": VERSION,
        "exitCode": checked.exit_code,
        "isolation": checked.isolation,
        "red": checked.red,
        "setup": checked.setup and _row(checked, checked.setup),
        "checks": [_row(checked, one) for one in checked.checks.results],
    }


def _row(checked: Checked, one: CheckResult) -> Mapping[str, Any]:
    failing = _failing(one)
    return {
        "name": one.name,
        "command": one.command,
        "required": one.required,
        "ok": one.ok,
        "exitCode": one.exit_code,
        "reason": one.reason,
        "seconds": round(one.seconds, 3),
        "tests": len(one.tests),
        "failing": failing[:_MOST_FAILING],
        "moreFailing": max(0, len(failing) - _MOST_FAILING),
        "reports": checked.reports.get(one.name, ()),
        "remarks": (*one.remarks, *one.report_problems),
        "output": _output(one),
    }


def _failing(one: CheckResult) -> list[str]:
    return [test.id for test in one.tests if test.fails]


def _output(one: CheckResult) -> str:
    """Return what a command printed that fails without naming a test."""
    return "" if one.ok or _failing(one) else head_and_tail(one.output, _LONGEST_OUTPUT).strip()
