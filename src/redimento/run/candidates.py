"""Make independent attempts at the same item and let the checks choose one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from redimento.authoring.answer import Trial
from redimento.authoring.conversation import ModelSession
from redimento.authoring.pieces import head_and_tail
from redimento.change import writer
from redimento.change.edit import NO_CHANGE, Change
from redimento.errors import LimitError
from redimento.events import Emit, Note, Proved, Warned
from redimento.models.port import ModelError
from redimento.run.attempt import Attempt, AttemptPlan, earlier_of, make_attempt
from redimento.run.job import Job, Ports
from redimento.run.proposal import Workspace
from redimento.run.reproduction import is_wanted
from redimento.run.selection import best_first
from redimento.run_folder import FILES
from redimento.sandbox.bench import Workbench, close_workbench, open_workbench
from redimento.text.wording import Sentence
from redimento.verification.checks import run_setup
from redimento.verification.evidence import ChangedTest, Checks, Verdict
from redimento.verification.old_judge import Substitute
from redimento.verification.reproduction import Examined, examine
from redimento.verification.trial import TrialResult, run_trial
from redimento.verification.verdict import verify
from redimento.work_items.item import WorkItem

SET_ASIDE = "set-aside"


@dataclass(frozen=True)
class Baseline:
    """The checks of the untouched tree, which run while the model works; `wait` returns their results."""

    bench: Workbench
    wait: Callable[[], Checks]


def attempts(
    job: Job, ports: Ports, session: ModelSession, item: WorkItem, baseline: Baseline, *, standing: Change = NO_CHANGE
) -> tuple[Attempt, ...]:
    """Return all attempts, the chosen one first, with every tree put back.

    The first candidate works in the checkout; the others get worktrees if `checks.setup` can prepare them. Without
    checks there is nothing to choose by, so only one is made. `standing`: the change that each goes on from. Raises ModelError or LimitError if no attempt succeeds.
    """
    wanted = job.settings.model.candidates if job.settings.checks.commands else 1
    made: list[Attempt] = []
    warn = _warner(ports.emit)
    for number in range(1, wanted + 1):
        if wanted > 1:
            ports.emit(Note(f"Candidate {number} of {wanted}."))
        try:
            attempt = _candidate(
                job, ports, session, item, baseline, warn=warn, number=number, made=made, standing=standing
            )
        except (ModelError, LimitError) as error:
            if not made and (number == wanted or isinstance(error, LimitError)):
                raise
            ports.emit(Note(f"Candidate {number} failed: {error}"))
            continue
        finally:
            # Levels of thinking make candidates differ: the sampling parameters that did were removed in July 2026.
            session = session.harder
        made.append(replace(attempt, number=number))
        if not made[-1].change.files:
            break
    made = best_first(made, baseline.bench, job.root, job.journal)
    if len(made) > 1 and made[0].change.files:
        _save(job, ports, made[0])  # a later candidate may have overwritten it
    return tuple(made)


def _warner(emit: Emit) -> Callable[[Verdict], None]:
    """Return what warns of all that a reader should know of the checks, of each thing once in a run."""
    said: set[str] = set()

    def warn(verdict: Verdict) -> None:
        for remark in verdict.remarks():
            if remark not in {*said, verdict.before.setup}:  # its warning came with its output
                said.add(remark)
                emit(Warned(remark))

    return warn


def _candidate(
    job: Job,
    ports: Ports,
    session: ModelSession,
    item: WorkItem,
    baseline: Baseline,
    *,
    warn: Callable[[Verdict], None],
    number: int,
    made: Sequence[Attempt],
    standing: Change,
) -> Attempt:
    with _workspace(job, ports, baseline, number) as (root, bench):
        journal = job.journal if root == job.root else job.scratch / f"journal-{number}"

        def verified(change: Change, announced: Sequence[ChangedTest], substitute: Substitute) -> Verdict:
            before, allow = baseline.wait(), job.settings.change.allow
            verdict = verify(bench, change, before, substitute=substitute, announced=announced, allow=allow)
            warn(verdict)
            proving = sum(proof.proves for proof in verdict.proofs)
            ports.emit(Proved(proving, len(verdict.proofs), len(verdict.new_failures)))
            return verdict

        def try_out(change: Change, trial: Trial) -> TrialResult:
            return run_trial(bench, trial.check, trial.tests, changed=change.paths)

        def examined(change: Change) -> Examined:
            return examine(bench, change, baseline.wait())

        plan = AttemptPlan(
            workspace=Workspace(root, job.settings.change, ports.base, job.secrets, job.settings.project.folder),
            journal=journal,
            criteria=item.acceptance_criteria,
            settle=baseline.wait,
            verify=verified,
            rounds=job.settings.checks.repair_rounds,
            save=partial(_save, job, ports),
            try_out=try_out if bench.settings.commands else None,
            examine=examined
            if number == 1 and not standing.files and is_wanted(item, job.settings.authoring, bench.settings.commands)
            else None,
            reproduction=next((one.reproduction for one in made if one.reproduction), None),
            earlier=tuple(earlier_of(one) for one in made),
            standing=standing,
        )
        try:
            return make_attempt(session, plan, ports.emit)
        finally:
            # Nothing is written before `settle` has waited for the baseline, so no command is running here.
            writer.recover(root, journal)


@contextmanager
def _workspace(job: Job, ports: Ports, baseline: Baseline, number: int) -> Iterator[tuple[Path, Workbench]]:
    # A worktree holds only what git tracks. Without what an earlier step installed into the checkout (node_modules,
    # .venv) every check would fail there, so without a setup the candidates take turns in the checkout.
    if number == 1 or not job.settings.checks.setup:
        yield job.root, baseline.bench
        return
    with ports.branches.worktree(job.scratch / f"candidate-{number}") as root:
        bench = open_bench(job, ports, root, f"checks-{number}")
        try:
            set_up(bench, ports.emit)
            yield root, bench
        finally:
            close_workbench(bench)


def set_up(bench: Workbench, emit: Emit) -> str:
    """Run `checks.setup`, and warn if it fails. Return a sentence on that for those who read the checks, "" if there is none."""
    setup = run_setup(bench)
    if setup is None or setup.ok:
        return ""
    why = setup.reason or f"exit code {setup.exit_code}"
    emit(Warned(f"checks.setup failed ({why}): {head_and_tail(setup.output, 1_500)}"))
    return Sentence("setup_failed", why=why)


def open_bench(job: Job, ports: Ports, root: Path, name: str) -> Workbench:
    """Open a workbench for the team's commands in `root`."""
    files = [entry.path for entry in ports.tree.entries()]
    own = [job.folder.path.resolve() / written for written in FILES]
    # At a desk a person may be working in the checkout.
    aside = job.folder.path / SET_ASIDE if root == job.root and not job.run else None
    scratch = job.scratch / name
    settings = job.settings.checks
    bench = open_workbench(
        root, settings, scratch, secrets=job.secrets, files=files, spared=own, aside=aside, tape=job.tape
    )
    return replace(bench, emit=ports.emit)


def _save(job: Job, ports: Ports, attempt: Attempt) -> None:
    """Store a change in the run folder before anything else can fail: it cost money."""
    job.folder.write_text("change.patch", ports.branches.draft_patch(attempt.change))
    if attempt.verdict is not None:
        job.folder.write_json("verification.json", attempt.verdict)
