"""`redimento context --prompt`, and for an item of Azure Boards: what a run would send, from where a run has it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from redimento.events import Event
from redimento.local.board import FileBoard
from redimento.local.item_file import read_item
from redimento.local.pull_requests import FolderPullRequests
from redimento.repository.branches import CheckoutBranches
from redimento.repository.checkout import open_checkout
from redimento.run.job import Job, Ports
from redimento.run.preview import Preview, preview
from redimento.run_folder import RunFolder
from redimento.run_options import RunOptions, known_secrets, load_settings
from redimento.wiring.organisation import azure_for, connected, looking
from redimento.wiring.site import Site, author, job_for, with_settings
from redimento.work_items.trigger import read_trigger


def look_ahead(options: RunOptions, environment: Mapping[str, str], budget: int | None = None) -> Preview:
    """Return what a run with these options would send first. Nothing is written outside a temporary folder.

    Raises RedimentoError.
    """
    given = open_checkout(options.repo)
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder = RunFolder(scratch, known_secrets(environment))
        site = Site(options, given, given, environment, folder, scratch, _say_nothing, [])
        job, ports = _in_azure(site, stack) if options.work_item_file is None else _local(site, options.work_item_file)
        if budget is not None:
            context = replace(job.settings.context, budget_tokens=budget)
            job = replace(job, settings=replace(job.settings, context=context))
        return preview(job, ports)


def _in_azure(site: Site, stack: ExitStack) -> tuple[Job, Ports]:
    number = read_trigger(site.options.work_item, site.environment, site.options.payload).item_id
    connection = stack.enter_context(connected(site.environment, site.folder.secrets, dry_run=True))
    repository = connection.repository(site.given)
    settings = load_settings(site.given, site.options, site.environment, site.emit)
    azure = azure_for(site, connection, repository, settings, number, stack=stack)
    return azure.job, looking(azure.site, azure.board, azure.pull_requests, azure.branches)


def _local(site: Site, file: Path) -> tuple[Job, Ports]:
    site = with_settings(site, load_settings(site.given, site.options, site.environment, site.emit))
    fields = site.settings.work_items.fields
    job = job_for(site, read_item(file, fields).id, repository=site.checkout.root.name, target="")
    noted: list[str] = []
    branches = CheckoutBranches(site.checkout, author(site.settings), noted.append, site.folder.secrets)
    return job, looking(site, FileBoard(file, site.folder, fields), FolderPullRequests(site.folder), branches)


def _say_nothing(_event: Event) -> None:
    """Drop what a run would tell its log: what it would send is all that is asked for."""
