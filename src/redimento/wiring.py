"""The composition root: the only place that knows both the ports and what stands behind them."""

from __future__ import annotations

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from redimento.azure.pipelines import in_pipeline, job_environment, variable
from redimento.change import writer
from redimento.context.tokens import estimate
from redimento.delivery.pull_request import PullRequests
from redimento.errors import RedimentoError, UsageError
from redimento.events import Note, Tell, Warned
from redimento.job import Job, Ports
from redimento.local.board import FileBoard
from redimento.local.item_file import read_item
from redimento.local.pull_requests import FolderPullRequests
from redimento.locks import held, own_folder
from redimento.models import access, prices, recorded
from redimento.models.metered import MeteredModel
from redimento.models.port import Model
from redimento.models.retrying import with_retries
from redimento.record import RunFolder, clear, open_run_folder
from redimento.repository.branch_name import branch_name
from redimento.repository.branches import Author, CheckoutBranches, ServerBranches
from redimento.repository.checkout import Checkout, dirty_paths, find_root, open_checkout, read_at, target_branch
from redimento.repository.remote import Credentials, remote_url
from redimento.repository.tree import GitTree
from redimento.settings import ModelSettings, Settings
from redimento.settings import file as settings_file
from redimento.work_items.board import Board
from redimento.work_items.item import WorkItem
from redimento.work_items.trigger import read_trigger

_SECRET_VARIABLES = ("SYSTEM_ACCESSTOKEN", "GEMINI_API_KEY", "GOOGLE_API_KEY", "AZURE_DEVOPS_EXT_PAT")


@dataclass(frozen=True)
class RunOptions:
    """What the command line says about a run."""

    work_item: str | None
    work_item_file: Path | None
    payload: Path | None
    repo: Path
    config: Path | None
    run_dir: Path | None
    dry_run: bool


@dataclass(frozen=True)
class Prepared:
    """A run that can start. `calls` lists what a dry run would have written, so far."""

    job: Job
    ports: Ports
    calls: Callable[[], tuple[str, ...]]


def take_secrets(environment: MutableMapping[str, str]) -> dict[str, str]:
    """Remove the secrets from the environment, so that no child process can inherit them, and return them."""
    return {name: environment.pop(name) for name in _SECRET_VARIABLES if name in environment}


@dataclass(frozen=True)
class _Site:
    """What both ways of running are wired from."""

    options: RunOptions
    checkout: Checkout
    settings: Settings
    environment: Mapping[str, str]
    folder: RunFolder
    tell: Tell


@contextmanager
def prepared(options: RunOptions, environment: Mapping[str, str], tell: Tell) -> Iterator[Prepared]:
    """Lend a run with everything behind its ports.

    Raises RedimentoError for whatever is wrong or missing, TakenError when another run works in this checkout or on
    this item.
    """
    checkout = open_checkout(options.repo)
    with held(str(checkout.root), f"Another run is working in {checkout.root}."):
        # Before anything is read from the tree: a run that was killed may have left its change in it.
        if writer.recover(checkout.root, _journal(checkout)):
            tell(Note("The change of a run that was killed has been taken out of the working tree."))
        settings = load_settings(checkout, options.config, environment)
        site = _Site(options, checkout, settings, environment, run_folder(options, environment), tell)
        with (
            _in_azure(site)
            if options.work_item_file is None
            else nullcontext(_on_desk(site, options.work_item_file)) as made
        ):
            clear(site.folder)
            yield made


def _on_desk(site: _Site, file: Path) -> Prepared:
    """Work on an item from a file: the pull request is a folder, the branch one of the checkout."""
    item = read_item(file)
    noted: list[str] = []
    branches = CheckoutBranches(site.checkout, _author(site.settings), noted.append if site.options.dry_run else None)
    job = _job(site, item.id, repository=site.checkout.root.name)
    folder = site.folder.path
    ports = _ports(site, FileBoard(file, folder), FolderPullRequests(folder), branches)
    return Prepared(job, ports, lambda: tuple(noted))


@contextmanager
def _in_azure(site: _Site) -> Iterator[Prepared]:
    """Work on an item of Azure Boards: the pull request is one of Azure Repos."""
    # What these load (HTTP, Markdown) takes 0.1 s, and the commands of a desk do without it.
    from redimento.azure.boards import AzureBoard  # noqa: PLC0415  see above
    from redimento.azure.client import AzureClient  # noqa: PLC0415  see above
    from redimento.azure.repos import AzurePullRequests  # noqa: PLC0415  see above

    item_id = read_trigger(site.options.work_item, site.environment, site.options.payload).item_id
    agent = job_environment(site.environment)
    noted: list[str] = []
    branches = ServerBranches(
        site.checkout,
        _author(site.settings),
        noted.append if site.options.dry_run else None,
        credentials=Credentials(remote_url(site.checkout, site.environment), agent.token),
    )
    job = _job(site, item_id, repository=agent.repository_name)
    job = replace(job, project=agent.project, run=agent.build_id, run_url=agent.build_url)
    client = AzureClient(
        agent.collection_url,
        agent.token,
        outward="note" if site.options.dry_run else "send",
        project=agent.project,
        project_id=agent.project_id,
    )
    board = AzureBoard(client, agent.project, lambda sentence: site.tell(Warned(sentence)))
    pull_requests = AzurePullRequests(
        client, agent.project, agent.project_id, agent.repository_name, agent.repository_id
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
        scratch=_scratch(checkout, site.environment),
        journal=_journal(checkout),
        target=settings.pull_request.target or target_branch(checkout, _source_branch(site)),
        branch=branch,
        repository=repository,
        locked=dirty_paths(checkout),
        secrets=site.folder.secrets,
    )


def _journal(checkout: Checkout) -> Path:
    return checkout.store.index.parent / "redimento-journal"


def _source_branch(site: _Site) -> str:
    """Return the branch that the pipeline builds; on a desk a variable left over from elsewhere must not decide."""
    return variable(site.environment, "BUILD_SOURCEBRANCH") if site.options.work_item_file is None else ""


def _ports(site: _Site, board: Board, pull_requests: PullRequests, branches: CheckoutBranches) -> Ports:
    settings = site.settings.model
    metered = MeteredModel(
        inner=_open_model(site),
        settings=settings,
        price=prices.price_of(settings),
        estimate=estimate,
        write=partial(site.folder.append_line, "conversation.jsonl"),
    )
    # The account is kept inside the retries: each attempt is billed, so each is checked against the limits.
    replayed = settings.sdk == "recorded"
    model = with_retries(
        metered,
        # Time for one call that runs into its own limit, and for a second one.
        deadline_seconds=2 * settings.call_timeout_seconds,
        sleep=_no_wait if replayed else time.sleep,
    )
    tree = GitTree(site.checkout, site.checkout.head)
    return Ports(board, pull_requests, branches, tree, model, lambda: metered.spent, site.tell)


def _no_wait(_seconds: float) -> None:
    """Replay the failures of a recording without the pauses that there were."""


def _author(settings: Settings) -> Author:
    return Author(settings.pull_request.author_name, settings.pull_request.author_email)


def load_settings(checkout: Checkout, config: Path | None, environment: Mapping[str, str]) -> Settings:
    """Return the settings: of the file named, else of the repository.

    In a pipeline the commit that was checked out counts, not the working tree, which other steps may have touched. On a
    desk the file in the working tree counts, so that it can be tried before it is committed.
    """
    if config is not None:
        return settings_file.read(config, must_exist=True)
    if not in_pipeline(environment):
        return settings_file.read(checkout.root / settings_file.NAME, must_exist=False)
    content = read_at(checkout, checkout.head, settings_file.NAME)
    return Settings() if content is None else settings_file.decode(content, settings_file.NAME)


def _open_model(site: _Site) -> Model:
    settings = site.settings.model
    if settings.sdk == "recorded":
        return recorded.open_model(_recording(settings, site))
    key = access.find_key(site.environment)
    base_url = access.find_base_url(settings.base_url, site.environment)
    # The SDKs cost 0.3 s and 50 MB each: only the one that is used is imported.
    if settings.sdk == "google-generativeai":
        from redimento.models.google_generativeai import open_model  # noqa: PLC0415  see above
    else:
        from redimento.models.google_genai import open_model  # noqa: PLC0415  see above
    return open_model(settings, key, base_url)


def _recording(settings: ModelSettings, site: _Site) -> Path:
    if not settings.recording:
        raise UsageError("model.sdk is `recorded`, but nothing is recorded.", "Set model.recording to a file.")
    path = (site.checkout.root / settings.recording).resolve()
    if path.is_relative_to(site.folder.path.resolve()):
        raise UsageError(
            f"The recording {path} lies in the folder that this run writes to.",
            "Copy it to another place, or let the run write elsewhere with --run-dir.",
        )
    return path


def run_folder(options: RunOptions, environment: Mapping[str, str]) -> RunFolder:
    """Open the folder of a run, also of one that cannot start. Raises UsageError when there is no place for it."""
    secrets = (variable(environment, name) for name in _SECRET_VARIABLES)
    return open_run_folder(_run_dir(options, environment), tuple(filter(None, secrets)))


def _run_dir(options: RunOptions, environment: Mapping[str, str]) -> Path:
    if options.run_dir is not None:
        return options.run_dir.resolve()
    name = _run_name(options, environment)
    if temporary := variable(environment, "AGENT_TEMPDIRECTORY"):
        return Path(temporary) / "redimento" / name
    root = find_root(options.repo)
    if root is None:
        raise UsageError("There is no checkout to keep the record of this run in.", "Name a folder with --run-dir.")
    return _own_folder(root) / "runs" / name


def _run_name(options: RunOptions, environment: Mapping[str, str]) -> str:
    """Return the item's number or its file's name; what is wrong with either is said when it is read in earnest."""
    file = options.work_item_file
    try:
        if file is not None:
            return str(read_item(file).id or file.stem)
        return str(read_trigger(options.work_item, environment, options.payload).item_id)
    except RedimentoError:
        return file.stem if file is not None else "unnamed"


def _own_folder(root: Path) -> Path:
    """Return `.redimento` in a checkout, hidden from git. A repository may hold a link of that name."""
    own = root / ".redimento"
    ignore = own / ".gitignore"
    if own.resolve() != root.resolve() / ".redimento" or (own / "runs").is_symlink():
        raise UsageError(f"{own} leads to another place.", "Remove the link, or name a folder with --run-dir.")
    try:
        own.mkdir(exist_ok=True)
        if not ignore.is_symlink() and not ignore.exists():
            ignore.write_text("*\n")
    except OSError as error:
        raise UsageError(f"{own} cannot be written: {error.strerror}.", "Name a folder with --run-dir.") from error
    return own


def _scratch(checkout: Checkout, environment: Mapping[str, str]) -> Path:
    """Return a folder outside the tree for journals of candidates, homes of commands and the context cache.

    One for each checkout and account; other accounts may pass through it but not look into it.
    """
    base = Path(variable(environment, "AGENT_TEMPDIRECTORY") or tempfile.gettempdir())
    name = hashlib.sha256(str(checkout.root).encode()).hexdigest()[:12]
    folder = own_folder(base, name)
    folder.chmod(0o711)
    return folder
