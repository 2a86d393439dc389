"""`redimento doctor`: would a run work here, with this identity, on this repository and area? Nothing is changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from redimento.adoption.finding import TOPICS, Finding, problem, unknown
from redimento.adoption.machine import examine_checkout, examine_checks, examine_machine
from redimento.adoption.model import examine_model
from redimento.adoption.organisation import examine_organisation
from redimento.azure.pipelines import in_pipeline, variable
from redimento.errors import RedimentoError, UsageError
from redimento.events import Event, Note
from redimento.repository.checkout import Checkout, open_checkout
from redimento.repository.tree import GitTree
from redimento.run_folder import RunFolder
from redimento.run_options import RunOptions, known_secrets, load_settings
from redimento.settings import Settings
from redimento.settings.projects import refuse_missing_folder
from redimento.text.redaction import Secrets
from redimento.wiring.organisation import azure_for, connected
from redimento.wiring.site import Site, with_settings
from redimento.work_items.trigger import VARIABLE, read_trigger

_SECONDS = 20.0  # for each question to Azure DevOps
_IN_A_PIPELINE = "Run `redimento doctor` as a step of the pipeline: only a job has its identity."


@dataclass(frozen=True)
class Question:
    """What to look at. `work_item` as in a run, None for none. `call_model`: pay for one short answer."""

    repo: Path
    config: Path | None = None
    work_item: str | None = None
    call_model: bool = False


def examine(question: Question, environment: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return everything that was found out, topic by topic, without any secret."""
    issued: list[str] = []
    secrets = replace(known_secrets(environment), issued=lambda: issued)
    found = sorted(_findings(question, environment, secrets, issued), key=lambda one: TOPICS.index(one.topic))
    return tuple(_clean(one, secrets) for one in found)


def _clean(finding: Finding, secrets: Secrets) -> Finding:
    texts = {name: secrets.clean(text) for name, text in vars(finding).items() if isinstance(text, str)}
    return replace(finding, **texts)  # type: ignore[arg-type]  # the names of topics and severities stay as they are


def _findings(
    question: Question, environment: Mapping[str, str], secrets: Secrets, issued: list[str]
) -> Iterator[Finding]:
    yield from examine_machine(environment)
    try:
        checkout = open_checkout(question.repo)
    except RedimentoError as error:
        yield problem("checkout", "checkout", error)
        return
    yield from examine_checkout(checkout, environment)
    options = RunOptions(question.work_item, None, None, question.repo, question.config, None, dry_run=True)
    settings, said = _settings(checkout, options, environment)
    yield said
    yield from examine_checks(settings.checks, checkout, environment)
    folder = RunFolder(Path(variable(environment, "AGENT_TEMPDIRECTORY") or checkout.root), secrets)
    site = Site(options, checkout, checkout, environment, folder, folder.path, _say_nothing, issued)
    site = with_settings(site, settings)
    yield from _organisation(site)
    yield from examine_model(site, datetime.now(UTC).date(), call=question.call_model)


def _settings(checkout: Checkout, options: RunOptions, environment: Mapping[str, str]) -> tuple[Settings, Finding]:
    """Return the settings of a run, the defaults where it could not read them."""
    notes: list[str] = []

    def note(event: Event) -> None:
        notes.extend([event.text] if isinstance(event, Note) else [])

    try:
        settings = load_settings(checkout, options, environment, note)
        refuse_missing_folder(settings, (entry.path for entry in GitTree(checkout, checkout.head).entries()))
    except RedimentoError as error:
        return Settings(), problem("settings", "file", error)
    return settings, Finding("settings", "file", "ok", " ".join(notes))


def _organisation(site: Site) -> Iterator[Finding]:
    item_id = 0
    if site.options.work_item is not None or variable(site.environment, VARIABLE):
        try:
            item_id = read_trigger(site.options.work_item, site.environment, None).item_id
        except UsageError as error:
            yield problem("work item", "number", error)
    with ExitStack() as stack:
        try:
            secrets = site.folder.secrets
            reached = connected(site.environment, secrets, dry_run=True, deadline_seconds=_SECONDS)
            connection = stack.enter_context(reached)
            repository = connection.repositories.own
            azure = azure_for(site, connection, repository, site.settings, item_id, stack=stack)
        except RedimentoError as error:
            if in_pipeline(site.environment):
                yield problem("azure devops", "job", error)
            else:
                yield unknown("azure devops", "job", "This is no job of Azure Pipelines.", _IN_A_PIPELINE)
            return
        yield from examine_organisation(connection, azure, item_id=item_id)


def _say_nothing(_event: Event) -> None:
    """Drop what a run would tell its log: the findings say it."""
