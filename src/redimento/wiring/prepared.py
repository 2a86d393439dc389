"""A run with all its adapters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from shutil import copytree
from time import monotonic

from redimento.azure.pipelines import variable
from redimento.delivery.pull_request import PullRequests
from redimento.delivery.review import Review
from redimento.errors import RedimentoError, UsageError
from redimento.events import Emit, Event, Note, Warned
from redimento.local.board import FileBoard
from redimento.local.item_file import read_item
from redimento.local.pull_requests import FolderPullRequests
from redimento.locks import held
from redimento.models import network
from redimento.repository.base import CommitBase
from redimento.repository.branches import CheckoutBranches
from redimento.repository.checkout import open_checkout
from redimento.repository.tree import GitTree
from redimento.run.job import Finished, Job, Ports
from redimento.run_folder import clear, keep_newest, open_run_folder
from redimento.run_options import RunOptions, load_settings, open_folder
from redimento.store import past
from redimento.store.tape import WIRE, Tape
from redimento.wiring import parts, playback
from redimento.wiring.organisation import azure_for, connected, looking, taken
from redimento.wiring.service import metered_model
from redimento.wiring.site import Site, author, job_for, recorder, with_settings
from redimento.wiring.store import KEY, open_store
from redimento.work_items.board import Board
from redimento.work_items.routing import target_for
from redimento.work_items.trigger import read_pull_request, read_trigger


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to start.

    `calls` lists what a dry run would have written so far. `review`: the pull request that the run is about, if it is not
    about a work item.
    """

    job: Job
    ports: Ports
    calls: Callable[[], tuple[str, ...]]
    review: Review | None = None


@contextmanager
def prepared(
    options: RunOptions, environment: Mapping[str, str], emit: Emit, tape: Tape | None = None
) -> Iterator[Prepared]:
    """Provide a run with all its adapters. `tape`: what it hears from outside.

    Raises RedimentoError if anything is wrong or missing, TakenError if another run works in this checkout or on this
    item.
    """
    given = open_checkout(options.repo)
    with taken(given, options, environment, emit) as scratch:
        issued: list[str] = []  # the tokens that the run gets on its way
        folder = open_folder(options, environment)
        folder = replace(folder, secrets=replace(folder.secrets, issued=lambda: issued))  # those of every port

        def say(event: Event) -> None:
            emit(folder.secrets.redacted(event))

        store = open_store(environment, say)
        tape = tape or Tape(secret=variable(environment, KEY).encode())
        site = Site(options, given, given, environment, folder, scratch, say, issued, store=store, tape=tape)
        with (
            _in_azure(site)
            if options.work_item_file is None
            else nullcontext(_local(site, options.work_item_file)) as made
        ):
            if options.resume is not None and not (tape.alone or tape.part):
                playback.refuse_other(options.resume, made.job)
            clear(folder)
            if options.desk and not tape.alone:  # a replay may write anywhere
                keep_newest(folder.path)
            if tape.text:
                made.job.folder.write_text(WIRE, tape.text)
            # A part that cannot be recorded has nothing to hand on.
            tape.open(partial(folder.append_line, WIRE) if tape.part else recorder(made.job.folder, WIRE, say))
            parts.refuse_other_start(options.resume or folder.path, playback.start_of(site, made.job), tape)
            past_counts = "model" not in tape.plays and made.job.settings.model.sdk != "recorded"
            began, repository = monotonic(), variable(environment, "BUILD_REPOSITORY_URI") or str(given.root)
            if past_counts and (sentence := past.expected(store, repository)):
                say(Note(sentence))
            if tape.part == "deliver":
                say(Note("Model and checks are not asked here: what they told the job before is told again."))
            yield made
            if past_counts and (spent := made.ports.spent()).calls:
                past.remember(store, repository, usd=spent.usd, seconds=monotonic() - began)


def _local(site: Site, file: Path) -> Prepared:
    """Work on an item from a file, with a folder as pull request and a branch of the checkout."""
    site = with_settings(site, load_settings(site.given, site.options, site.environment, site.emit))
    if site.settings.model.sdk != "recorded" and not site.tape.alone:
        network.refuse_unusable(site.environment)
    # These choose among the items of a board; whoever names a file has chosen.
    rules = replace(site.settings.work_items, states=(), tags=(), areas=())
    site = replace(site, settings=replace(site.settings, work_items=rules))
    item = read_item(file, rules.fields)
    noted: list[str] = []
    note = noted.append if site.options.dry_run else None
    branches = CheckoutBranches(site.checkout, author(site.settings), note, site.folder.secrets, site.tape)
    desk = site.folder
    if site.options.desk and not site.options.dry_run:
        desk = open_run_folder(site.options.desk, site.folder.secrets)
    elif site.options.desk and site.options.desk.exists():  # a dry run writes into a copy of what earlier runs left
        copytree(site.options.desk, desk.path, dirs_exist_ok=True)
    target = target_for(item, site.settings.pull_request.target)
    job = job_for(site, item.id, repository=site.checkout.root.name, target=target)
    if job.branch(item) == site.given.branch and not site.options.dry_run:
        raise UsageError(
            f"The branch {site.given.branch} is checked out, and the run would change it.",
            "Switch to the branch that the change is for, such as `git switch main`, then run again.",
        )
    board = FileBoard(file, desk, site.settings.work_items.fields, site.tape)
    return Prepared(job, _ports(site, board, FolderPullRequests(desk), branches), lambda: tuple(noted))


@contextmanager
def _in_azure(site: Site) -> Iterator[Prepared]:
    """Work on an item of Azure Boards, with a pull request in Azure Repos, or on such a pull request."""
    from redimento.azure.review import AzureReview  # noqa: PLC0415  loads HTTP, which local runs do not need

    options, environment = site.options, site.environment
    number = item_id = 0  # a pull request says itself which item it is for
    if options.revise:
        number = read_pull_request(options.pull_request, environment, options.payload)
    else:
        item_id = read_trigger(options.work_item, environment, options.payload).item_id
    with ExitStack() as stack:
        secrets = site.folder.secrets
        connection = stack.enter_context(
            connected(environment, secrets, dry_run=options.dry_run, emit=site.emit, tape=site.tape)
        )
        repository = connection.repository(site.given)
        settings = load_settings(site.given, options, environment, site.emit, tape=site.tape)
        azure = azure_for(site, connection, repository, settings, item_id, stack=stack)
        subject = f"pull request {number}" if number else str(item_id)
        kind = "pull request" if number else "item"
        lock = f"{azure.agent.collection_url} {azure.repository.id} {subject}"
        stack.enter_context(held(lock, f"Another run is working on this {kind}."))
        review = AzureReview(azure.client, azure.pull_requests, number) if number else None
        if site.tape.part and WIRE in azure.site.folder.dropped:
            raise UsageError(
                f"With `record: {azure.site.settings.record}` a run has nothing to hand on from one job to the next.",
                "Set `record: full`, or use the form of the pipeline with one job.",
            )
        most = azure.site.settings.model.max_cost_usd
        failed = parts.earlier_end(site.tape, most)
        ported = partial(_ports, azure.site, azure.board, azure.pull_requests, azure.branches)
        try:
            ports = ported(failed)
        except RedimentoError as error:
            if site.tape.part != "deliver":
                raise
            site.emit(Warned(f"What the job with the checks has left cannot be used. {error}"))
            failed = parts.broken_off(most)  # and the work item is told
            ports = ported(failed)
        repeated = site.tape.part == "deliver" and variable(environment, "SYSTEM_JOBATTEMPT") not in ("", "1")
        yield Prepared(replace(azure.job, failed=failed, repeated=repeated), ports, azure.calls, review)


def _ports(
    site: Site, board: Board, pull_requests: PullRequests, branches: CheckoutBranches, failed: Finished | None = None
) -> Ports:
    if failed or site.tape.part == "collect":
        looked = looking(site, board, pull_requests, branches)
        return replace(looked, spent=lambda: failed.spent) if failed else looked
    model, spent = metered_model(site)
    tree = GitTree(site.checkout, site.checkout.head)
    return Ports(board, pull_requests, branches, tree, CommitBase(tree), model, spent, site.emit)
