"""The composition root: the only module that knows both the ports and their adapters."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from redimento.azure.pipelines import in_pipeline, job_environment, variable
from redimento.change import writer
from redimento.context.tokens import estimate
from redimento.delivery.pull_request import PullRequests
from redimento.errors import UsageError
from redimento.events import Emit, Event, Note, Warned
from redimento.local.board import FileBoard
from redimento.local.item_file import read_item
from redimento.local.pull_requests import FolderPullRequests
from redimento.locks import held
from redimento.models import access, network, prices, recorded, thinking
from redimento.models.metered import MeteredModel
from redimento.models.port import Model
from redimento.models.retrying import with_retries
from redimento.repository.base import CommitBase
from redimento.repository.branch_name import branch_name, branch_pattern
from redimento.repository.branches import Author, CheckoutBranches, ServerBranches
from redimento.repository.checkout import Checkout, open_checkout, target_branch
from redimento.repository.tree import GitTree
from redimento.run.job import Job, Ports
from redimento.run_folder import RunFolder, clear
from redimento.run_options import (
    RunOptions,
    committed_name,
    context_cache,
    load_settings,
    open_folder,
    scratch_folder,
    server_credentials,
)
from redimento.settings import ModelSettings, Settings
from redimento.work_items.board import Board
from redimento.work_items.item import WorkItem
from redimento.work_items.trigger import read_trigger


@dataclass(frozen=True)
class Prepared:
    """A run that is ready to start. `calls` lists what a dry run would have written so far."""

    job: Job
    ports: Ports
    calls: Callable[[], tuple[str, ...]]


@dataclass(frozen=True)
class _Site:
    """What local runs and Azure runs are both wired from. `issued`: the tokens so far, which are secrets, too."""

    options: RunOptions
    checkout: Checkout
    settings: Settings
    environment: Mapping[str, str]
    folder: RunFolder
    scratch: Path
    emit: Emit
    issued: list[str]


@contextmanager
def prepared(options: RunOptions, environment: Mapping[str, str], emit: Emit) -> Iterator[Prepared]:
    """Provide a run with all its adapters.

    Raises RedimentoError if anything is wrong or missing, TakenError if another run works in this checkout or on this
    item.
    """
    checkout = open_checkout(options.repo)
    with (
        held(str(checkout.root), f"Another run is working in {checkout.root}."),
        scratch_folder(checkout.root, environment) as scratch,
    ):
        # Before anything is read from the tree: a killed run may have left its change in it.
        if writer.recover(checkout.root, _journal(checkout)):
            emit(Note("Removed the change of a killed run from the working tree."))
        settings = _for_pipeline(load_settings(checkout, options, environment, emit), environment)
        if options.work_item_file is None or settings.model.sdk != "recorded":
            network.refuse_unusable(environment)
        issued: list[str] = []  # the tokens that the run gets on its way
        folder = open_folder(options, environment)
        folder = replace(folder, secrets=replace(folder.secrets, issued=lambda: issued))  # those of every port

        def say(event: Event) -> None:
            emit(folder.secrets.redacted(event))

        site = _Site(options, checkout, settings, environment, folder, scratch, say, issued)
        with (
            _in_azure(site)
            if options.work_item_file is None
            else nullcontext(_local(site, options.work_item_file)) as made
        ):
            clear(site.folder)
            yield made


def _for_pipeline(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """In a pipeline let `auto` mean `user`: under the job's own account a check could take the job's token."""
    if settings.checks.isolation != "auto" or not in_pipeline(environment):
        return settings
    return replace(settings, checks=replace(settings.checks, isolation="user"))


def _local(site: _Site, file: Path) -> Prepared:
    """Work on an item from a file, with a folder as pull request and a branch of the checkout."""
    item = read_item(file, site.settings.work_items.fields)
    noted: list[str] = []
    note = noted.append if site.options.dry_run else None
    branches = CheckoutBranches(site.checkout, _author(site.settings), note, site.folder.secrets)
    job = _job(site, item.id, repository=site.checkout.root.name)
    ports = _ports(
        site, FileBoard(file, site.folder, site.settings.work_items.fields), FolderPullRequests(site.folder), branches
    )
    return Prepared(job, ports, lambda: tuple(noted))


@contextmanager
def _in_azure(site: _Site) -> Iterator[Prepared]:
    """Work on an item of Azure Boards, with a pull request in Azure Repos."""
    # These load HTTP and Markdown in 0.1 s, which local runs do not need.
    from redimento.azure.boards import AzureBoard  # noqa: PLC0415  see above
    from redimento.azure.client import AzureClient  # noqa: PLC0415  see above
    from redimento.azure.repos import AzurePullRequests  # noqa: PLC0415  see above

    item_id = read_trigger(site.options.work_item, site.environment, site.options.payload).item_id
    agent = job_environment(site.environment)
    credentials = server_credentials(site.checkout, site.environment)
    noted: list[str] = []
    job = _job(site, item_id, repository=agent.repository_name)
    job = replace(job, project=agent.project, run=agent.build_id, run_url=agent.build_url, by_hand=agent.by_hand)
    client = AzureClient(
        agent.collection_url,
        agent.token,
        outward="note" if site.options.dry_run else "send",
        project=agent.project,
        project_id=agent.project_id,
        certificates=network.certificates(site.environment),
        secrets=site.folder.secrets,
    )
    fields = site.settings.work_items.fields
    board = AzureBoard(client, agent.project, lambda sentence: site.emit(Warned(sentence)), fields)
    pull_requests = AzurePullRequests(
        client, agent.project, agent.project_id, agent.repository_name, agent.repository_id
    )
    branches = ServerBranches(
        site.checkout,
        _author(site.settings),
        noted.append if site.options.dry_run else None,
        site.folder.secrets,
        credentials=credentials,
        own_pushes=pull_requests.own_pushes,
    )

    def calls() -> tuple[str, ...]:
        return (*noted, *(f"{write.method} {write.url} {write.summary}".strip() for write in client.noted))

    item = f"{agent.collection_url} {agent.repository_id} {item_id}"
    try:
        with held(item, "Another run is working on this item."):
            yield Prepared(job, _ports(site, board, pull_requests, branches), calls)
    finally:
        client.close()


def _job(site: _Site, item_id: int, *, repository: str) -> Job:
    settings, checkout = site.settings, site.checkout

    def branch(item: WorkItem) -> str:
        return branch_name(settings.pull_request.branch, id=item.id, title=item.title, type=item.type)

    return Job(
        item_id=item_id,
        settings=settings,
        root=checkout.root,
        folder=site.folder,
        scratch=site.scratch,
        cache=context_cache(checkout.root, site.environment),
        journal=_journal(checkout),
        target=settings.pull_request.target.removeprefix("refs/heads/")
        or target_branch(checkout, _source_branch(site)),
        branch=branch,
        branch_like=branch_pattern(settings.pull_request.branch, id=item_id),
        repository=repository,
        secrets=site.folder.secrets,
    )


def _journal(checkout: Checkout) -> Path:
    return checkout.store.index.parent / "redimento-journal"


def _source_branch(site: _Site) -> str:
    """Return the branch that the pipeline builds; a local run must not pick it up from a leftover variable."""
    return variable(site.environment, "BUILD_SOURCEBRANCH") if site.options.work_item_file is None else ""


def _ports(site: _Site, board: Board, pull_requests: PullRequests, branches: CheckoutBranches) -> Ports:
    settings = site.settings.model
    metered = MeteredModel(
        inner=_open_model(site),
        settings=settings,
        price=prices.price_of(settings),
        estimate=estimate,
        write=partial(site.folder.append_line, "conversation.jsonl"),
        secrets=site.folder.secrets,
    )
    # Metering is inside the retries: each attempt is billed, so each is checked against the limits.
    replayed = settings.sdk == "recorded"
    model = with_retries(
        metered,
        # Enough for one call that times out and a second one.
        deadline_seconds=2 * settings.call_timeout_seconds,
        sleep=_no_wait if replayed else time.sleep,
    )
    tree = GitTree(site.checkout, site.checkout.head)
    return Ports(board, pull_requests, branches, tree, CommitBase(tree), model, lambda: metered.spent, site.emit)


def _no_wait(_seconds: float) -> None:
    """Replay recorded failures without waiting."""


def _author(settings: Settings) -> Author:
    return Author(settings.pull_request.author_name, settings.pull_request.author_email)


def _open_model(site: _Site) -> Model:
    settings = site.settings.model
    if settings.sdk == "recorded":
        return recorded.open_model(_recording(settings, site))
    # A file outside the checkout is the pipeline's own.
    committed = in_pipeline(site.environment) and committed_name(site.checkout, site.options) is not None
    sdk = access.find_sdk(settings, site.environment, committed=committed)
    found = access.find_access(settings, site.environment, committed=committed)
    thinking.refuse_impossible(settings, on=datetime.now(UTC).date())
    # Each SDK costs 0.3 s and 50 MB, so only the one in use is imported.
    certificates = network.certificates(site.environment)
    if sdk == "google-generativeai":
        from redimento.models import google_generativeai  # noqa: PLC0415  see above

        open_model = partial(google_generativeai.open_model, settings, found, certificates)
    else:
        from redimento.models import google_genai  # noqa: PLC0415  see above

        open_model = partial(google_genai.open_model, settings, found, certificates, site.issued)
    signed_in = "signed in as the job, without a key" if found.identity else "signed in with a key"
    site.emit(Note(f"The prompts go to {found.host} ({settings.name}), {signed_in}."))
    return open_model()


def _recording(settings: ModelSettings, site: _Site) -> Path:
    if not settings.recording:
        raise UsageError("model.sdk is `recorded`, but there is no recording.", "Set model.recording to a file.")
    path = (site.checkout.root / settings.recording).resolve()
    if path.is_relative_to(site.folder.path.resolve()):
        raise UsageError(
            f"The recording {path} is in the folder that this run writes to.",
            "Copy it elsewhere, or choose another folder with --run-dir.",
        )
    return path
