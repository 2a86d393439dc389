"""Azure DevOps as a job reaches it: the repository of its checkout or of a rule, the target branch, board and branches."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from redimento.azure.pipelines import JobEnvironment, job_environment, variable
from redimento.change import writer
from redimento.delivery.branches import Branches
from redimento.delivery.pull_request import PullRequests
from redimento.events import Emit, Note, Warned, ignore
from redimento.locks import held
from redimento.models import network
from redimento.models.port import NOTHING_SPENT, UnaskedModel
from redimento.repository.base import CommitBase
from redimento.repository.branches import ServerBranches
from redimento.repository.checkout import Checkout, open_checkout, origin_url
from redimento.repository.remote import Credentials, fetch_branch
from redimento.repository.tree import GitTree
from redimento.repository.worktrees import worktree
from redimento.run.job import Job, Ports
from redimento.run_options import (
    RunOptions,
    checkout_beside,
    committed_name,
    load_settings,
    scratch_folder,
    server_credentials,
)
from redimento.settings import RepositoryRule, Settings
from redimento.store.tape import Tape
from redimento.text.redaction import NO_SECRETS, Secrets
from redimento.wiring.site import Site, author, job_for, journal, with_settings
from redimento.work_items.board import Board
from redimento.work_items.routing import fields_of, questions, rule_for, target_for

if TYPE_CHECKING:
    from redimento.azure.boards import AzureBoard
    from redimento.azure.client import AzureClient
    from redimento.azure.repos import AzurePullRequests
    from redimento.azure.repository import Repositories, Repository

_HEADS = "refs/heads/"


@dataclass(frozen=True)
class Connection:
    """What a job reaches of Azure DevOps."""

    agent: JobEnvironment
    client: AzureClient
    repositories: Repositories

    def repository(self, given: Checkout) -> Repository:
        """Return the repository of the checkout. Read its settings only then. Raises UsageError if it is not the job's."""
        return self.repositories.of_checkout(given.root, origin_url(given))

    def board(self, emit: Emit, settings: Settings) -> AzureBoard:
        from redimento.azure.boards import AzureBoard  # noqa: PLC0415  see `connected`

        def say(sentence: str) -> None:
            emit(Warned(sentence))

        return AzureBoard(self.client, self.agent.project, say, settings.work_items.fields)


@dataclass(frozen=True)
class Azure:
    """Azure DevOps as the run of one item sees it. `noted`: what a dry run would have pushed."""

    site: Site
    job: Job
    agent: JobEnvironment
    repository: Repository
    credentials: Credentials
    client: AzureClient
    board: AzureBoard
    pull_requests: AzurePullRequests
    branches: ServerBranches
    noted: list[str]

    def calls(self) -> tuple[str, ...]:
        """Return what a dry run would have written so far."""
        written = self.client.noted
        return (*self.noted, *(f"{write.method} {write.url} {write.summary}".strip() for write in written))


@contextmanager
def connected(
    environment: Mapping[str, str],
    secrets: Secrets = NO_SECRETS,
    *,
    dry_run: bool = False,
    deadline_seconds: float = 120.0,
    emit: Emit = ignore,
    tape: Tape | None = None,
) -> Iterator[Connection]:
    """Connect to Azure DevOps, without a request. Raises UsageError."""
    # These load HTTP and Markdown in 0.1 s, which local runs do not need.
    from redimento.azure.client import AzureClient  # noqa: PLC0415  see above
    from redimento.azure.repository import Repositories  # noqa: PLC0415  see above

    network.refuse_unusable(environment)
    agent = job_environment(environment)
    client = AzureClient(
        agent.collection_url,
        agent.token,
        deadline_seconds=deadline_seconds,
        outward="note" if dry_run else "send",
        project=agent.project,
        project_id=agent.project_id,
        certificates=network.certificates(environment),
        secrets=secrets,
        emit=emit,
        sleep=tape.pause if tape else time.sleep,
        tape=tape,
    )
    try:
        yield Connection(agent, client, Repositories(client, agent))
    finally:
        client.close()


def azure_for(
    site: Site, connection: Connection, repository: Repository, settings: Settings, item_id: int, *, stack: ExitStack
) -> Azure:
    """Return Azure DevOps for one item (0: none is known yet), in the repository and on the branch that the rules choose.

    `repository` and `settings` are those of the checkout that the options name. What is checked out for that stays until `stack` ends.
    """
    from redimento.azure.repos import AzurePullRequests  # noqa: PLC0415  see `connected`

    rules, agent = settings.repositories, connection.agent
    rule = _rule(connection, settings, item_id, site.emit) if rules and item_id else RepositoryRule()
    site, repository = _placed(site, connection, repository, settings, rule or RepositoryRule(), stack=stack)
    board = connection.board(site.emit, site.settings)
    credentials = server_credentials(site.given, site.environment, repository.url, tape=site.tape)
    # The built branch is one of the job's own repository.
    source = "" if repository.url else variable(site.environment, "BUILD_SOURCEBRANCH")
    target = _target(site, board, item_id)
    commit = site.given.head
    if not isinstance(site.settings.pull_request.target, str) and target not in ("", source.removeprefix(_HEADS)):
        # Otherwise the pull request would bring along what the built branch has and the target has not.
        commit = fetch_branch(site.given, credentials, target, depth=1) or commit
    if commit != site.given.head:
        site.emit(Note(f"The change is made on {target} at {commit[:12]}, not on the branch that was built."))
    if site.options.apart or commit != site.given.head:
        tree = stack.enter_context(worktree(site.given, commit, site.scratch / "tree"))
        site = replace(site, checkout=open_checkout(tree))
    pull_requests = AzurePullRequests(
        connection.client, repository.project, repository.project_id, repository.name, repository.id
    )
    noted: list[str] = []
    branches = ServerBranches(
        site.checkout,
        author(site.settings),
        noted.append if site.options.dry_run else None,
        site.folder.secrets,
        site.tape,
        credentials=credentials,
        own_pushes=pull_requests.own_pushes,
    )
    name = repository.name if rule else "which repository?"
    job = job_for(site, item_id, repository=name, target=target, source=source)
    job = replace(job, project=agent.project, run=agent.build_id, run_url=agent.build_url, by_hand=agent.by_hand)
    job = replace(job, undecided=() if rule else questions(rules))
    return Azure(site, job, agent, repository, credentials, connection.client, board, pull_requests, branches, noted)


def looking(site: Site, board: Board, pull_requests: PullRequests, branches: Branches) -> Ports:
    """Return the ports of a run that looks and never asks the model."""
    tree, model = GitTree(site.checkout, site.checkout.head), UnaskedModel(site.settings.model.name)
    return Ports(board, pull_requests, branches, tree, CommitBase(tree), model, lambda: NOTHING_SPENT, site.emit)


@contextmanager
def taken(checkout: Checkout, options: RunOptions, environment: Mapping[str, str], emit: Emit) -> Iterator[Path]:
    """Keep other runs out of a checkout, put back what a killed one changed in it, and provide an empty folder."""
    # A run in a worktree never touches the checkout; its item still keeps it apart from others.
    lock = f"{checkout.root} {options.work_item}" if options.apart else str(checkout.root)
    with held(lock, f"Another run is working in {checkout.root}."), scratch_folder(lock, environment) as scratch:
        # Before anything is read from the tree: a killed run may have left its change in it.
        if not options.apart and writer.recover(checkout.root, journal(checkout)):
            emit(Note("Removed the change of a killed run from the working tree."))
        yield scratch


def _rule(connection: Connection, settings: Settings, item_id: int, emit: Emit) -> RepositoryRule | None:
    names = fields_of(rule.when for rule in settings.repositories)
    item = connection.board(emit, settings).outline(item_id, names)
    return None if item is None else rule_for(item, settings.repositories)


def _target(site: Site, board: AzureBoard, item_id: int) -> str:
    """Return the target branch that the settings name, by their rules if they have some."""
    named = site.settings.pull_request.target
    if isinstance(named, str):
        return named.removeprefix(_HEADS)
    item = board.outline(item_id, fields_of(rule.when for rule in named)) if item_id else None
    return "" if item is None else target_for(item, named)


def _placed(
    site: Site,
    connection: Connection,
    repository: Repository,
    settings: Settings,
    rule: RepositoryRule,
    *,
    stack: ExitStack,
) -> tuple[Site, Repository]:
    """Return the site where a rule says that the item belongs, and the repository there."""
    own = site.given.root
    root = checkout_beside(own, site.environment, rule.path) if rule.path else own
    if root != own:
        # What a commit of this repository names for itself says nothing about another one.
        config = None if committed_name(site.given, site.options) else site.options.config
        options = replace(site.options, repo=root, config=config)
        given = open_checkout(root)
        scratch = stack.enter_context(taken(given, options, site.environment, site.emit))
        repository = connection.repositories.of_checkout(root, origin_url(given), chosen=True)
        theirs = load_settings(given, options, site.environment, site.emit, url=repository.url, tape=site.tape)
        settings = replace(theirs, work_items=settings.work_items)
        site = replace(site, options=options, given=given, checkout=given, scratch=scratch)
        site.emit(Note(f"The item belongs to the repository {repository.name}, checked out at {root}."))
    if rule.folder:
        settings = replace(settings, project=replace(settings.project, folder=rule.folder))
    return with_settings(site, settings), repository
