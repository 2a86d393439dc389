"""The model of a run: a service or a recording, with retries and the account around it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from redimento.azure.pipelines import in_pipeline, job_environment
from redimento.context.tokens import estimate
from redimento.errors import UsageError
from redimento.events import Note, Warned
from redimento.models import access, conversation, lifetimes, network, prices, recorded, thinking
from redimento.models.access import Access
from redimento.models.budgets import Budgets
from redimento.models.kept import KeptModel, store_of
from redimento.models.metered import MeteredModel
from redimento.models.port import Model, Spent
from redimento.models.quota import QuotaModel
from redimento.models.retrying import with_retries
from redimento.models.service import ServiceModel
from redimento.models.tiered import FlexModel
from redimento.run_options import committed_name
from redimento.store.port import Bucket
from redimento.text import wording
from redimento.wiring.playback import read_file
from redimento.wiring.site import Site, recorder
from redimento.wiring.store import share


def metered_model(site: Site) -> tuple[Model, Callable[[], Spent]]:
    """Return the model of a run, and what it has spent so far. Raises UsageError."""
    settings = site.settings.model
    recording = settings.sdk == "recorded"
    played = "model" in site.tape.plays
    replayed = recording or played
    began = site.tape.now("start").date()
    place, service = ("", _recorded(site)) if replayed else _open_service(site)
    metered = MeteredModel(
        inner=service if replayed else _within_quota(site, service, place),
        settings=settings,
        price=prices.price_of(settings),
        estimate=estimate,
        write=recorder(site.folder, recorded.CONVERSATION, site.emit),
        budgets=None if replayed else Budgets(site.store, settings, lambda: datetime.now(UTC)),
        secrets=site.folder.secrets,
        emit=site.emit,
        allowed=partial(site.tape.heard, "limit", "a call of the model"),
        today=lambda: began,
    )
    flex = settings.tier == "flex" and not recording
    # Metering is inside the retries: each attempt is billed, so each is checked against the limits.
    model: Model = with_retries(
        FlexModel(metered, site.emit) if flex else metered,
        # Enough for one call that times out and a second one.
        deadline_seconds=2 * settings.call_timeout_seconds,
        sleep=_no_wait if replayed else time.sleep,
    )
    # Whoever queues a run by hand wants another try, not the answers of the last one.
    again = in_pipeline(site.environment) and job_environment(site.environment).by_hand
    if settings.keep_answers_seconds and not replayed and not again:
        model = _kept(site, model, metered, place)
    if (earlier := site.options.resume) is not None:
        held = conversation.answered(read_file(earlier, recorded.CONVERSATION))
        known = store_of((asked, reply) for asked, kept, reply in held if kept or not played)
        model = KeptModel(model, known, (), float("inf"), 0, metered.book_kept, site.folder.secrets, _rounds(site))
    return model, lambda: metered.spent


def _within_quota(site: Site, service: Model, place: str) -> Model:
    settings, part = site.settings.model, share(site.environment)

    def bucket(what: str, per_minute: int | None) -> Bucket | None:
        return Bucket(f"quota {what} {place} {settings.name}", per_minute * part) if per_minute else None

    requests, tokens = bucket("requests", settings.requests_per_minute), bucket("tokens", settings.tokens_per_minute)
    return QuotaModel(service, site.store, requests, tokens, estimate, site.emit) if requests or tokens else service


def _kept(site: Site, model: Model, metered: MeteredModel, place: str) -> Model:
    settings = site.settings.model
    return KeptModel(
        model,
        site.store,
        asked=(place, settings.sdk, settings.name, settings.tier, wording.version("prompts")),
        seconds=settings.keep_answers_seconds,
        wait=settings.call_timeout_seconds,
        book=metered.book_kept,
        secrets=site.folder.secrets,
        rounds=_rounds(site),
    )


def _rounds(site: Site) -> Callable[[], int]:
    return lambda: site.tape.rounds


def _no_wait(_seconds: float) -> None:
    """Replay recorded failures without waiting."""


def _open_service(site: Site) -> tuple[str, Model]:
    """Return where the prompts go, and the model."""
    settings = site.settings.model
    found, model = open_service(site)
    signed_in = "signed in as the job, without a key" if found.identity else "signed in with a key"
    site.emit(Note(f"The prompts go to {found.host} ({settings.name}), {signed_in}."))
    if warning := lifetimes.warning(settings.name, datetime.now(UTC).date()):
        site.emit(Warned(f"{warning} Set model.name to another."))
    return f"{found.base_url} {found.project}", model


def open_service(site: Site) -> tuple[Access, ServiceModel]:
    """Return the way to the model and the model, without a request. Raises UsageError."""
    settings = site.settings.model
    # A file outside the checkout is the pipeline's own.
    committed = in_pipeline(site.environment) and committed_name(site.given, site.options) is not None
    sdk = access.find_sdk(settings, site.environment, committed=committed)
    found = access.find_access(settings, site.environment, committed=committed)
    thinking.refuse_impossible(settings, on=datetime.now(UTC).date())
    # Each SDK costs 0.3 s and 50 MB, so only the one in use is imported.
    certificates = network.certificates(site.environment)
    if sdk == "google-generativeai":
        from redimento.models import google_generativeai  # noqa: PLC0415  see above

        return found, google_generativeai.open_model(settings, found, certificates)
    from redimento.models import google_genai  # noqa: PLC0415  see above

    return found, google_genai.open_model(settings, found, certificates, site.issued)


def _recorded(site: Site) -> Model:
    earlier, settings = site.options.resume, site.settings.model
    if earlier is None or "model" not in site.tape.plays:
        return recorded.open_model(_recording(site))
    name = "recorded" if settings.sdk == "recorded" else settings.name
    return recorded.replay_model(earlier, read_file(earlier, recorded.CONVERSATION), name)


def _recording(site: Site) -> Path:
    recording = site.settings.model.recording
    if not recording:
        raise UsageError("model.sdk is `recorded`, but there is no recording.", "Set model.recording to a file.")
    path = (site.given.root / recording).resolve()
    if path.is_relative_to(site.folder.path.resolve()):
        raise UsageError(
            f"The recording {path} is in the folder that this run writes to.",
            "Copy it elsewhere, or choose another folder with --run-dir.",
        )
    return path
