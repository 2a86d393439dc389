"""Turn one work item into one pull request: read `_stages` from top to bottom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from time import monotonic

from redimento.authoring import prompt, ticket
from redimento.authoring.conversation import LEAST_BUDGET, ModelSession
from redimento.authoring.questions import askable, quoted
from redimento.context.select import select
from redimento.context.selection import Context, Excerpt
from redimento.context.tree import part
from redimento.delivery import earlier
from redimento.errors import DiffersError, RedimentoError
from redimento.events import Emit, Loaded, Note, Warned, step
from redimento.exploration.answering import explorer
from redimento.exploration.wish import Changed, Explore, Finding, Wish
from redimento.outcome import Outcome, failure
from redimento.run.admitting import admit, refuse_unready, taken_again
from redimento.run.attempt import Attempt
from redimento.run.candidates import SET_ASIDE, Baseline, attempts, open_bench, set_up
from redimento.run.delivering import comment, deliver
from redimento.run.finishing import finish
from redimento.run.job import Admitted, Finished, Job, Ports, Stopped, Wanted
from redimento.run.showing import begin
from redimento.run.standing import kept_change
from redimento.sandbox.bench import Workbench, abandon, close_workbench
from redimento.text.wording import Sentence
from redimento.verification.checks import run_baseline, without_new_reports
from redimento.verification.evidence import Checks
from redimento.work_items.attachment import Shown, open_all
from redimento.work_items.item import WorkItem, written_text

# The claim, what to clean up, and a place for the admitted item.
Begun = list[tuple[Admitted, Finished]]  # and what to say if nothing else can be said
Stages = Callable[[Job, Ports, ExitStack, ExitStack, Begun], Finished]

_NAMED = 5
_LONGEST_CLUE = 20_000  # characters of an attachment that help to choose the context

BROKEN_OFF = Outcome("failed", Sentence("broken_off"), Sentence("log_says_why"))
COLLECTED = Outcome("continues", Sentence("collected"))
AUTHORED = Outcome("continues", Sentence("authored"))


def run(job: Job, ports: Ports) -> Finished:
    """Take one work item through all steps and return how the run ended, even if it failed.

    The working tree is always restored, and the claim released unless nothing else tells of the run. Raises only for a bug
    or an interruption.
    """
    return settled(job, ports, _stages)


def settled(job: Job, ports: Ports, stages: Stages) -> Finished:
    """Take all stages and return how they ended, as `run` does."""
    started = monotonic()
    begun: Begun = []
    with ExitStack() as claim, ExitStack() as cleanup:
        try:
            finished = stages(job, ports, claim, cleanup, begun)
        except RedimentoError as error:
            job.tape.go_on()
            failed = failure(error)
            finished = Finished(failed, begun[0][0].item if begun else None)
            if begun:  # while the claim holds: the next run reads the comment
                tell(job, ports, claim, begun[0][0], finished)
        except BaseException:  # an interruption, or a bug
            job.tape.go_on()
            if begun:
                tell(job, ports, claim, *begun[0])
            raise
    return replace(finished, spent=ports.spent(), seconds=monotonic() - started)


def _stages(job: Job, ports: Ports, claim: ExitStack, cleanup: ExitStack, begun: Begun) -> Finished:
    with step(ports.emit, "admit", "Load the work item"):
        item = load(job, ports)
        admitted = admit(job, ports, item)
        if isinstance(admitted, Stopped) and not admitted.settles:
            return Finished(admitted.outcome, item)
        if job.run:
            claimed = ports.board.claim(item, job.run)
            if claimed is None:
                return Finished(Outcome("skipped", Sentence("another_run")), item)
            claim.callback(release, job, ports)
            # Another run may have delivered between our look at the item and the claim.
            overtaken = claimed.revision > item.revision + 1
            item = seen(job, claimed)
            admitted = admit(job, ports, item) if overtaken else replace(admitted, item=item)
        if isinstance(admitted, Stopped):
            ended = finish(job, ports, admitted) if admitted.settles else None
            return Finished(ended or admitted.outcome, item)
        begun.append((admitted, Finished(BROKEN_OFF, item)))
        if job.undecided:
            return _asked(job, ports, admitted)
        refuse_unready(job, ports, admitted)
        admitted = begin(job, ports, admitted)
        begun[0] = (admitted, begun[0][1])
    wanted = kept_change(job, ports, admitted)
    attachments = attachments_of(job, ports, item)
    if job.tape.reached("collected"):
        claim.pop_all()  # the job that delivers is of the same build
        return Finished(COLLECTED, item)
    if job.failed:
        return _told(job, ports, claim, admitted, job.failed)
    context, made = write(job, ports, cleanup, item, attachments=attachments, wanted=wanted)
    if job.tape.reached("authored"):
        return Finished(AUTHORED, item, context, made)
    again = taken_again(job, ports, admitted)
    if isinstance(again, Outcome):
        return Finished(again, item, context, made)
    return _delivered(job, ports, claim, again, begun, context=context, made=made, wanted=wanted)


def _told(job: Job, ports: Ports, claim: ExitStack, admitted: Admitted, failed: Finished) -> Finished:
    """Tell how the part before this one has failed."""
    job.tape.go_on()
    again = taken_again(job, ports, admitted)
    if isinstance(again, Outcome):
        return Finished(again, admitted.item)
    finished = replace(failed, item=admitted.item)
    tell(job, ports, claim, admitted, finished)
    return finished


def _delivered(
    job: Job,
    ports: Ports,
    claim: ExitStack,
    admitted: Admitted,
    begun: Begun,
    *,
    context: Context,
    made: tuple[Attempt, ...],
    wanted: Wanted,
) -> Finished:
    """Deliver the best attempt and tell how the run ended."""
    try:
        with step(ports.emit, "deliver", "Deliver the change"):
            ended, report, admitted = deliver(
                job, ports, admitted, made[0], of=len(made), on_top=bool(wanted.standing.files)
            )
    except RedimentoError as error:
        # Report the change and its checks anyway: they cost money, and the run folder has them.
        ended, report = failure(error), None
    finished = Finished(ended, admitted.item, context, made, report)
    begun[0] = (admitted, finished)
    tell(job, ports, claim, admitted, finished)
    return finished


def _asked(job: Job, ports: Ports, admitted: Admitted) -> Finished:
    """Ask on the item to which repository it belongs: a guess could push to the wrong one."""
    asked = Outcome("questions", Sentence("no_rule_fits"), Sentence("let_a_rule_fit"), questions=job.undecided)
    comment(job, ports, admitted, asked)
    return Finished(asked, admitted.item)


def write(
    job: Job,
    ports: Ports,
    cleanup: ExitStack,
    item: WorkItem,
    *,
    attachments: Sequence[Shown],
    wanted: Wanted,
) -> tuple[Context, tuple[Attempt, ...]]:
    """Return what the model saw, and all attempts, the best first. Raises RedimentoError."""
    with step(ports.emit, "gather", "Select the context"):
        context = gather(job, ports, item, attachments, wanted)
    with step(ports.emit, "author", "Write, check and repair the change"):
        author = partial(_author, job, ports, cleanup, item, context, attachments=attachments, wanted=wanted)
        try:
            made = author()
        except DiffersError:
            if job.tape.alone or job.tape.part:
                raise
            job.tape.ask_again()
            ports.emit(Note("The checks of the earlier run judged something else, so they run again."))
            made = author()
    return context, made


def _author(
    job: Job,
    ports: Ports,
    cleanup: ExitStack,
    item: WorkItem,
    context: Context,
    *,
    attachments: Sequence[Shown],
    wanted: Wanted,
) -> tuple[Attempt, ...]:
    bench = open_bench(job, ports, job.root, "checks")
    cleanup.callback(close_workbench, bench)
    cleanup.enter_context(without_new_reports(bench))
    if job.settings.checks.commands:
        risky = job.run and job.settings.checks.isolation == "process"
        ports.emit((Warned if risky else Note)(bench.isolation.sentences))
    baseline = _start_baseline(bench, ports.emit, cleanup)
    looked_up: list[Excerpt] = []
    session = open_session(job, ports, item, context, looked_up, attachments=attachments, wanted=wanted)
    done = job.secrets.redacted(attempts(job, ports, session, item, baseline, standing=wanted.standing))
    made = tuple(
        _with_askable(one, job, item, (*context.excerpts, *context.conventions, *looked_up), wanted) for one in done
    )
    if moved := bench.memory.set_aside:
        listed = ", ".join(sorted(set(moved))[:_NAMED])
        place = job.folder.path / SET_ASIDE
        ports.emit(
            Warned(f"New files in the checkout must not judge the change; they were moved to {place}: {listed}.")
        )
    return made


def tell(job: Job, ports: Ports, claim: ExitStack, admitted: Admitted, finished: Finished) -> None:
    """Comment on the item; the claim stays where that fails after the run has cost something."""
    if job.tape.part == "author":  # which has no token
        return
    said = comment(job, ports, admitted, finished.outcome, report=finished.report)
    if not said:
        _keep_if_paid(ports, claim)


def _keep_if_paid(ports: Ports, claim: ExitStack) -> None:
    """Let the claim stay if nothing else tells a later run that this one has cost something."""
    if ports.spent().calls:
        claim.pop_all()


def load(job: Job, ports: Ports) -> WorkItem:
    """Return the item of the job."""
    item = seen(job, ports.board.load(job.item_id))
    ports.emit(Loaded(item.id, item.type, item.title))
    return item


def seen(job: Job, item: WorkItem) -> WorkItem:
    """Return the item without secrets, and keep it in the run folder."""
    item = job.secrets.redacted(item)
    job.folder.write_json("work-item.json", item)
    return item


def attachments_of(job: Job, ports: Ports, item: WorkItem) -> tuple[Shown, ...]:
    """Return the attachments and pictures of the item, without secrets."""
    shown = job.secrets.redacted(open_all(item, earlier.others(item, job.marker), ports.board.read))
    if shown:
        job.folder.write_json("attachments.json", shown)
        refused = [f"{one.name} ({one.refused.rstrip('.')})" for one in shown if one.refused]
        not_shown = f"; not shown: {', '.join(refused[:_NAMED])}" if refused else ""
        ports.emit(Note(f"{len(shown) - len(refused)} of {len(shown)} attachments and pictures are shown{not_shown}."))
    return shown


def gather(job: Job, ports: Ports, item: WorkItem, attachments: Sequence[Shown], wanted: Wanted) -> Context:
    """Return what the model sees of the repository."""
    texts = (one.text[:_LONGEST_CLUE] for one in attachments if one.text)
    project = job.settings.project
    selected = select(
        part(ports.tree, project.folder, project.conventions),
        "\n\n".join([written_text(item, earlier.others(item, job.marker)), *wanted.texts, *texts]),
        settings=replace(job.settings.context, exclude=hidden(job, ports)),
        budget=job.settings.context.budget_tokens,
        conventions=project.conventions,
        cache=job.cache,
    )
    context = job.secrets.redacted(selected)
    job.folder.write_json("context.json", context)
    ports.emit(Note(f"{len(context.excerpts)} files selected, about {context.tokens:,} tokens."))
    return context


def _start_baseline(bench: Workbench, emit: Emit, cleanup: ExitStack) -> Baseline:
    """Start setup and baseline, which run while the model works."""

    def work() -> Checks:
        failed = set_up(bench, emit)
        return replace(run_baseline(bench), setup=failed)

    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="baseline")
    cleanup.callback(pool.shutdown, wait=True, cancel_futures=True)
    cleanup.callback(abandon, bench)  # runs first, so that a finished run does not wait for its baseline
    return Baseline(bench, pool.submit(work).result)


def open_session(
    job: Job,
    ports: Ports,
    item: WorkItem,
    context: Context,
    looked_up: list[Excerpt],
    *,
    attachments: Sequence[Shown],
    wanted: Wanted,
) -> ModelSession:
    """Return what all conversations of the run share."""
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
        team_language=settings.language,
        item_budget=max(settings.context.budget_tokens // 3, ticket.LEAST_BUDGET),
        answers=earlier.answers(item, job.marker),
        requests=wanted.requests,
        difference=wanted.difference,
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


def hidden(job: Job, ports: Ports) -> tuple[str, ...]:
    """Return the patterns of files that the model must not see: also of those that git stores in another form."""
    return (*job.settings.context.exclude, *ports.base.filtered)


def _with_askable(attempt: Attempt, job: Job, item: WorkItem, excerpts: Sequence[Excerpt], wanted: Wanted) -> Attempt:
    written = "\n\n".join([written_text(item, earlier.others(item, job.marker)), *wanted.texts])
    answer = attempt.answer
    questions = askable(answer.questions, written, excerpts)
    reason = " ".join(askable([answer.nothing_to_do], written, excerpts))  # the comment shows it as well
    return replace(attempt, answer=replace(answer, questions=questions, nothing_to_do=reason))


def _explorer(job: Job, ports: Ports, context: Context, looked_up: list[Excerpt]) -> Explore:
    answered = explorer(ports.tree, exclude=hidden(job, ports), best=context.best, cache=job.cache, secrets=job.secrets)

    def explore(wishes: Sequence[Wish], changed: Changed) -> Sequence[Finding]:
        findings = answered(wishes, changed)
        for finding in findings:
            looked_up.extend((*finding.excerpts, *quoted(finding)))
        return findings

    return explore


def release(job: Job, ports: Ports) -> None:
    """Release the claim of the run."""
    if not job.run or job.tape.part == "author":
        return
    try:
        ports.board.release(job.item_id, job.run)
    except RedimentoError as error:
        ports.emit(Warned(f"The claim on the work item could not be released. {error}"))
