"""Turn one work item into one pull request: read `_stages` from top to bottom."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from time import monotonic

from redimento.authoring import prompt, ticket
from redimento.authoring.conversation import LEAST_BUDGET, ModelSession
from redimento.authoring.questions import askable
from redimento.change.guards.steering import steering_files
from redimento.context.select import select
from redimento.context.selection import Context, Excerpt
from redimento.delivery import earlier, texts
from redimento.delivery.criteria import assess
from redimento.delivery.publish import Delivery, outcome, publish
from redimento.delivery.readiness import draft_reasons
from redimento.delivery.report import Report, check_lines, file_lines, further_proofs
from redimento.errors import RedimentoError, UsageError
from redimento.events import Emit, Note, Warned, step
from redimento.exploration.answering import explorer
from redimento.exploration.wish import Changed, Explore, Finding, Wish
from redimento.models.port import ModelError, total_tokens
from redimento.outcome import Outcome, failure
from redimento.run.attempt import Attempt
from redimento.run.candidates import SET_ASIDE, Baseline, attempts, open_bench, set_up
from redimento.run.job import Admitted, Finished, Job, Ports
from redimento.sandbox.bench import Workbench, abandon, close_workbench
from redimento.verification.checks import run_baseline
from redimento.verification.evidence import Checks
from redimento.work_items.admission import refusal
from redimento.work_items.attachment import Shown, open_all
from redimento.work_items.item import WorkItem, written_text

_NAMED = 5
_LONGEST_CLUE = 20_000  # characters of an attachment that help to choose the context


def run(job: Job, ports: Ports) -> Finished:
    """Take one work item through all steps and return how the run ended, even if it failed.

    The claim is always released and the working tree always restored. Raises only for a bug or an interruption.
    """
    started = monotonic()
    seen: list[WorkItem] = []
    try:
        with ExitStack() as cleanup:
            finished = _stages(job, ports, cleanup, seen)
    except RedimentoError as error:
        failed = failure(error)
        finished = Finished(failed, seen[0] if seen else None)
        if seen:
            _comment(job, ports, seen[0], failed, None)
    return replace(finished, spent=ports.spent(), seconds=monotonic() - started)


def _stages(job: Job, ports: Ports, cleanup: ExitStack, seen: list[WorkItem]) -> Finished:
    with step(ports.emit, "admit", "Load the work item"):
        item = _load(job, ports)
        admitted = _admit(job, ports, item)
        if isinstance(admitted, Outcome):
            return Finished(admitted, item)
        if job.run and ports.board.claim(item, job.run) == "taken":
            return Finished(Outcome("skipped", "Another run is working on this item."), item)
        cleanup.callback(_release, job, ports)
        seen.append(item)
        attachments = _attachments(job, ports, item)
    with step(ports.emit, "gather", "Select the context"):
        context = _gather(job, ports, item, attachments)
    with step(ports.emit, "author", "Write, check and repair the change"):
        bench = open_bench(job, ports, job.root, "checks")
        cleanup.callback(close_workbench, bench)
        if job.settings.checks.commands:
            risky = job.run and job.settings.checks.isolation == "process"
            ports.emit((Warned if risky else Note)(bench.isolation.sentences))
        baseline = _start_baseline(bench, ports.emit, cleanup)
        looked_up: list[Excerpt] = []
        session = _session(job, ports, item, context, looked_up, attachments=attachments)
        done = job.secrets.redacted(attempts(job, ports, session, item, baseline))
        made = tuple(
            _with_askable(one, job, item, (*context.excerpts, *context.conventions, *looked_up)) for one in done
        )
        if moved := bench.memory.set_aside:
            listed = ", ".join(sorted(set(moved))[:_NAMED])
            place = job.folder.path / SET_ASIDE
            ports.emit(
                Warned(f"New files in the checkout must not judge the change; they were moved to {place}: {listed}.")
            )
    try:
        with step(ports.emit, "deliver", "Deliver the change"):
            ended, report = _deliver(job, ports, admitted, made[0], of=len(made))
    except RedimentoError as error:
        # Report the change and its checks anyway: they cost money, and the run folder has them.
        ended, report = failure(error), None
        _comment(job, ports, item, ended, None)
    return Finished(ended, item, context, made, report)


def _load(job: Job, ports: Ports) -> WorkItem:
    item = job.secrets.redacted(ports.board.load(job.item_id))
    job.folder.write_json("work-item.json", item)
    ports.emit(Note(f"{item.type}{f' {item.id}' if item.id else ''}: {item.title}"))
    return item


def _admit(job: Job, ports: Ports, item: WorkItem) -> Admitted | Outcome:
    reason = refusal(item, job.settings.work_items, job.project)
    if reason is not None:
        return Outcome("skipped", reason)
    if not ports.branches.exists(job.target):
        raise UsageError(
            f"The target branch {job.target} does not exist on the server.",
            "Correct `pull_request.target` in .redimento.yml, or start the run on an existing branch.",
        )
    branch = job.branch(item)
    tip = ports.branches.tip(branch, item.id)
    known = ports.pull_requests.find(branch, job.target)
    reason = earlier.reason_to_stop(item, branch, tip, known, marker=job.marker)
    if reason is not None:
        skipped = Outcome("skipped", reason, branch=branch)
        return replace(skipped, pull_request_id=known.id, pull_request_url=known.url) if known else skipped
    return Admitted(item, branch, tip, earlier.reference(item, job.marker))


def _release(job: Job, ports: Ports) -> None:
    if not job.run:
        return
    try:
        ports.board.release(job.item_id, job.run)
    except RedimentoError as error:
        ports.emit(Warned(f"The claim on the work item could not be released. {error}"))


def _attachments(job: Job, ports: Ports, item: WorkItem) -> tuple[Shown, ...]:
    shown = job.secrets.redacted(open_all(item, earlier.others(item, job.marker), ports.board.read))
    if shown:
        job.folder.write_json("attachments.json", shown)
        refused = [f"{one.name} ({one.refused.rstrip('.')})" for one in shown if one.refused]
        not_shown = f"; not shown: {', '.join(refused[:_NAMED])}" if refused else ""
        ports.emit(Note(f"{len(shown) - len(refused)} of {len(shown)} attachments and pictures are shown{not_shown}."))
    return shown


def _gather(job: Job, ports: Ports, item: WorkItem, attachments: Sequence[Shown]) -> Context:
    texts = (one.text[:_LONGEST_CLUE] for one in attachments if one.text)
    selected = select(
        ports.tree,
        "\n\n".join([written_text(item, earlier.others(item, job.marker)), *texts]),
        settings=replace(job.settings.context, exclude=_hidden(job, ports)),
        budget=job.settings.context.budget_tokens,
        conventions=job.settings.project.conventions,
        cache=job.cache,
    )
    context = job.secrets.redacted(selected)
    job.folder.write_json("context.json", context)
    ports.emit(Note(f"{len(context.excerpts)} files selected, about {context.tokens:,} tokens."))
    return context


def _start_baseline(bench: Workbench, emit: Emit, cleanup: ExitStack) -> Baseline:
    """Start setup and baseline, which run while the model works."""

    def work() -> Checks:
        set_up(bench, emit)
        return run_baseline(bench)

    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="baseline")
    cleanup.callback(pool.shutdown, wait=True, cancel_futures=True)
    cleanup.callback(abandon, bench)  # runs first, so that a finished run does not wait for its baseline
    return Baseline(bench, pool.submit(work).result)


def _session(
    job: Job,
    ports: Ports,
    item: WorkItem,
    context: Context,
    looked_up: list[Excerpt],
    *,
    attachments: Sequence[Shown],
) -> ModelSession:
    settings = job.settings
    brief = prompt.briefing(
        item,
        context,
        settings.project,
        change=settings.change,
        filtered=ports.base.filtered,
        checks=settings.checks.commands,
        comments=earlier.others(item, job.marker),
        attachments=attachments,
        item_budget=max(settings.context.budget_tokens // 3, ticket.LEAST_BUDGET),
    )
    budget = max(settings.context.budget_tokens, LEAST_BUDGET)
    notebook = settings.authoring.notebook_tokens
    return ModelSession(
        ports.model,
        settings.model,
        brief,
        _explorer(job, ports, context, looked_up),
        settings.model.thinking,
        budget,
        budget if notebook is None else notebook,
    )


def _hidden(job: Job, ports: Ports) -> tuple[str, ...]:
    """Return the patterns of files that the model must not see: also of those that git stores in another form."""
    return (*job.settings.context.exclude, *ports.base.filtered)


def _with_askable(attempt: Attempt, job: Job, item: WorkItem, seen: Sequence[Excerpt]) -> Attempt:
    written = written_text(item, earlier.others(item, job.marker))
    answer = attempt.answer
    questions = askable(answer.questions, written, seen)
    reason = " ".join(askable([answer.nothing_to_do], written, seen))  # the comment shows it as well
    return replace(attempt, answer=replace(answer, questions=questions, nothing_to_do=reason))


def _explorer(job: Job, ports: Ports, context: Context, looked_up: list[Excerpt]) -> Explore:
    best = [excerpt.path for excerpt in context.excerpts]
    answered = explorer(ports.tree, exclude=_hidden(job, ports), best=best, cache=job.cache)

    def explore(wishes: Sequence[Wish], changed: Changed) -> list[Finding]:
        findings: list[Finding] = job.secrets.redacted([*answered(wishes, changed)])
        looked_up.extend(excerpt for finding in findings for excerpt in finding.excerpts)
        return findings

    return explore


def _deliver(job: Job, ports: Ports, admitted: Admitted, attempt: Attempt, *, of: int) -> tuple[Outcome, Report | None]:
    item, answer = admitted.item, attempt.answer
    if not attempt.change.files:
        if answer.questions:
            asked = Outcome("questions", "The work item leaves open what to build.", questions=answer.questions)
            _comment(job, ports, item, asked, None)
            _move(job, ports, job.settings.updates.state_questions)
            return asked, None
        if not answer.nothing_to_do:
            raise ModelError(
                "The model's answer changes nothing, and does not say that nothing has to change.",
                "Run again; conversation.jsonl in the run folder has the answer.",
                kind="unreadable",
            )
        nothing = f"The model found nothing to change: {answer.nothing_to_do}".strip()
        idle = Outcome("skipped", nothing, "If something is missing, add it to the work item and run again.")
        _comment(job, ports, item, idle, None)
        return idle, None
    report = _report(job, ports, admitted, attempt, of=of)
    delivery = Delivery(
        item, attempt.change, report, admitted.branch, job.target, admitted.tip, admitted.reference,
        draft=bool(report.draft_reasons),
    )  # fmt: skip
    commit, pull_request = publish(delivery, ports.branches, ports.pull_requests, job.settings.pull_request)
    for warning in pull_request.warnings:
        ports.emit(Warned(warning))
    ended = outcome(delivery, commit, pull_request)
    job.folder.write_json("delivery.json", ended)
    _comment(job, ports, item, ended, report)
    _move(job, ports, job.settings.updates.state_delivered)
    return ended, report


def _report(job: Job, ports: Ports, admitted: Admitted, attempt: Attempt, *, of: int) -> Report:
    item, tip, spent, verdict = admitted.item, admitted.tip, ports.spent(), attempt.verdict
    holds_others = tip is not None and tip.holds_others
    criteria = assess(item.acceptance_criteria, attempt.answer.criteria, verdict)
    return Report(
        item=item,
        summary=attempt.answer.summary or f"A change for: {item.title}",
        criteria=criteria,
        verdict=verdict,
        further_proofs=further_proofs(criteria, verdict),
        files=file_lines(attempt.change),
        new_dependencies=attempt.change.new_dependencies,
        checks=check_lines(verdict) if verdict else (),
        draft_reasons=draft_reasons(
            verdict, attempt.answer, attempt.stopped, attempt.change, holds_others=holds_others
        ),
        questions=attempt.answer.questions,
        rounds=attempt.rounds,
        model=ports.model.name,
        tokens=total_tokens(spent.usage),
        usd=spent.usd,
        estimated_usd=spent.estimated_usd,
        run_url=job.run_url,
        documentation=attempt.answer.documentation,
        build_instructions=attempt.answer.build_instructions,
        candidate=attempt.number,
        candidates=of,
        steering=steering_files(attempt.change.files, job.settings.project.conventions),
    )


def _comment(job: Job, ports: Ports, item: WorkItem, ended: Outcome, report: Report | None) -> None:
    """Comment on the work item; a failed comment must not fail the run."""
    if not job.settings.updates.comment:
        return
    now = earlier.reference(item, job.marker)
    reference = earlier.asked(now) if ended.kind == "questions" else now
    text = texts.comment(item, ended, report, marker=job.marker, reference=reference)
    try:
        ports.board.comment(item.id, job.marker, text)
    except RedimentoError as error:
        ports.emit(Warned(f"The comment on the work item could not be written. {error}"))


def _move(job: Job, ports: Ports, state: str) -> None:
    if not state:
        return
    try:
        ports.board.set_state(job.item_id, state)
    except RedimentoError as error:
        ports.emit(Warned(f"The work item could not be moved to {state}. {error}"))
