"""The model of a run: a service or a recording, with retries and the account around it."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from redimento.azure.pipelines import in_pipeline
from redimento.context.tokens import estimate
from redimento.errors import UsageError
from redimento.events import Note
from redimento.models import access, network, prices, recorded, thinking
from redimento.models.access import Access
from redimento.models.metered import MeteredModel
from redimento.models.port import Model, Spent
from redimento.models.retrying import with_retries
from redimento.models.service import ServiceModel
from redimento.run_options import committed_name
from redimento.wiring.site import Site


def metered_model(site: Site) -> tuple[Model, Callable[[], Spent]]:
    """Return the model of a run, and what it has spent so far. Raises UsageError."""
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
    return model, lambda: metered.spent


def _no_wait(_seconds: float) -> None:
    """Replay recorded failures without waiting."""


def _open_model(site: Site) -> Model:
    settings = site.settings.model
    if settings.sdk == "recorded":
        return recorded.open_model(_recording(site))
    found, model = open_service(site)
    signed_in = "signed in as the job, without a key" if found.identity else "signed in with a key"
    site.emit(Note(f"The prompts go to {found.host} ({settings.name}), {signed_in}."))
    return model


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
