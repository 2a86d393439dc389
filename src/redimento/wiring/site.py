"""What every run is wired from: options, checkout, settings as they hold, folders; and the job that follows from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from redimento.azure.pipelines import in_pipeline
from redimento.errors import UsageError
from redimento.events import Emit, Warned
from redimento.repository.branch_name import branch_name, branch_pattern
from redimento.repository.branches import Author
from redimento.repository.checkout import Checkout, target_branch
from redimento.run.job import Job
from redimento.run_folder import RunFolder, dropped
from redimento.run_options import RunOptions, context_cache
from redimento.settings import Settings
from redimento.settings.projects import in_project
from redimento.store.memory import MemoryStore
from redimento.store.port import Store
from redimento.store.tape import Tape
from redimento.work_items.item import WorkItem


@dataclass(frozen=True)
class Site:
    """What local runs and Azure runs are both wired from. `issued`: the tokens so far, which are secrets, too.

    `store`: what runs share. `tape`: what this one hears from outside. `given` is the checkout that the options or a rule name; `checkout`, where the run works, is it or a worktree of it.
    """

    options: RunOptions
    given: Checkout
    checkout: Checkout
    environment: Mapping[str, str]
    folder: RunFolder
    scratch: Path
    emit: Emit
    issued: list[str]
    settings: Settings = field(default_factory=Settings)  # until they are read
    store: Store = field(default_factory=MemoryStore, repr=False)
    tape: Tape = field(default_factory=Tape, repr=False)


def recorder(folder: RunFolder, name: str, emit: Emit) -> Callable[[Any], None]:
    """Return what appends lines to a file of the folder. Once that fails the run goes on without, and warns."""
    lost = False

    def write(line: Any) -> None:
        nonlocal lost
        try:
            if not lost:
                folder.append_line(name, line)
        except UsageError as error:
            lost = True
            emit(Warned(f"This run cannot be resumed or replayed, as {name} ends here. {error}"))

    return write


def with_settings(site: Site, settings: Settings) -> Site:
    """Return the site with the settings as they hold for this run."""
    settings, most = in_force(settings, site.environment), site.options.max_cost_usd
    if most is not None:
        model = replace(settings.model, max_cost_usd=min(most, settings.model.max_cost_usd))
        settings = replace(settings, model=model)
    return replace(site, settings=settings, folder=replace(site.folder, dropped=dropped(settings.record)))


def in_force(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """Return the settings as they hold for the project of the repository, here or in a pipeline."""
    settings = in_project(settings)
    if settings.checks.isolation == "auto" and in_pipeline(environment):
        # Under the job's own account a check could take the job's token.
        settings = replace(settings, checks=replace(settings.checks, isolation="user"))
    return settings


def job_for(site: Site, item_id: int, *, repository: str, target: str, source: str = "") -> Job:
    """Return the job. Without a `target` it aims at `source`, the branch that the pipeline builds, or the default branch."""
    settings, checkout = site.settings, site.checkout
    site.tape.base = checkout.head

    def branch(item: WorkItem) -> str:
        return branch_name(settings.pull_request.branch, id=item.id, title=item.title, type=item.type)

    return Job(
        item_id=item_id,
        settings=settings,
        root=checkout.root,
        folder=site.folder,
        scratch=site.scratch,
        cache=context_cache(site.given.root, site.environment),
        journal=journal(checkout),
        target=target or target_branch(site.given, source),
        branch=branch,
        branch_like=branch_pattern(settings.pull_request.branch, id=item_id),
        repository=repository,
        base=checkout.head,
        secrets=site.folder.secrets,
        tape=site.tape,
    )


def journal(checkout: Checkout) -> Path:
    """Return where a run writes down what it changes in the tree."""
    return checkout.store.index.parent / "redimento-journal"


def author(settings: Settings) -> Author:
    """Return the author of commits."""
    return Author(settings.pull_request.author_name, settings.pull_request.author_email)
